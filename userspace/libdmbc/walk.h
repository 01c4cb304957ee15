/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk over all nodes of the index, from the root down and from left to right.
 *
 * What is wrong with a node goes to the findings, the keys that could be had to
 * the visitor. A node that is dead, damaged or seen before is not descended.
 * Memory: DMBC_READER_SLOTS + 3 nodes and, per level, the children of one.
 */
#ifndef DMBC_WALK_H
#define DMBC_WALK_H

#include "nodeload.h"
#include "set.h"

/* Positions behind (inode, pos) up to and with last's end. */
struct dmbc_span {
	__u32 inode;
	__u64 pos;
	struct dmbc_key last;
};

struct dmbc_walk_node {
	struct dmbc_key key; /* that names the node */
	unsigned int level;
	struct dmbc_span span;
	enum dmbc_node_state state;
	const void *image;
	const struct dmbc_nodeload *load;
};

struct dmbc_walk {
	struct dmbc_set *set;
	struct dmbc_findings *findings; /* NULL: nobody wants to know */
	/*
	 * Before the children are looked at. False: stop, with DMBC_IO and the
	 * visitor's own line in the error of dmbc_walk_run().
	 */
	bool (*visit)(void *ctx, const struct dmbc_walk_node *node);
	/* A child that cannot be read or used, or NULL. */
	void (*lost)(void *ctx, unsigned int level, const struct dmbc_span *span);
	void *ctx;
	__u64 nodes; /* visited */
	bool interior_only;
};

/* The set's journal and generations must have been read. */
enum dmbc_result dmbc_walk_run(struct dmbc_walk *w, struct dmbc_error *err);

/*
 * Of a leaf whose last set is torn: true if the journal has all keys of that set
 * that can be read and are of consequence.
 */
bool dmbc_walk_torn_is_journalled(const struct dmbc_set *set, const struct dmbc_walk_node *n);

static inline struct dmbc_range dmbc_walk_range(const struct dmbc_span *s)
{
	return (struct dmbc_range){ s->inode, dmbc_key_inode(&s->last), s->pos, s->last.low };
}

#endif
