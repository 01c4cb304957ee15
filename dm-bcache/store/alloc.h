/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free buckets and the space inside open ones.
 *
 * One list of free buckets, filled by refill.c, with a floor for each reserve
 * below which its callers may not dig: PRIO down to the last one, BTREE (splits
 * and the uuid bucket) leaves one chain of prio buckets, MOVE (moving gc) leaves
 * the btree's share too, NONE (data) all of these. So metadata can always be
 * written, and by it data space be won back.
 *
 * Data space comes from open buckets, a few per kind (clean, dirty, moved),
 * chosen by stream so that what is written together lies together.
 */
#ifndef DMBC_STORE_ALLOC_H
#define DMBC_STORE_ALLOC_H

#include <linux/types.h>

#include "store/bucket.h"

struct dmbc_alloc;

enum dmbc_reserve {
	DMBC_RESERVE_PRIO,
	DMBC_RESERVE_BTREE,
	DMBC_RESERVE_MOVE,
	DMBC_RESERVE_NONE,
	DMBC_NR_RESERVES
};

enum dmbc_alloc_kind { DMBC_ALLOC_CLEAN, DMBC_ALLOC_DIRTY, DMBC_ALLOC_MOVED, DMBC_NR_ALLOC_KINDS };

/* Sleeps; ERR_PTR(-ENOMEM). The list is empty and counts as failed until the refill starts. */
struct dmbc_alloc *dmbc_alloc_create(struct dmbc_buckets *bs);
void dmbc_alloc_destroy(struct dmbc_alloc *a);

/*
 * A whole bucket for metadata: use METADATA, one pointer word to its start in
 * *@ptr. @wait: sleep until the refill has one (never from the refill itself or
 * from journal reclaim); else -EAGAIN. -ENOSPC: waiting is pointless (refill
 * stopped or failed).
 */
int dmbc_alloc_bucket(struct dmbc_alloc *a, enum dmbc_reserve reserve, bool wait, __u64 *ptr);
/* Gives back a bucket that nothing on the medium names (its generation was durable when it was
 * taken and still is): no generation bump, free at once. */
void dmbc_alloc_return(struct dmbc_alloc *a, __u64 ptr);
/*
 * Waits until @n buckets can be taken for @reserve without waiting; others may
 * take them first all the same. 0, -ENOSPC. Sleeps.
 */
int dmbc_alloc_wait(struct dmbc_alloc *a, enum dmbc_reserve reserve, __u32 n);

/*
 * Space for up to @want sectors in one bucket for data; never sleeps (spinlock,
 * callable from map() and from completions: irqsave). Returns the sectors
 * granted, a multiple of the cache's block size unless @want is smaller than
 * the rest, 0 if none can be had now. *@ptr is the pointer word; the bucket is
 * pinned once for the caller, who unpins with dmbc_bucket_unpin() when the key
 * is in the index or the write was given up. @stream: hash of what the data
 * belongs to (origin and task or sequential stream).
 */
__u32 dmbc_alloc_sectors(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, __u32 stream, __u32 want,
			 __u64 *ptr);

/* ---- for the refill -------------------------------------------------------- */

void dmbc_alloc_add_free(struct dmbc_alloc *a, __u64 bucket); /* wakes waiters */
__u32 dmbc_alloc_size(struct dmbc_alloc *a); /* buckets in a full list */
__u32 dmbc_alloc_wanted(struct dmbc_alloc *a); /* buckets missing to a full list */
__u64 dmbc_alloc_free_count(struct dmbc_alloc *a);
/* Half of the data's share is gone, or somebody waits: worth a batch. */
bool dmbc_alloc_is_low(struct dmbc_alloc *a);
bool dmbc_alloc_has_waiters(struct dmbc_alloc *a);
/* The refill cannot go on: waiters get -ENOSPC until it is cleared. */
void dmbc_alloc_set_failed(struct dmbc_alloc *a, bool failed);
/* Called (any context, must only wake something) when dmbc_alloc_is_low() or somebody waits.
 * The refill's own; one at a time. */
void dmbc_alloc_on_low(struct dmbc_alloc *a, void (*fn)(void *ctx), void *ctx);

/* Percent of all buckets that hold dirty data, metadata, super block or journal, or are open for
 * clean data: bcache's "in use". Any context, takes no lock. */
__u32 dmbc_alloc_in_use_percent(struct dmbc_alloc *a);

#endif
