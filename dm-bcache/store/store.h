/* SPDX-License-Identifier: GPL-2.0 */
/* All that is kept on one SSD, and the order in which it comes up and goes down. */
#ifndef DMBC_STORE_STORE_H
#define DMBC_STORE_STORE_H

#include "compat/compat.h"
#include "store/bucket.h"
#include "store/journal.h"
#include "store/super.h"

struct dmbc_alloc;
struct dmbc_blockio;
struct dmbc_gens;
struct dmbc_index;
struct dmbc_nodes;
struct dmbc_refill;
struct dmbc_uuids;
struct dmbc_why;
struct workqueue_struct;

/* The pieces; the owner of the store uses them directly. */
struct dmbc_store {
	struct dmbc_blockio *io; /* the owner's, from before the start to behind the stop */
	struct workqueue_struct *wq; /* the owner's */
	struct dmbc_super super;
	struct dmbc_geometry g;
	struct dmbc_buckets buckets;
	struct dmbc_journal *journal;
	struct dmbc_alloc *alloc;
	struct dmbc_gens *gens;
	struct dmbc_refill *refill;
	struct dmbc_uuids *uuids;
	struct dmbc_nodes *nodes;
	struct dmbc_index *index;
	struct dmbc_shrinker shrinker; /* of nodes */

	unsigned int steps_up; /* how far the start got */
	bool fresh; /* never used before this start */
	struct dmbc_journal_found found; /* at the start; of a fresh set nothing */
};

/* What the pieces do not know themselves. */
struct dmbc_store_config {
	struct workqueue_struct *wq; /* of the journal and the nodes; flushed at the end */
	u64 node_memory; /* bytes */
	u32 journal_delay_ms;
	u8 first_gen; /* of all buckets of a fresh set */
	void *ctx; /* of the hooks */
	void (*error)(void *ctx, int error); /* metadata was not written: dmbc_journal_on_error() */
	bool (*is_settled)(void *ctx); /* both or none: dmbc_journal_on_settle() */
	void (*settle)(void *ctx);
	void (*freed)(void *ctx, u64 bucket); /* or NULL: dmbc_refill_on_free() */
};

/*
 * Initialises a fresh set, loads an existing one; store->io is open, all else is
 * filled in here. Sleeps, long. On failure all is down again, and the step that
 * failed and its reason are in @why.
 */
int dmbc_store_start(struct dmbc_store *store, const struct dmbc_store_config *c,
		     struct dmbc_why *why);
/*
 * Takes down what is up: nobody uses the store any more. Nodes are appended first,
 * so that the next start finds little to replay; a failed store gives that up. Sleeps.
 */
void dmbc_store_stop(struct dmbc_store *store);

#endif
