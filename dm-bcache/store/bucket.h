/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bucket array: generation, use, exact counts of live and dirty sectors,
 * access age and pins of every bucket.
 *
 * Counts are kept up to date by every insert and trim of the index, so no mark
 * phase is needed to know what can be reused. `lock` (innermost spinlock,
 * process and completion context: irqsave) protects everything but pins and
 * stamp. Pins are atomic and taken without a lock from map():
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
	__u16 stamp; /* access epoch, see dmbc_buckets_touch(); racy by design */
	__u8 gen;
	__u8 oldest; /* oldest generation that a pointer in the tree may have */
	__u8 use; /* enum dmbc_bucket_use */
	__u8 move; /* chosen by moving gc */
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
	__u16 epoch; /* moves on every 1/1024 of the cache size in user I/O */
	atomic64_t io_sectors; /* until the next epoch */
	struct wait_queue_head *unpin_wait; /* unused unless set */
};

/* Sleeps. All buckets UNUSED, reserved ones RESERVED, generations 0. */
int dmbc_buckets_init(struct dmbc_buckets *bs, const struct dmbc_geometry *g);
void dmbc_buckets_exit(struct dmbc_buckets *bs);

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
/* Age in epochs, 0 = just used; and what bcache stores for it (1..32768). */
__u16 dmbc_bucket_age(const struct dmbc_buckets *bs, const struct dmbc_bucket *b);
__u16 dmbc_bucket_prio(const struct dmbc_buckets *bs, const struct dmbc_bucket *b);
void dmbc_bucket_set_prio(struct dmbc_buckets *bs, struct dmbc_bucket *b, __u16 prio);

/*
 * Index accounting: @sectors of a live leaf pointer @ptr appear or go away.
 * A stale @ptr changes nothing. DATA use is set on first appearance. Process
 * context.
 */
void dmbc_bucket_add_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty);
void dmbc_bucket_sub_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty);

/* Start-up: if @ptr's generation is ahead of the bucket's, the bucket's follows. Also keeps
 * `oldest` right. Returns how many generations @ptr is behind (stale if > 0). */
int dmbc_bucket_raise_gen(struct dmbc_buckets *bs, __u64 ptr);
/* Is the pointer behind its bucket's generation? Racy without pin; exact with lock held by caller's
 * exclusion. */
bool dmbc_bucket_stale(const struct dmbc_buckets *bs, __u64 ptr);

/* Marks a bucket as metadata (allocation does it by itself; start-up marks what it finds). */
void dmbc_bucket_set_metadata(struct dmbc_buckets *bs, __u64 bucket);
/*
 * A metadata bucket is dead: the caller has made durable that nothing names it
 * (format rule 3). Generation + 1, use UNUSED: the refill may take it.
 */
void dmbc_bucket_free_metadata(struct dmbc_buckets *bs, __u64 bucket);

/*
 * Takes a bucket out of use if it is UNUSED, or DATA that is clean and not
 * pinned, and its generation may still grow (at most 96 ahead of `oldest`,
 * format rule 5): generation + 1 (not for UNUSED ones that nothing points to
 * ... see alloc.c), live = 0, use INVALIDATED. False: not possible.
 */
bool dmbc_bucket_invalidate(struct dmbc_buckets *bs, __u64 bucket);

#endif
