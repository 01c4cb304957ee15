// SPDX-License-Identifier: GPL-2.0
/*
 * Search in one sorted run.
 *
 * The tree holds the last key of each group of DMBC_BSET_STRIDE keys, written
 * once by dmbc_bset_tree_build(). dmbc_bset_search() descends it without
 * branches to find the group, then halves the group with below().
 *
 * Trims after the build may lower a key's end but never under the end of the
 * key before it. An entry may thus be too high for its own key, and only for
 * that: the answer is in the group found, or the first key after it.
 */
#include "lib/bset.h"

#include "lib/port.h"

#define TREE_MIN_KEYS 32 /* below: halving alone is as fast */

__u32 dmbc_bset_tree_entries(__u32 nr)
{
	return nr < TREE_MIN_KEYS ? 0 : nr / DMBC_BSET_STRIDE;
}

/* Smallest node number of an in-order walk under @at (numbers start at 1). */
static __u32 leftmost(__u32 at, __u32 nr)
{
	while (2 * at <= nr)
		at = 2 * at;
	return at;
}

static __u32 in_order_next(__u32 at, __u32 nr)
{
	if (2 * at + 1 <= nr)
		return leftmost(2 * at + 1, nr);
	while (at & 1)
		at >>= 1;
	return at >> 1;
}

void dmbc_bset_tree_build(struct dmbc_bset *s, struct dmbc_bset_tree_entry *mem)
{
	__u32 group, at;

	s->tree_nr = dmbc_bset_tree_entries(s->nr);
	s->tree = s->tree_nr ? mem : NULL;
	at = leftmost(1, s->tree_nr);
	for (group = 0; group < s->tree_nr; group++) {
		const struct dmbc_key *last = &s->keys[(group + 1) * DMBC_BSET_STRIDE - 1];

		mem[at - 1].low = last->low;
		mem[at - 1].inode = dmbc_key_inode(last);
		mem[at - 1].index = group * DMBC_BSET_STRIDE;
		at = in_order_next(at, s->tree_nr);
	}
}

/* True if (key_inode, low) <= (inode, pos); no branch. */
static inline __u32 not_after(__u32 key_inode, __u64 low, __u32 inode, __u64 pos)
{
	return (__u32)(key_inode < inode) | ((__u32)(key_inode == inode) & (__u32)(low <= pos));
}

/* How many of @nr sorted keys are <= (inode, pos). */
static inline __u32 below(const struct dmbc_key *keys, __u32 nr, __u32 inode, __u64 pos)
{
	const struct dmbc_key *at = keys;

	if (!nr)
		return 0;
	while (nr > 1) {
		__u32 half = nr / 2;

		at += not_after(dmbc_key_inode(&at[half - 1]), at[half - 1].low, inode, pos) *
		      half;
		nr -= half;
	}
	return at - keys + not_after(dmbc_key_inode(at), at->low, inode, pos);
}

/* First key of the group in which the search goes on; *@nr: its keys. */
static inline __u32 find_group(const struct dmbc_bset *s, __u32 inode, __u64 pos, __u32 *nr)
{
	__u32 at = 1;

	while (at <= s->tree_nr) {
		const struct dmbc_bset_tree_entry *e = &s->tree[at - 1];

		at = 2 * at + not_after(e->inode, e->low, inode, pos);
	}
	/* back to where the descent last went left: the first entry after the position */
	at >>= __builtin_ctz(~at) + 1;
	if (at) {
		*nr = DMBC_BSET_STRIDE;
		return s->tree[at - 1].index;
	}
	*nr = s->nr - s->tree_nr * DMBC_BSET_STRIDE;
	return s->tree_nr * DMBC_BSET_STRIDE;
}

__u32 dmbc_bset_search(const struct dmbc_bset *s, __u32 inode, __u64 pos)
{
	__u32 nr = s->nr, first = 0;

	if (s->tree)
		first = find_group(s, inode, pos, &nr);
	return first + below(s->keys + first, nr, inode, pos);
}
