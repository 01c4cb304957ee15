// SPDX-License-Identifier: GPL-2.0
/* libdmbc's lists of extents: laid one over another, they are what a map of sectors says. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../userspace/libdmbc/keys.h"

#include "lib/key.h"

#define INODES 2
#define SECTORS 96

static __u32 below(__u32 n)
{
	return (__u32)rand() % n;
}

/* Where each sector of the map lies; 0: nowhere, or a hole. */
static __u64 map[INODES][SECTORS];

static void insert(struct dmbc_keys *keys, __u32 inode, __u32 start, __u32 size)
{
	__u64 at = 16 * (1 + below(1000)), i;
	bool hole = !below(8);

	struct dmbc_key k =
		hole ? dmbc_key_make_hole(inode, start + size, size)
		     : dmbc_key_make(inode, start + size, size, below(2), dmbc_ptr_make(at, 3));

	for (i = 0; i < size; i++)
		map[inode][start + i] = hole ? 0 : at + i;
	assert_true(dmbc_keys_add(keys, &k));
}

/* Some keys as they come from a leaf, in order; some anywhere. */
static void fill(struct dmbc_keys *keys)
{
	__u32 rounds = below(6), inode, pos;

	while (rounds--) {
		if (below(2)) {
			inode = below(INODES);
			pos = below(SECTORS - 9);
			insert(keys, inode, pos, below(10));
			continue;
		}
		for (inode = 0; inode < INODES; inode++)
			for (pos = below(8); pos < SECTORS - 8; pos += 8 + below(12))
				insert(keys, inode, pos, 1 + below(8));
	}
}

static void check(const struct dmbc_keys *keys)
{
	__u64 seen[INODES][SECTORS] = { 0 }, end = 0, i;
	__u32 inode = 0;
	size_t n;

	for (n = 0; n < keys->nr; n++) {
		const struct dmbc_key *k = &keys->k[n];

		assert_true(dmbc_key_size(k) > 0);
		assert_true(dmbc_pos_cmp(inode, end, dmbc_key_inode(k), dmbc_key_start(k)) <= 0);
		inode = dmbc_key_inode(k);
		end = k->low;
		for (i = 0; i < dmbc_key_size(k) && dmbc_key_has_ptr(k); i++)
			seen[inode][dmbc_key_start(k) + i] = dmbc_ptr_sector(k->ptr) + i;
	}
	assert_memory_equal(seen, map, sizeof(map));
}

static void test_overlay(void **state)
{
	struct dmbc_keys keys = { NULL, 0, 0 };
	unsigned int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		memset(map, 0, sizeof(map));
		fill(&keys);
		assert_true(dmbc_keys_overlay(&keys));
		check(&keys);
		dmbc_keys_free(&keys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overlay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
