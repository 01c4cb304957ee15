// SPDX-License-Identifier: GPL-2.0
/*
 * The refill thread.
 *
 * Owns the buckets between their invalidation and the free list: pending[],
 * the durable ones first. Nothing it waits for waits for it: generations go to
 * buckets of RESERVE_PRIO, which only it takes, and the journal entry that names
 * them holds no keys.
 *
 * Steps of run_batch() in time order: promote() what readers have let go;
 * ensure_prio(); dmbc_refill_pick(); dmbc_gens_write(); promote().
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "store/gens.h"
#include "store/refill_internal.h"

#define PIN_WAIT_MS 10 /* until pins are looked at again */
#define VICTIM_WAIT_MS 100 /* until victims are looked for again */

/* What run_batch() found. */
enum outcome {
	PROGRESS,
	ONLY_PINNED, /* nothing new; some wait for their pins or for company */
	NO_VICTIMS,
	FAILED,
};

static void on_low(void *ctx)
{
	struct dmbc_refill *r = ctx;

	wake_up(&r->wait);
}

struct dmbc_refill *dmbc_refill_create(struct dmbc_alloc *a, struct dmbc_buckets *bs,
				       struct dmbc_gens *gens, enum dmbc_replacement policy)
{
	struct dmbc_refill *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->a = a;
	r->bs = bs;
	r->gens = gens;
	r->policy = policy;
	r->hand = dmbc_geometry_first_free(bs->g);
	r->unused_hand = r->hand;
	r->random = get_random_u32() | 1;
	init_waitqueue_head(&r->wait);
	r->max_pending = dmbc_alloc_size(a) + dmbc_geometry_prio_sets(bs->g);
	r->pending = kvcalloc(r->max_pending, sizeof(*r->pending), GFP_KERNEL);
	if (!r->pending) {
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	dmbc_alloc_on_low(a, on_low, r);
	return r;
}

void dmbc_refill_destroy(struct dmbc_refill *r)
{
	if (IS_ERR_OR_NULL(r))
		return;
	dmbc_refill_stop(r);
	dmbc_alloc_on_low(r->a, NULL, NULL);
	kvfree(r->pending);
	kfree(r);
}

void dmbc_refill_seed(struct dmbc_refill *r)
{
	__u64 bucket = dmbc_geometry_first_free(r->bs->g);

	for (; bucket < r->bs->g->nbuckets && dmbc_alloc_wanted(r->a); bucket++)
		if (r->bs->b[bucket].use == DMBC_BUCKET_UNUSED &&
		    !atomic_read(&r->bs->b[bucket].pins))
			dmbc_alloc_add_free(r->a, bucket);
}

/* ---- a batch ------------------------------------------------------------------ */

static void make_free(struct dmbc_refill *r, __u64 bucket)
{
	if (r->on_free)
		r->on_free(r->on_free_ctx, bucket);
	dmbc_alloc_add_free(r->a, bucket);
}

/* Buckets with durable generations that nobody reads any more become free. */
static void promote(struct dmbc_refill *r)
{
	__u32 i, kept = 0;

	for (i = 0; i < r->nr_pending; i++) {
		__u64 bucket = r->pending[i];

		if (i < r->nr_durable && !atomic_read(&r->bs->b[bucket].pins))
			make_free(r, bucket);
		else
			r->pending[kept++] = bucket;
	}
	r->nr_durable -= r->nr_pending - kept;
	r->nr_pending = kept;
}

/*
 * A start may find few UNUSED buckets, and a replay take them all; generations
 * need buckets to be written to. UNUSED ones will do at once: nothing on the medium
 * names them with their present generation, and the new one becomes durable by
 * the very write they serve. There are always
 * enough: at any power cut the free ones, or the chain being written, become such.
 */
static bool ensure_prio(struct dmbc_refill *r)
{
	__u32 need = dmbc_geometry_prio_sets(r->bs->g), before = r->nr_pending;
	__u64 have = dmbc_alloc_free_count(r->a);

	if (have >= need)
		return true;
	dmbc_refill_pick_unused(r, min_t(__u64, before + need - have, r->max_pending));
	while (r->nr_pending > before)
		dmbc_alloc_add_free(r->a, r->pending[--r->nr_pending]);
	return dmbc_alloc_free_count(r->a) >= need;
}

/*
 * When little can be had at a time (nearly all is dirty), a generation write
 * for each bucket would cost more than it brings: collect for a moment, unless
 * somebody waits.
 */
static bool too_few(struct dmbc_refill *r, __u32 target)
{
	if (dmbc_alloc_has_waiters(r->a) || r->nr_pending - r->nr_durable >= target / 4)
		return false;
	return time_before(jiffies, r->written + msecs_to_jiffies(VICTIM_WAIT_MS));
}

static enum outcome write_batch(struct dmbc_refill *r)
{
	int error = dmbc_gens_write(r->gens);

	if (error)
		return error == -ENOSPC ? NO_VICTIMS : FAILED;
	r->written = jiffies;
	r->nr_durable = r->nr_pending;
	promote(r);
	return PROGRESS;
}

static enum outcome run_batch(struct dmbc_refill *r)
{
	__u32 target;

	promote(r);
	target = min(dmbc_alloc_wanted(r->a), r->max_pending);
	r->near_limit = false;
	if (ensure_prio(r))
		dmbc_refill_pick(r, target);
	if (r->near_limit && r->want_gc)
		r->want_gc(r->want_gc_ctx);
	if (r->nr_pending == 0)
		return NO_VICTIMS;
	if (r->nr_pending == r->nr_durable || too_few(r, target))
		return ONLY_PINNED;
	return write_batch(r);
}

/* ---- the thread ----------------------------------------------------------------- */

static void rest(struct dmbc_refill *r, unsigned int ms)
{
	wait_event_idle_timeout(r->wait, r->kicked || kthread_should_stop(), msecs_to_jiffies(ms));
}

/*
 * Not during a replay, unless it waits: the journal may be full, and starts that
 * each lose power after one more entry would never come to an end.
 */
static bool is_due(const struct dmbc_refill *r)
{
	if (dmbc_gens_replaying(r->gens) && !dmbc_alloc_has_waiters(r->a))
		return false;
	return dmbc_alloc_is_low(r->a);
}

static int refill_thread(void *data)
{
	struct dmbc_refill *r = data;
	enum outcome outcome = PROGRESS;

	while (outcome != FAILED && !kthread_should_stop()) {
		wait_event_idle(r->wait, is_due(r) || kthread_should_stop());
		if (kthread_should_stop())
			break;
		WRITE_ONCE(r->kicked, false);
		outcome = run_batch(r);
		if (outcome == ONLY_PINNED)
			rest(r, PIN_WAIT_MS);
		if (outcome != NO_VICTIMS)
			continue;
		if (r->want_gc)
			r->want_gc(r->want_gc_ctx);
		rest(r, VICTIM_WAIT_MS);
	}
	if (outcome == FAILED)
		dmbc_alloc_set_failed(r->a, true);
	wait_event_idle(r->wait, kthread_should_stop());
	return 0;
}

int dmbc_refill_start(struct dmbc_refill *r)
{
	struct task_struct *thread;

	if (r->thread)
		return 0;
	r->written = jiffies - msecs_to_jiffies(VICTIM_WAIT_MS);
	dmbc_refill_seed(r);
	dmbc_alloc_set_failed(r->a, false);
	thread = kthread_run(refill_thread, r, "dmbc_refill");
	if (IS_ERR(thread)) {
		dmbc_alloc_set_failed(r->a, true);
		return -ENOMEM;
	}
	r->thread = thread;
	return 0;
}

void dmbc_refill_stop(struct dmbc_refill *r)
{
	if (!r->thread)
		return;
	kthread_stop(r->thread);
	r->thread = NULL;
	dmbc_alloc_set_failed(r->a, true);
}

void dmbc_refill_set_policy(struct dmbc_refill *r, enum dmbc_replacement policy)
{
	WRITE_ONCE(r->policy, policy);
}

void dmbc_refill_on_want_gc(struct dmbc_refill *r, void (*fn)(void *ctx), void *ctx)
{
	r->want_gc_ctx = ctx;
	r->want_gc = fn;
}

void dmbc_refill_on_free(struct dmbc_refill *r, void (*fn)(void *ctx, __u64 bucket), void *ctx)
{
	r->on_free_ctx = ctx;
	r->on_free = fn;
}

void dmbc_refill_kick(struct dmbc_refill *r)
{
	WRITE_ONCE(r->kicked, true);
	wake_up(&r->wait);
}
