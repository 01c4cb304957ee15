/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sorted run of keys in memory, searched through a small index.
 *
 * Keys are ordered by dmbc_key_cmp; extents of one run do not overlap. A dead
 * key has size 0 and keeps its place in the order. The index ("tree") is a
 * sorted array with one word per DMBC_BSET_STRIDE keys; it is built when a run
 * stops growing and never changes with trims, which keep the order. Without it
 * (tree == NULL) the keys themselves are halved.
 */
#ifndef DMBC_LIB_BSET_H
#define DMBC_LIB_BSET_H

#include "lib/key.h"

#define DMBC_BSET_STRIDE 8 /* keys: three cache lines */

/* The last key of a group: inode above the lowest 44 bits of its end; see bset.c. */
struct dmbc_bset_tree_entry {
	__u64 packed;
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
