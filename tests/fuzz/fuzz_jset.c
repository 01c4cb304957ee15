// SPDX-License-Identifier: GPL-2.0
/* The journal entry verifier; the keys of an accepted entry are taken off. */
#include "lib_mutate.h"

static size_t seed_input(__u8 *buf)
{
	struct dmbc_geometry g = fixture_geometry();
	struct dmbc_key keys[40];
	__u32 i;

	for (i = 0; i < 40; i++)
		keys[i] = i % 3 ? dmbc_key_make(i / 8, 1000 + 8 * i, 8, i % 2,
						dmbc_ptr_make(640 + 64 * i, i))
				: dmbc_key_make_hole(i / 8, 1000 + 8 * i, 8);
	fixture_jset(&g, (struct dmbc_disk_jset *)buf, keys, 40);
	return 2048;
}

static void repair_input(__u8 *buf, size_t bytes)
{
	struct dmbc_geometry g = fixture_geometry();
	struct dmbc_disk_jset *j = (void *)buf;

	if (bytes < sizeof(*j))
		return;
	j->magic = __cpu_to_le64(g.set_magic ^ DMBC_JSET_MAGIC);
	if (__le32_to_cpu(j->keys) <= (bytes - sizeof(*j)) / 8)
		fixture_seal_jset(j);
}

static bool run_input(const __u8 *buf, size_t bytes)
{
	struct dmbc_geometry g = fixture_geometry();
	const struct dmbc_disk_jset *j = (const void *)buf;
	__u32 used = 0, at, words;
	struct dmbc_why why;
	struct dmbc_key k;

	if (dmbc_verify_jset(&g, buf, bytes, &used, &why))
		return false;
	words = __le32_to_cpu(j->keys);
	if (!used || used > bytes || used % 512 || sizeof(*j) + 8ULL * words > used)
		abort();
	for (at = 0; at < words;) {
		__u32 n = dmbc_verify_unpack_key(&j->d[at], words - at, &k);

		if (!n || dmbc_verify_leaf_key(&g, &k, NULL))
			abort();
		at += n;
	}
	return true;
}
