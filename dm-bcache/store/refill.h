/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The refill thread: turns buckets that can be had into free ones.
 *
 * In time order, in batches, from the moment the list is low until it is full:
 *   1. pick victims: UNUSED first, then clean DATA by policy (oldest, first in
 *      first out, random), and dmbc_bucket_invalidate() each;
 *   2. dmbc_gens_write(): new generations durable, named by a journal entry;
 *   3. those whose pins are 0 go to the free list, the others wait for the next batch.
 */
#ifndef DMBC_STORE_REFILL_H
#define DMBC_STORE_REFILL_H

#include <linux/types.h>

#include "store/alloc.h"

struct dmbc_gens;
struct dmbc_refill;

struct dmbc_refill *dmbc_refill_create(struct dmbc_alloc *a, struct dmbc_buckets *bs,
				       struct dmbc_gens *gens, enum dmbc_replacement policy);
/* Stops the thread and frees. */
void dmbc_refill_destroy(struct dmbc_refill *r);
/*
 * Fills the list with what is unused and starts the thread; 0 or -ENOMEM. What the
 * medium names, tree and journal, is marked: a replay finds buckets, and needs no
 * journal entry for them.
 */
int dmbc_refill_start(struct dmbc_refill *r);
/* Waits for the batch under way; from here on waiters for buckets get -ENOSPC. */
void dmbc_refill_stop(struct dmbc_refill *r);
/*
 * Fills the list with unused buckets without a generation write. Only where
 * nothing on the medium names them with their present generation: in an empty
 * set, and in one whose tree and journal are marked and not changed yet.
 */
void dmbc_refill_seed(struct dmbc_refill *r);
void dmbc_refill_set_policy(struct dmbc_refill *r, enum dmbc_replacement policy);
/* Called when no victim can be found, or generations are near their limit: gc should run. Must only
 * wake. */
void dmbc_refill_on_want_gc(struct dmbc_refill *r, void (*fn)(void *ctx), void *ctx);
/* Called by the thread, may sleep: nothing names the bucket any more, it is about to be free. */
void dmbc_refill_on_free(struct dmbc_refill *r, void (*fn)(void *ctx, __u64 bucket), void *ctx);
/* Called by whoever made buckets reclaimable (clean marks, gc): look again. */
void dmbc_refill_kick(struct dmbc_refill *r);

#endif
