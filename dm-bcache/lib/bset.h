/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sorted run of keys in memory, searched through a small tree.
 *
 * Keys are ordered by dmbc_key_cmp; extents of one run do not overlap. A dead
 * key has size 0 and keeps its place in the order. The tree is an array in
 * breadth-first (Eytzinger) order with one entry per DMBC_BSET_STRIDE keys; it
 * is built when a run stops growing and never changes with trims, which keep
 * the order. Without a tree (tree == NULL) search is a plain binary search.
 */
#ifndef DMBC_LIB_BSET_H
#define DMBC_LIB_BSET_H

#include "lib/key.h"

#define DMBC_BSET_STRIDE 8 /* keys: three cache lines */

struct dmbc_bset_tree_entry {
	__u64 low;
	__u32 inode;
	__u32 index; /* first key of the group whose last key this is */
};

struct dmbc_bset {
	struct dmbc_key *keys;
	__u32 nr;
	__u32 tree_nr;
	struct dmbc_bset_tree_entry *tree; /* memory belongs to the caller */
};

/* Entries the tree of a run of @nr keys needs (0: too small for a tree). */
__u32 dmbc_bset_tree_entries(__u32 nr);
/* Builds the tree in @mem, which has room for dmbc_bset_tree_entries(s->nr). */
void dmbc_bset_tree_build(struct dmbc_bset *s, struct dmbc_bset_tree_entry *mem);
/* Index of the first key whose (inode, low) is greater than the position; nr if none. */
__u32 dmbc_bset_search(const struct dmbc_bset *s, __u32 inode, __u64 pos);

#endif
