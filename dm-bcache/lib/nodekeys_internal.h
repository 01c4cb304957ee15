/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by nodekeys.c, nodekeys_pack.c and nodekeys_load.c only. */
#ifndef DMBC_LIB_NODEKEYS_INTERNAL_H
#define DMBC_LIB_NODEKEYS_INTERNAL_H

#include "lib/nodekeys.h"

static inline struct dmbc_bset *dmbc_nodekeys_open_run(struct dmbc_nodekeys *n)
{
	return &n->run[n->nr_runs - 1];
}

/* Records of all runs. */
static inline __u32 dmbc_nodekeys_used(const struct dmbc_nodekeys *n)
{
	const struct dmbc_bset *open = &n->run[n->nr_runs - 1];

	return open->keys - n->base + open->nr;
}

/* A key that holds something: a leaf's data or a child that may be followed. */
static inline bool dmbc_nodekeys_is_live(const struct dmbc_key *k)
{
	return dmbc_key_has_ptr(k) && dmbc_key_size(k) && !dmbc_key_is_zero(k);
}

/* True if the freeing key @freeing says that the node @child points to is dead. */
static inline bool dmbc_nodekeys_frees(const struct dmbc_key *freeing, const struct dmbc_key *child)
{
	return dmbc_nodekeys_is_live(child) &&
	       dmbc_ptr_sector(child->ptr) == dmbc_ptr_sector(freeing->ptr) &&
	       dmbc_gen_ahead(dmbc_ptr_gen(freeing->ptr), dmbc_ptr_gen(child->ptr)) > 0;
}

/* Exactly: true if there is memory to insert @k. */
bool dmbc_nodekeys_fits(const struct dmbc_nodekeys *n, const struct dmbc_key *k);

/* Memory to move keys through; any content. */
struct dmbc_nodekeys_spare {
	struct dmbc_key *keys;
	__u32 nr;
};

/*
 * Closes the open run and merges runs so that few remain. False if @spare was
 * too small for a merge; the node is then unusable.
 */
bool dmbc_nodekeys_close(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_spare *spare);
/* Merges all sealed runs into one. As above. */
bool dmbc_nodekeys_merge_all(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_spare *spare);

#endif
