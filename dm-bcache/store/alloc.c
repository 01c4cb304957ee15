// SPDX-License-Identifier: GPL-2.0
/*
 * The free list and the open buckets.
 *
 * One ring of free buckets serves all reserves: a class may take a bucket only
 * while more than its floor are there, which is the same as lists filled in the
 * order PRIO, BTREE, MOVE, NONE, but needs no moving between lists.
 *
 * A data bucket in time order: take() from the ring; open_bucket() makes it
 * DATA and pins it; dmbc_alloc_sectors() grants pieces of it, each with a pin of
 * its own; close_bucket() drops the open pin once nothing is left to grant. It
 * is then like any other DATA bucket, even if nothing of it is ever written.
 *
 * Lock: a->lock (any context: irqsave) for the ring and the open buckets;
 * buckets->lock is taken inside. The on_low callback runs without it.
 */
#include "store/alloc.h"

#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "lib/key.h"
#include "lib/port.h"

#define MAX_OPEN 16 /* per kind */
#define RING_SLACK 64 /* returned buckets beyond a full list */

struct open_bucket {
	__u64 bucket; /* 0: none; bucket 0 is the super block's */
	__u32 used; /* sectors granted */
	__u32 stream;
	__u64 last; /* a->clock when it was last granted from */
	__u8 gen;
};

struct dmbc_alloc {
	struct dmbc_buckets *bs;
	wait_queue_head_t wait; /* for free buckets */
	atomic_t waiters;
	bool failed;
	void (*on_low)(void *ctx);
	void *on_low_ctx;

	/* constant */
	__u32 floor[DMBC_NR_RESERVES]; /* a class leaves that many */
	__u32 size; /* buckets in a full list */
	__u32 low; /* below it a batch is worth while */
	__u32 nr_open[DMBC_NR_ALLOC_KINDS];

	spinlock_t lock;
	/* under lock */
	__u64 *ring;
	__u32 ring_size, head, nr;
	__u64 clock;
	__u32 opened[DMBC_NR_ALLOC_KINDS]; /* open buckets that exist */
	struct open_bucket open[DMBC_NR_ALLOC_KINDS][MAX_OPEN];
};

/* ---- create and destroy --------------------------------------------------------- */

/*
 * Sizes of the classes. Data gets enough that one batch of the refill, half of
 * it, is 32 times what writing the generations for it costs; but no more than
 * a sixteenth of the cache.
 */
static void size_lists(struct dmbc_alloc *a, const struct dmbc_geometry *g)
{
	__u64 n = g->nbuckets;
	__u32 prio = dmbc_geometry_prio_sets(g);
	__u32 btree = clamp_t(__u64, n / 128, 16, 256);
	__u32 move = clamp_t(__u64, n / 1024, 1, 255) + 1;
	__u32 data = clamp_t(__u64, max_t(__u64, n / 128, 64 * prio), 8, 65536);

	data = min_t(__u64, data, max_t(__u64, n / 16, 8));
	a->floor[DMBC_RESERVE_PRIO] = 0;
	a->floor[DMBC_RESERVE_BTREE] = prio;
	a->floor[DMBC_RESERVE_MOVE] = prio + btree;
	a->floor[DMBC_RESERVE_NONE] = prio + btree + move;
	a->size = prio + btree + move + data;
	a->low = a->size - data / 2;
	a->ring_size = a->size + prio + RING_SLACK;
	a->nr_open[DMBC_ALLOC_CLEAN] = clamp_t(__u64, n / 128, 2, MAX_OPEN);
	a->nr_open[DMBC_ALLOC_DIRTY] = a->nr_open[DMBC_ALLOC_CLEAN];
	a->nr_open[DMBC_ALLOC_MOVED] = 1;
}

struct dmbc_alloc *dmbc_alloc_create(struct dmbc_buckets *bs)
{
	struct dmbc_alloc *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return ERR_PTR(-ENOMEM);
	a->bs = bs;
	size_lists(a, bs->g);
	a->failed = true;
	spin_lock_init(&a->lock);
	init_waitqueue_head(&a->wait);
	atomic_set(&a->waiters, 0);
	a->ring = kvcalloc(a->ring_size, sizeof(*a->ring), GFP_KERNEL);
	if (!a->ring) {
		kfree(a);
		return ERR_PTR(-ENOMEM);
	}
	return a;
}

static void close_bucket(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, struct open_bucket *o)
{
	__u64 sector = dmbc_geometry_sector(a->bs->g, o->bucket);

	dmbc_bucket_unpin(a->bs, dmbc_ptr_make(sector, o->gen));
	o->bucket = 0;
	WRITE_ONCE(a->opened[kind], a->opened[kind] - 1);
}

void dmbc_alloc_destroy(struct dmbc_alloc *a)
{
	int kind;
	__u32 i;

	if (IS_ERR_OR_NULL(a))
		return;
	for (kind = 0; kind < DMBC_NR_ALLOC_KINDS; kind++)
		for (i = 0; i < a->nr_open[kind]; i++)
			if (a->open[kind][i].bucket)
				close_bucket(a, kind, &a->open[kind][i]);
	kvfree(a->ring);
	kfree(a);
}

/* ---- the ring of free buckets ------------------------------------------------------ */

static bool put(struct dmbc_alloc *a, __u64 bucket)
{
	__u32 at = a->head + a->nr;

	lockdep_assert_held(&a->lock);
	if (a->nr == a->ring_size)
		return false;
	a->ring[at < a->ring_size ? at : at - a->ring_size] = bucket;
	WRITE_ONCE(a->nr, a->nr + 1);
	return true;
}

/* A free bucket for @use, or 0. */
static __u64 take(struct dmbc_alloc *a, enum dmbc_reserve reserve)
{
	__u64 bucket;

	lockdep_assert_held(&a->lock);
	if (a->nr <= a->floor[reserve])
		return 0;
	bucket = a->ring[a->head];
	a->head = a->head + 1 < a->ring_size ? a->head + 1 : 0;
	WRITE_ONCE(a->nr, a->nr - 1);
	return bucket;
}

static void add(struct dmbc_alloc *a, __u64 bucket)
{
	unsigned long flags;
	bool listed;

	spin_lock_irqsave(&a->lock, flags);
	listed = put(a, bucket);
	dmbc_bucket_set_use(a->bs, bucket, listed ? DMBC_BUCKET_FREE : DMBC_BUCKET_UNUSED);
	spin_unlock_irqrestore(&a->lock, flags);
	wake_up_all(&a->wait);
}

static bool available(struct dmbc_alloc *a, enum dmbc_reserve reserve, __u32 n)
{
	return READ_ONCE(a->nr) >= a->floor[reserve] + n;
}

static void tell_if_low(struct dmbc_alloc *a)
{
	if (dmbc_alloc_is_low(a) && a->on_low)
		a->on_low(a->on_low_ctx);
}

/* ---- whole buckets for metadata ------------------------------------------------------ */

static __u64 take_metadata(struct dmbc_alloc *a, enum dmbc_reserve reserve)
{
	unsigned long flags;
	__u64 bucket, ptr = 0;
	__u8 gen;

	spin_lock_irqsave(&a->lock, flags);
	bucket = take(a, reserve);
	if (bucket) {
		gen = dmbc_bucket_set_use(a->bs, bucket, DMBC_BUCKET_METADATA);
		ptr = dmbc_ptr_make(dmbc_geometry_sector(a->bs->g, bucket), gen);
	}
	spin_unlock_irqrestore(&a->lock, flags);
	tell_if_low(a);
	return ptr;
}

int dmbc_alloc_bucket(struct dmbc_alloc *a, enum dmbc_reserve reserve, bool wait, __u64 *ptr)
{
	int r;

	for (;;) {
		*ptr = take_metadata(a, reserve);
		if (*ptr)
			return 0;
		if (!wait)
			return READ_ONCE(a->failed) ? -ENOSPC : -EAGAIN;
		r = dmbc_alloc_wait(a, reserve, 1);
		if (r)
			return r;
	}
}

void dmbc_alloc_return(struct dmbc_alloc *a, __u64 ptr)
{
	add(a, dmbc_geometry_bucket(a->bs->g, dmbc_ptr_sector(ptr)));
}

int dmbc_alloc_wait(struct dmbc_alloc *a, enum dmbc_reserve reserve, __u32 n)
{
	bool there;

	n = min(n, a->size - a->floor[reserve]);
	if (available(a, reserve, n))
		return 0;
	atomic_inc(&a->waiters);
	if (a->on_low)
		a->on_low(a->on_low_ctx);
	wait_event(a->wait, (there = available(a, reserve, n)) || READ_ONCE(a->failed));
	atomic_dec(&a->waiters);
	return there ? 0 : -ENOSPC;
}

/* ---- space for data -------------------------------------------------------------------- */

/* The stream's own open bucket, else a place where none is, else the least recently used one. */
static struct open_bucket *choose(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, __u32 stream)
{
	struct open_bucket *best = NULL, *o;

	for (o = a->open[kind]; o < a->open[kind] + a->nr_open[kind]; o++) {
		if (o->bucket && o->stream == stream)
			return o;
		if (!best || (best->bucket && (!o->bucket || o->last < best->last)))
			best = o;
	}
	return best;
}

/* The most recently used open bucket of @kind, when there is no free one to open. */
static struct open_bucket *any_open(struct dmbc_alloc *a, enum dmbc_alloc_kind kind)
{
	struct open_bucket *best = NULL, *o;

	for (o = a->open[kind]; o < a->open[kind] + a->nr_open[kind]; o++)
		if (o->bucket && (!best || o->last > best->last))
			best = o;
	return best;
}

static bool open_bucket(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, struct open_bucket *o)
{
	__u64 bucket = take(a, kind == DMBC_ALLOC_MOVED ? DMBC_RESERVE_MOVE : DMBC_RESERVE_NONE);
	struct dmbc_bucket *b;

	if (!bucket)
		return false;
	b = &a->bs->b[bucket];
	/* pinned before it is DATA, so that the refill never sees it idle */
	atomic_inc(&b->pins);
	dmbc_bucket_set_prio(a->bs, b, DMBC_PRIO_INITIAL);
	o->bucket = bucket;
	o->used = 0;
	o->gen = dmbc_bucket_set_use(a->bs, bucket, DMBC_BUCKET_DATA);
	WRITE_ONCE(a->opened[kind], a->opened[kind] + 1);
	return true;
}

static __u32 grant(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, struct open_bucket *o,
		   __u32 want, __u64 *ptr)
{
	const struct dmbc_geometry *g = a->bs->g;
	__u32 got = min(want, g->bucket_sectors - o->used);

	*ptr = dmbc_ptr_make(dmbc_geometry_sector(g, o->bucket) + o->used, o->gen);
	atomic_inc(&a->bs->b[o->bucket].pins);
	o->last = ++a->clock;
	/* the next piece starts on a block again; buckets are whole blocks */
	o->used += (got + g->block_sectors - 1) & ~(g->block_sectors - 1);
	if (o->used == g->bucket_sectors)
		close_bucket(a, kind, o);
	return got;
}

__u32 dmbc_alloc_sectors(struct dmbc_alloc *a, enum dmbc_alloc_kind kind, __u32 stream, __u32 want,
			 __u64 *ptr)
{
	struct open_bucket *o;
	unsigned long flags;
	__u32 got = 0;

	spin_lock_irqsave(&a->lock, flags);
	o = choose(a, kind, stream);
	if (!o->bucket && !open_bucket(a, kind, o))
		o = any_open(a, kind);
	if (o) {
		o->stream = stream;
		got = grant(a, kind, o, want, ptr);
	}
	spin_unlock_irqrestore(&a->lock, flags);
	tell_if_low(a);
	return got;
}

/* ---- for the refill --------------------------------------------------------------------- */

void dmbc_alloc_add_free(struct dmbc_alloc *a, __u64 bucket)
{
	add(a, bucket);
}

__u32 dmbc_alloc_size(struct dmbc_alloc *a)
{
	return a->size;
}

__u32 dmbc_alloc_wanted(struct dmbc_alloc *a)
{
	__u32 nr = READ_ONCE(a->nr);

	return nr < a->size ? a->size - nr : 0;
}

__u64 dmbc_alloc_free_count(struct dmbc_alloc *a)
{
	return READ_ONCE(a->nr);
}

bool dmbc_alloc_has_waiters(struct dmbc_alloc *a)
{
	return atomic_read(&a->waiters) > 0;
}

bool dmbc_alloc_is_low(struct dmbc_alloc *a)
{
	__u32 nr = READ_ONCE(a->nr);

	return nr < a->low || (nr < a->size && dmbc_alloc_has_waiters(a));
}

void dmbc_alloc_set_failed(struct dmbc_alloc *a, bool failed)
{
	WRITE_ONCE(a->failed, failed);
	wake_up_all(&a->wait);
}

void dmbc_alloc_on_low(struct dmbc_alloc *a, void (*fn)(void *ctx), void *ctx)
{
	a->on_low_ctx = ctx;
	a->on_low = fn;
}

__u32 dmbc_alloc_in_use_percent(struct dmbc_alloc *a)
{
	struct dmbc_buckets *bs = a->bs;
	__u64 used = dmbc_geometry_first_free(bs->g);

	/* open buckets for dirty data are dirty, but for the moment before their first key */
	used += READ_ONCE(bs->n.dirty_buckets) + READ_ONCE(bs->n.metadata);
	used += READ_ONCE(a->opened[DMBC_ALLOC_CLEAN]) + READ_ONCE(a->opened[DMBC_ALLOC_MOVED]);
	return dmbc_div_u64(used * 100, bs->g->nbuckets);
}
