// SPDX-License-Identifier: GPL-2.0
/*
 * The bucket array and its counts.
 *
 * Owns struct dmbc_buckets. Every change of a bucket's use or sectors goes
 * through change_use() and change_sectors(), which move the totals along, so
 * the totals are exact whenever the lock is free.
 *
 * A bucket's life in time order:
 *   dmbc_buckets_init()          UNUSED
 *   dmbc_bucket_raise_gen(), dmbc_bucket_add_live(), dmbc_bucket_set_metadata()
 *                                start-up finds out what it holds
 *   dmbc_bucket_invalidate()     generation + 1, INVALIDATED (refill)
 *   dmbc_bucket_set_use()        FREE once that is durable, then DATA or
 *                                METADATA (alloc)
 *   dmbc_bucket_sub_live()       its data dies piece by piece, or
 *   dmbc_bucket_free_metadata()  it is given up: UNUSED
 *
 * Ages are 16-bit differences to a 16-bit epoch. So that a bucket untouched for
 * 65536 epochs does not look young again, each new epoch looks at a few stamps
 * and holds those beyond MAX_AGE there (keep_stamps()).
 */
#include "store/bucket.h"

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "lib/key.h"
#include "lib/port.h"

#define EPOCHS_PER_CACHE 1024
#define MAX_AGE 32767
/* All stamps are looked at within this many epochs; MAX_AGE plus it must stay below 65536. */
#define KEEP_EPOCHS 8192

int dmbc_buckets_init(struct dmbc_buckets *bs, const struct dmbc_geometry *g)
{
	__u64 reserved = dmbc_geometry_first_free(g), i;

	memset(bs, 0, sizeof(*bs));
	bs->b = kvcalloc(g->nbuckets, sizeof(*bs->b), GFP_KERNEL);
	if (!bs->b)
		return -ENOMEM;
	bs->g = g;
	spin_lock_init(&bs->lock);
	for (i = 0; i < reserved; i++)
		bs->b[i].use = DMBC_BUCKET_RESERVED;
	bs->n.unused = g->nbuckets - reserved;
	bs->epoch_sectors =
		max_t(__u64, g->nbuckets * g->bucket_sectors / EPOCHS_PER_CACHE, g->bucket_sectors);
	atomic64_set(&bs->io_sectors, 0);
	return 0;
}

void dmbc_buckets_exit(struct dmbc_buckets *bs)
{
	kvfree(bs->b);
	bs->b = NULL;
}

void dmbc_buckets_get_counts(struct dmbc_buckets *bs, struct dmbc_bucket_counts *n)
{
	unsigned long flags;

	spin_lock_irqsave(&bs->lock, flags);
	*n = bs->n;
	spin_unlock_irqrestore(&bs->lock, flags);
}

static struct dmbc_bucket *bucket_of(const struct dmbc_buckets *bs, __u64 ptr)
{
	return &bs->b[dmbc_geometry_bucket(bs->g, dmbc_ptr_sector(ptr))];
}

static __u64 *count_of(struct dmbc_buckets *bs, __u8 use)
{
	switch (use) {
	case DMBC_BUCKET_UNUSED: return &bs->n.unused;
	case DMBC_BUCKET_FREE: return &bs->n.free;
	case DMBC_BUCKET_DATA: return &bs->n.data;
	case DMBC_BUCKET_METADATA: return &bs->n.metadata;
	case DMBC_BUCKET_INVALIDATED: return &bs->n.invalidated;
	default: return NULL; /* reserved ones never change */
	}
}

static void change_use(struct dmbc_buckets *bs, struct dmbc_bucket *b, enum dmbc_bucket_use use)
{
	__u64 *from = count_of(bs, b->use), *to = count_of(bs, use);

	lockdep_assert_held(&bs->lock);
	if (WARN_ON_ONCE(!from || !to))
		return;
	--*from;
	++*to;
	WRITE_ONCE(b->use, use);
}

static void change_sectors(struct dmbc_buckets *bs, struct dmbc_bucket *b, __u32 live, __u32 dirty)
{
	lockdep_assert_held(&bs->lock);
	bs->n.live_sectors += (__u64)live - b->live;
	bs->n.dirty_sectors += (__u64)dirty - b->dirty;
	bs->n.dirty_buckets += (dirty > 0) - (b->dirty > 0);
	WRITE_ONCE(b->live, live);
	WRITE_ONCE(b->dirty, dirty);
}

/* ---- pins ------------------------------------------------------------------ */

bool dmbc_bucket_pin(struct dmbc_buckets *bs, __u64 ptr)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);

	atomic_inc(&b->pins);
	smp_mb__after_atomic(); /* pairs with the barrier in dmbc_bucket_invalidate() */
	if (READ_ONCE(b->gen) == dmbc_ptr_gen(ptr))
		return true;
	atomic_dec(&b->pins);
	return false;
}

void dmbc_bucket_unpin(struct dmbc_buckets *bs, __u64 ptr)
{
	smp_mb__before_atomic(); /* what was done under the pin is done */
	atomic_dec(&bucket_of(bs, ptr)->pins);
}

/* ---- age ------------------------------------------------------------------- */

static __u16 raw_age(const struct dmbc_buckets *bs, const struct dmbc_bucket *b)
{
	return READ_ONCE(bs->epoch) - READ_ONCE(b->stamp);
}

static void keep_stamps(struct dmbc_buckets *bs)
{
	__u64 nr = bs->g->nbuckets / KEEP_EPOCHS + 1, i = READ_ONCE(bs->age_hand);

	for (; nr; nr--) {
		struct dmbc_bucket *b = &bs->b[i];

		if (raw_age(bs, b) > MAX_AGE)
			WRITE_ONCE(b->stamp, READ_ONCE(bs->epoch) - MAX_AGE);
		if (++i == bs->g->nbuckets)
			i = 0;
	}
	WRITE_ONCE(bs->age_hand, i);
}

void dmbc_bucket_touch(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);
	__u16 epoch = READ_ONCE(bs->epoch);

	if (READ_ONCE(b->stamp) != epoch)
		WRITE_ONCE(b->stamp, epoch);
	if ((__u64)atomic64_add_return(sectors, &bs->io_sectors) < bs->epoch_sectors)
		return;
	/* of several that come here together, the first ends the epoch */
	if ((__u64)atomic64_xchg(&bs->io_sectors, 0) < bs->epoch_sectors)
		return;
	WRITE_ONCE(bs->epoch, READ_ONCE(bs->epoch) + 1);
	keep_stamps(bs);
}

__u16 dmbc_bucket_age(const struct dmbc_buckets *bs, const struct dmbc_bucket *b)
{
	return min_t(__u16, raw_age(bs, b), MAX_AGE);
}

__u16 dmbc_bucket_prio(const struct dmbc_buckets *bs, const struct dmbc_bucket *b)
{
	return DMBC_PRIO_INITIAL - dmbc_bucket_age(bs, b);
}

void dmbc_bucket_set_prio(struct dmbc_buckets *bs, struct dmbc_bucket *b, __u16 prio)
{
	__u16 age = prio >= DMBC_PRIO_INITIAL ? 0 : min(DMBC_PRIO_INITIAL - prio, MAX_AGE);

	WRITE_ONCE(b->stamp, READ_ONCE(bs->epoch) - age);
}

/* ---- index accounting -------------------------------------------------------- */

void dmbc_bucket_add_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);
	unsigned long flags;

	spin_lock_irqsave(&bs->lock, flags);
	if (b->gen == dmbc_ptr_gen(ptr)) {
		if (b->use == DMBC_BUCKET_UNUSED)
			change_use(bs, b, DMBC_BUCKET_DATA);
		if (b->use == DMBC_BUCKET_DATA)
			change_sectors(bs, b, b->live + sectors, b->dirty + (dirty ? sectors : 0));
	}
	spin_unlock_irqrestore(&bs->lock, flags);
}

void dmbc_bucket_sub_live(struct dmbc_buckets *bs, __u64 ptr, __u32 sectors, bool dirty)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);
	unsigned long flags;

	spin_lock_irqsave(&bs->lock, flags);
	if (b->gen == dmbc_ptr_gen(ptr) && b->use == DMBC_BUCKET_DATA) {
		__u32 clean = dirty ? 0 : sectors, gone = sectors - clean;

		/* more than was ever added: keep the totals sane, and the bucket from reuse */
		if (!WARN_ON_ONCE(b->dirty < gone || b->live - b->dirty < clean))
			change_sectors(bs, b, b->live - sectors, b->dirty - gone);
	}
	spin_unlock_irqrestore(&bs->lock, flags);
}

/* ---- generations and use ------------------------------------------------------- */

int dmbc_bucket_gen_span(const struct dmbc_bucket *b)
{
	return dmbc_gen_ahead(READ_ONCE(b->gen), READ_ONCE(b->oldest));
}

bool dmbc_bucket_stale(const struct dmbc_buckets *bs, __u64 ptr)
{
	return READ_ONCE(bucket_of(bs, ptr)->gen) != dmbc_ptr_gen(ptr);
}

bool dmbc_bucket_gone(struct dmbc_buckets *bs, __u64 ptr)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);
	unsigned long flags;
	int behind;
	bool bumped;

	spin_lock_irqsave(&bs->lock, flags);
	behind = dmbc_gen_ahead(b->gen, dmbc_ptr_gen(ptr));
	bumped = b->use == DMBC_BUCKET_INVALIDATED;
	spin_unlock_irqrestore(&bs->lock, flags);
	return behind && !(behind == 1 && bumped);
}

int dmbc_bucket_raise_gen(struct dmbc_buckets *bs, __u64 ptr)
{
	struct dmbc_bucket *b = bucket_of(bs, ptr);
	__u8 gen = dmbc_ptr_gen(ptr);
	unsigned long flags;
	int behind;

	spin_lock_irqsave(&bs->lock, flags);
	behind = dmbc_gen_ahead(b->gen, gen);
	if (behind < 0) {
		WRITE_ONCE(b->gen, gen);
		b->raised -= behind;
		behind = 0;
		change_sectors(bs, b, 0, 0);
		if (b->use == DMBC_BUCKET_DATA)
			change_use(bs, b, DMBC_BUCKET_UNUSED);
	}
	if (dmbc_gen_ahead(b->oldest, gen) > 0)
		b->oldest = gen;
	spin_unlock_irqrestore(&bs->lock, flags);
	return behind;
}

bool dmbc_bucket_overtaken(const struct dmbc_buckets *bs, __u64 ptr)
{
	const struct dmbc_bucket *b = bucket_of(bs, ptr);
	int behind = dmbc_gen_ahead(b->gen, dmbc_ptr_gen(ptr));

	return behind > 0 && behind <= b->raised;
}

void dmbc_bucket_set_metadata(struct dmbc_buckets *bs, __u64 bucket)
{
	if (bs->b[bucket].use != DMBC_BUCKET_RESERVED)
		dmbc_bucket_set_use(bs, bucket, DMBC_BUCKET_METADATA);
}

/* One generation on, which turns every pointer stale: nothing in it is live any more. */
static void bump(struct dmbc_buckets *bs, struct dmbc_bucket *b, enum dmbc_bucket_use use)
{
	change_sectors(bs, b, 0, 0);
	change_use(bs, b, use);
	b->move = 0;
	WRITE_ONCE(b->gen, b->gen + 1);
}

void dmbc_bucket_free_metadata(struct dmbc_buckets *bs, __u64 bucket)
{
	struct dmbc_bucket *b = &bs->b[bucket];
	unsigned long flags;

	spin_lock_irqsave(&bs->lock, flags);
	if (!WARN_ON_ONCE(b->use != DMBC_BUCKET_METADATA))
		bump(bs, b, DMBC_BUCKET_UNUSED);
	spin_unlock_irqrestore(&bs->lock, flags);
}

static bool may_invalidate(const struct dmbc_bucket *b)
{
	if (b->use != DMBC_BUCKET_UNUSED && b->use != DMBC_BUCKET_DATA)
		return false;
	if (b->dirty || atomic_read(&b->pins))
		return false;
	return dmbc_bucket_gen_span(b) < DMBC_BUCKET_MAX_SPAN;
}

bool dmbc_bucket_invalidate(struct dmbc_buckets *bs, __u64 bucket)
{
	struct dmbc_bucket *b = &bs->b[bucket];
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&bs->lock, flags);
	done = may_invalidate(b);
	if (done)
		bump(bs, b, DMBC_BUCKET_INVALIDATED);
	spin_unlock_irqrestore(&bs->lock, flags);
	smp_mb(); /* the new generation is seen before the pins are looked at again */
	return done;
}

__u8 dmbc_bucket_set_use(struct dmbc_buckets *bs, __u64 bucket, enum dmbc_bucket_use use)
{
	struct dmbc_bucket *b = &bs->b[bucket];
	unsigned long flags;
	__u8 gen;

	spin_lock_irqsave(&bs->lock, flags);
	change_sectors(bs, b, 0, 0);
	change_use(bs, b, use);
	gen = b->gen;
	spin_unlock_irqrestore(&bs->lock, flags);
	return gen;
}
