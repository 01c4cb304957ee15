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

/* Exactly: true if there is memory to insert @k. */
bool dmbc_nodekeys_fits(const struct dmbc_nodekeys *n, const struct dmbc_key *k);
/* Interior: kills the live child that the freeing key names, in every run. */
void dmbc_nodekeys_kill_child(struct dmbc_nodekeys *n, const struct dmbc_key *freeing);

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
