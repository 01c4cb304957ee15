// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the index in key order, a few leaves at a time, beside all
 * changes: nothing is locked from one call to the next, the scan only remembers
 * a position.
 */
#include <linux/err.h>

#include "store/index_internal.h"

#define LEAVES_PER_CALL 4

/* Does the key begin at or behind the scan's end? */
static bool beyond(const struct dmbc_index_scan *s, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->end_inode, s->end_pos) >= 0;
}

static void move_to(struct dmbc_index_scan *s, __u32 inode, __u64 pos)
{
	s->inode = inode;
	s->pos = pos;
	if (dmbc_pos_cmp(inode, pos, s->end_inode, s->end_pos) >= 0 ||
	    (inode == DMBC_KEY_MAX_INODE && pos == DMBC_KEY_MAX_OFFSET))
		s->done = true;
}

/* Copies from one locked leaf, moves the scan on; returns how many keys. */
static __u32 scan_leaf(struct dmbc_index *ix, struct dmbc_index_scan *s, struct dmbc_node *leaf,
		       struct dmbc_key *keys, __u32 max)
{
	struct dmbc_nodekeys_iter it;
	const struct dmbc_key *k;
	__u32 nr = 0;

	dmbc_nodekeys_iter_start(&it, &leaf->keys, s->inode, s->pos);
	while ((k = dmbc_nodekeys_iter_next(&it))) {
		if (!dmbc_index_live(ix, k))
			continue;
		if (beyond(s, k)) {
			s->done = true;
			return nr;
		}
		if (s->want && !s->want(s->ctx, k))
			continue;
		keys[nr++] = *k;
		if (nr == max) {
			move_to(s, dmbc_key_inode(k), k->low);
			return nr;
		}
	}
	move_to(s, dmbc_key_inode(&leaf->key), leaf->key.low);
	return nr;
}

int dmbc_index_scan(struct dmbc_index *ix, struct dmbc_index_scan *s, struct dmbc_key *keys,
		    __u32 max)
{
	unsigned int leaves;
	__u32 nr = 0;

	s->done = dmbc_pos_cmp(s->inode, s->pos, s->end_inode, s->end_pos) >= 0;
	for (leaves = 0; leaves < LEAVES_PER_CALL && nr < max && !s->done; leaves++) {
		struct dmbc_node *leaf = dmbc_index_leaf(ix, s->inode, s->pos, false);

		/* the scan has moved behind what it has copied: an error can wait */
		if (IS_ERR(leaf))
			return nr ? nr : PTR_ERR(leaf);
		nr += scan_leaf(ix, s, leaf, keys + nr, max - nr);
		dmbc_node_unlock_read(leaf);
	}
	dmbc_nodes_balance(ix->c.nodes);
	return nr;
}
