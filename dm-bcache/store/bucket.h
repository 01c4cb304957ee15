/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bucket array: generation, use, exact counts of live and dirty sectors,
 * access age and pins of every bucket.
 *
 * Counts are kept up to date by every insert and trim of the index, so no mark
 * phase is needed to know what can be reused. `lock` (innermost spinlock, taken
 * in any context: irqsave) protects everything but pins and stamp. Pins are atomic and taken without a lock from map():
 *
 *   reader:      pin; smp_mb; generation still the key's? else unpin: miss
 *   invalidator: generation + 1 (lock); smp_mb; the bucket is handed out again
 *                only when its pins are 0, long after
 *
 * so a bucket is never rewritten under a reader or under a writer whose key is
 * not in the index yet.
 */
#ifndef DMBC_STORE_BUCKET_H
#define DMBC_STORE_BUCKET_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "lib/geometry.h"

enum dmbc_bucket_use {
	DMBC_BUCKET_UNUSED, /* never used or emptied; must pass the refill before reuse */
	DMBC_BUCKET_FREE, /* on a free list: generation durable */
	DMBC_BUCKET_DATA,
	DMBC_BUCKET_METADATA, /* btree node, prio set, uuids */
	DMBC_BUCKET_RESERVED, /* super block, journal */
	DMBC_BUCKET_INVALIDATED, /* generation bumped, not durable yet */
};

struct dmbc_bucket {
	atomic_t pins;
	__u32 live; /* sectors that live keys of the current generation name */
	__u32 dirty; /* of those, dirty ones */
	__u16 stamp; /* access epoch, see dmbc_bucket_touch(); racy by design */
	__u8 gen;
	__u8 oldest; /* oldest generation that a pointer in the tree may have */
	__u8 use; /* enum dmbc_bucket_use */
	__u8 move; /* chosen by moving gc */
	__u8 raised; /* start-up: so many generations a pointer was ahead of the saved one */
};

struct dmbc_bucket_counts {
	__u64 unused, free, data, metadata, invalidated;
	__u64 dirty_buckets; /* data buckets with dirty > 0 */
	__u64 live_sectors, dirty_sectors;
};

struct dmbc_buckets {
	const struct dmbc_geometry *g;
	struct dmbc_bucket *b; /* nbuckets */
	spinlock_t lock;
	struct dmbc_bucket_counts n; /* under lock; O(1) source of statistics */
	__u16 epoch; /* moves on every 1/1024 of the cache size in user I/O; racy like stamp */
	__u64 epoch_sectors; /* user I/O per epoch */
	atomic64_t io_sectors; /* since the epoch began */
	__u64 age_hand; /* next bucket whose stamp is kept from wrapping */
};

/* Sleeps. All buckets UNUSED, reserved ones RESERVED, generations 0. */
int dmbc_buckets_init(struct dmbc_buckets *bs, const struct dmbc_geometry *g);
void dmbc_buckets_exit(struct dmbc_buckets *bs);
/* All counts at one moment. */
void dmbc_buckets_get_counts(struct dmbc_buckets *bs, struct dmbc_bucket_counts *n);

static inline struct dmbc_bucket *dmbc_bucket_at_sector(struct dmbc_buckets *bs, __u64 sector)
{
	return &bs->b[dmbc_geometry_bucket(bs->g, sector)];
}

/*
 * Any context, no lock. True: the bucket of pointer word @ptr is pinned and
 * @ptr is current. False: stale (nothing pinned).
 */
bool dmbc_bucket_pin(struct dmbc_buckets *bs, __u64 ptr);
void dmbc_bucket_unpin(struct dmbc_buckets *bs, __u64 ptr);

/* Any context: the bucket was used by user I/O of @sectors; keeps it young. */
void dmbc_bucket_touch(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors);
/* Age in epochs, 0 = just used, at most 32767; and what bcache stores for it (1..32768). */
__u16 dmbc_bucket_age(const struct dmbc_buckets *bs, const struct dmbc_bucket *b);
__u16 dmbc_bucket_prio(const struct dmbc_buckets *bs, const struct dmbc_bucket *b);
void dmbc_bucket_set_prio(struct dmbc_buckets *bs, struct dmbc_bucket *b, __u16 prio);

/*
 * Index accounting: @sectors of a live leaf pointer @ptr appear or go away.
 * A stale @ptr changes nothing, nor does one into a bucket that cannot hold
 * data (a damaged tree). An UNUSED bucket becomes DATA. A DATA bucket that is
 * empty again stays DATA until it is reclaimed. Any context.
 */
void dmbc_bucket_add_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty);
void dmbc_bucket_sub_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty);

/*
 * Start-up: if @ptr's generation is ahead of the bucket's, the bucket's follows
 * and what was counted for the older one is forgotten. Also keeps `oldest`
 * right. Returns how many generations @ptr is behind (stale if > 0).
 */
int dmbc_bucket_raise_gen(struct dmbc_buckets *bs, __u64 ptr);
/* Start-up: stale, but only because another pointer raised the generation. */
bool dmbc_bucket_overtaken(const struct dmbc_buckets *bs, __u64 ptr);
/* Is @ptr not of its bucket's generation? Exact only while the bucket is pinned or locked. */
bool dmbc_bucket_stale(const struct dmbc_buckets *bs, __u64 ptr);
/*
 * Stale for good: after a power cut now it would still be. A pointer into an
 * INVALIDATED bucket is not, as long as the new generation is only in memory.
 */
bool dmbc_bucket_gone(struct dmbc_buckets *bs, __u64 ptr);

/* Start-up: marks a bucket found to hold metadata (allocation does it by itself). Reserved ones
 * stay what they are. */
void dmbc_bucket_set_metadata(struct dmbc_buckets *bs, __u64 bucket);
/*
 * A metadata bucket is dead: the caller has made durable that nothing names it
 * (format rule 3). Generation + 1, use UNUSED: the refill may take it.
 */
void dmbc_bucket_free_metadata(struct dmbc_buckets *bs, __u64 bucket);

/* Generations that the bucket is ahead of the oldest pointer that the tree may hold. */
int dmbc_bucket_gen_span(const struct dmbc_bucket *b);
/* Where dmbc_bucket_invalidate() stops, and where gc is due (format rule 5). */
#define DMBC_BUCKET_MAX_SPAN 96
#define DMBC_BUCKET_GC_SPAN 80

/*
 * Takes a bucket out of use: UNUSED, or DATA without dirty sectors; not pinned;
 * less than DMBC_BUCKET_MAX_SPAN generations ahead of `oldest`. Always bumps the
 * generation by one; live = 0, use INVALIDATED. False: not possible now.
 */
bool dmbc_bucket_invalidate(struct dmbc_buckets *bs, __u64 bucket);

/*
 * For alloc and refill, which know that the step is allowed: changes the use of
 * a bucket that holds no live data. Returns its generation.
 */
__u8 dmbc_bucket_set_use(struct dmbc_buckets *bs, __u64 bucket, enum dmbc_bucket_use use);

#endif
