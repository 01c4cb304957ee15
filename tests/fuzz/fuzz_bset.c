// SPDX-License-Identifier: GPL-2.0
/*
 * A whole node: three sets, loaded as a leaf and as an interior node. What is
 * accepted must be consistent: no two live extents overlap, the order holds.
 */
#include "lib_mutate.h"

#include "lib/setmark.h"

#define PTR_WORD 0x77ULL
#define NODE_BYTES 8192

static size_t seed_input(__u8 *buf)
{
	struct dmbc_geometry g = fixture_geometry();
	const struct dmbc_setmark_node id = { 99, PTR_WORD };
	__le64 mark[DMBC_SETMARK_WORDS];
	struct dmbc_key keys[30];
	__u32 set, i, used = 0;

	for (set = 0; set < 3; set++) {
		for (i = 0; i < 30; i++)
			keys[i] = set && i % 5 == 0
					  ? dmbc_key_make_hole(1, 200 + 100 * i + 30 * set, 50)
					  : dmbc_key_make(1, 200 + 100 * i + 30 * set, 64, false,
							  dmbc_ptr_make((10ULL + i) << 6, set));
		dmbc_setmark_pack(mark, &id, set);
		if (set)
			keys[0] = (struct dmbc_key){ __le64_to_cpu(mark[0]), 0,
						     __le64_to_cpu(mark[2]) };
		used += fixture_bset(&g, buf + used, PTR_WORD, 99, keys, 30);
	}
	return NODE_BYTES;
}

static void repair_input(__u8 *buf, size_t bytes)
{
	struct dmbc_geometry g = fixture_geometry();
	__u64 at = 0;

	while (at + sizeof(struct dmbc_disk_bset) <= bytes) {
		struct dmbc_disk_bset *b = (void *)(buf + at);
		__u64 used = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);

		if (used > bytes - at || !b->seq)
			break;
		b->magic = __cpu_to_le64(g.set_magic ^ DMBC_BSET_MAGIC);
		fixture_seal_bset(b, b->version ? PTR_WORD : ~0ULL);
		at += (used + 511) & ~511ULL;
	}
}

static void check_node(const struct dmbc_nodekeys *n)
{
	struct dmbc_key before = { 0 };
	const struct dmbc_key *k;
	struct dmbc_nodekeys_iter it;
	struct dmbc_key found;
	__u64 end;

	dmbc_nodekeys_iter_start(&it, n, 0, 0);
	while ((k = dmbc_nodekeys_iter_next(&it))) {
		if (dmbc_key_cmp(&before, k) > 0)
			abort();
		if (n->leaf && dmbc_pos_cmp(dmbc_key_inode(&before), before.low, dmbc_key_inode(k),
					    dmbc_key_start(k)) > 0)
			abort();
		if (n->leaf && (!dmbc_nodekeys_lookup(n, dmbc_key_inode(k), dmbc_key_start(k),
						      ~0ULL, &found, &end) ||
				memcmp(&found, k, sizeof(found))))
			abort();
		before = *k;
	}
	if (!n->leaf)
		dmbc_nodekeys_child(n, 0, 0, &found);
}

static bool load(const __u8 *buf, __u32 bytes, bool leaf, bool torn)
{
	struct dmbc_nodekeys_image info = { .ptr_word = PTR_WORD, .journal_from = torn };
	__u32 capacity = bytes < 32 ? 0 : dmbc_nodekeys_capacity(bytes);
	struct dmbc_bset_tree_entry *tree = malloc((capacity + 1) * sizeof(*tree));
	struct dmbc_key *scratch = malloc((capacity + 1) * sizeof(*scratch));
	struct dmbc_geometry g = fixture_geometry();
	__u8 *node = malloc(bytes + 32);
	struct dmbc_nodekeys n;
	struct dmbc_why why;
	int r;

	memcpy(node, buf, bytes);
	dmbc_nodekeys_init(&n, (struct dmbc_key *)(node + 32), capacity, tree, leaf,
			   g.bucket_shift);
	r = dmbc_nodekeys_load(&n, &g, node, bytes, &info, scratch, &why);
	if (!r)
		check_node(&n);
	free(tree);
	free(scratch);
	free(node);
	return !r;
}

static bool run_input(const __u8 *buf, size_t bytes)
{
	bool leaf = load(buf, bytes, true, false);
	bool interior = load(buf, bytes, false, false);

	load(buf, bytes, true, true);
	return leaf || interior;
}
