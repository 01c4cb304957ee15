// SPDX-License-Identifier: GPL-2.0
/* Search in a run: all sizes, with and without a tree, before and after trims. */
#include "lib_fixture.h"

#include "lib/extent.h"

#define MAX 5000

static struct dmbc_key keys[MAX];
static struct dmbc_bset_tree_entry tree[MAX];

static __u32 plain_search(const struct dmbc_bset *s, __u32 inode, __u64 pos)
{
	__u32 i;

	for (i = 0; i < s->nr; i++)
		if (dmbc_pos_cmp(dmbc_key_inode(&s->keys[i]), s->keys[i].low, inode, pos) > 0)
			break;
	return i;
}

/* Extents of 1..8 sectors with gaps, over three inodes. */
static void fill(struct dmbc_bset *s, __u32 nr)
{
	__u32 i, inode = 1;
	__u64 at = 0;

	for (i = 0; i < nr; i++) {
		__u32 size = 1 + random_below(8);

		if (i == nr / 3 || i == nr / 2) {
			inode += 1 + random_below(5);
			at = 0;
		}
		at += random_below(4) + size;
		keys[i] = dmbc_key_make(inode, at, size, false, dmbc_ptr_make(4096 + i, 1));
	}
	memset(s, 0, sizeof(*s));
	s->keys = keys;
	s->nr = nr;
}

static void compare(const struct dmbc_bset *s)
{
	__u32 inode, pos, last = s->nr ? s->keys[s->nr - 1].low : 0;

	for (inode = 0; inode < 13; inode++)
		for (pos = 0; pos < last + 10; pos += 1 + random_below(1 + s->nr / 20))
			assert_int_equal(dmbc_bset_search(s, inode, pos),
					 plain_search(s, inode, pos));
}

/* Shortens and kills keys, as inserts do; the tree stays as it is. */
static void trim(const struct dmbc_bset *s)
{
	__u32 i;

	for (i = 0; i < s->nr; i++) {
		struct dmbc_key *k = &s->keys[i];
		__u64 start = dmbc_key_start(k);

		switch (random_below(4)) {
		case 0: dmbc_key_set_size(k, 0); break;
		case 1: dmbc_extent_cut_back(k, start + 1 + random_below(k->low - start)); break;
		case 2: dmbc_extent_cut_front(k, start + random_below(k->low - start)); break;
		}
	}
}

static void all_sizes(void **state)
{
	struct dmbc_bset s;
	__u32 nr;

	(void)state;
	for (nr = 0; nr < 1200; nr += nr < 300 ? 1 : 97) {
		fill(&s, nr);
		compare(&s);
		assert_true(dmbc_bset_tree_entries(nr) <= nr / DMBC_BSET_STRIDE);
		dmbc_bset_tree_build(&s, tree);
		compare(&s);
		trim(&s);
		compare(&s);
	}
}

static void extremes(void **state)
{
	struct dmbc_bset s;

	(void)state;
	fill(&s, MAX);
	keys[MAX - 1] = dmbc_key_make(DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET, 8, false, 0);
	dmbc_bset_tree_build(&s, tree);
	assert_int_equal(dmbc_bset_search(&s, DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET - 1),
			 MAX - 1);
	assert_int_equal(dmbc_bset_search(&s, DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET), MAX);
	assert_int_equal(dmbc_bset_search(&s, 0, 0), 0);
	assert_int_equal(dmbc_bset_search(&s, DMBC_KEY_MAX_INODE, 0), MAX - 1);
}

/* Ends beyond 2^44 do not fit the index's words. */
static void huge_offsets(void **state)
{
	static const __u64 starts[] = { 0, (1ULL << 44) - 4000, 1ULL << 44, 1ULL << 60 };
	struct dmbc_bset s;
	__u32 i, round;

	(void)state;
	fill(&s, 0);
	for (i = 0; i < 400; i++)
		keys[i] = dmbc_key_make(1 + i / 150, starts[i / 100] + 8 * i + 8, 8, false, 0);
	s.nr = 400;
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 20000; i++) {
			__u32 inode = random_below(5);
			__u64 pos = starts[random_below(4)] + random_below(8000);

			assert_int_equal(dmbc_bset_search(&s, inode, pos),
					 plain_search(&s, inode, pos));
		}
		dmbc_bset_tree_build(&s, tree);
	}
	assert_int_equal(dmbc_bset_search(&s, 3, (1ULL << 44) - 1),
			 plain_search(&s, 3, (1ULL << 44) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sizes),
		cmocka_unit_test(extremes),
		cmocka_unit_test(huge_offsets),
	};

	return cmocka_run_group_tests_name("bset", tests, NULL, NULL);
}
