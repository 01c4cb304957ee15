// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the gc thread of a set. In time order: dmbc_gc_wake() or enough inserts;
 * run_pass() walks the leaves in steps and gives way to user I/O between them;
 * at its end the buckets' oldest generations are published and the refill is
 * kicked; then, if the option is on, sparse buckets are emptied (gc_move.c).
 */
#include "cache/gc.h"

#include <linux/device-mapper.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/gc_move.h"
#include "store/alloc.h"
#include "store/index.h"
#include "store/refill.h"

#define DM_MSG_PREFIX "bcache"

#define STEP_NODES 16 /* leaves between two looks at the foreground */
#define BUSY_PAUSE_MS 10 /* per step while users do I/O */
#define PASS_SHARE                                                                                 \
	1 /* of the cache: sectors inserted until the next pass; space does not wait for it */
#define RETRY_MS 1000 /* after a failed pass */

struct dmbc_gc {
	struct dmbc_set *set;
	struct task_struct *thread;
	wait_queue_head_t wait;
	bool wanted, running;
	u32 passes;
	struct dmbc_timing times; /* the thread's own */
	atomic64_t inserted; /* sectors since the last pass began */
	u64 limit; /* of them */
	int seen_requests; /* of all origins together */
};

void dmbc_gc_wake(struct dmbc_gc *gc)
{
	WRITE_ONCE(gc->wanted, true);
	wake_up(&gc->wait);
}

void dmbc_gc_inserted(struct dmbc_gc *gc, u32 sectors)
{
	if (atomic64_add_return(sectors, &gc->inserted) >= gc->limit && !READ_ONCE(gc->wanted))
		dmbc_gc_wake(gc);
}

bool dmbc_gc_running(const struct dmbc_gc *gc)
{
	return READ_ONCE(gc->running);
}

u32 dmbc_gc_passes(const struct dmbc_gc *gc)
{
	return READ_ONCE(gc->passes);
}

struct dmbc_timing dmbc_gc_times(const struct dmbc_gc *gc)
{
	return gc->times;
}

static bool should_stop(void)
{
	return kthread_should_stop();
}

static void nap(struct dmbc_gc *gc, unsigned int ms)
{
	wait_event_interruptible_timeout(gc->wait, kthread_should_stop(), msecs_to_jiffies(ms));
}

/* Has user I/O come since the last look? */
static bool foreground(struct dmbc_gc *gc)
{
	struct dmbc_set *set = gc->set;
	struct dmbc_origin *o;
	int requests = 0;
	bool busy;

	if (!mutex_trylock(&set->lock))
		return true;
	list_for_each_entry(o, &set->origins, link)
		requests += atomic_read(&o->requests);
	mutex_unlock(&set->lock);
	busy = requests != gc->seen_requests;
	gc->seen_requests = requests;
	return busy;
}

/* Whoever waits for buckets waits for us: then no pause. */
static void give_way(struct dmbc_gc *gc)
{
	if (foreground(gc) && !dmbc_alloc_has_waiters(gc->set->store.alloc))
		nap(gc, BUSY_PAUSE_MS);
	else
		cond_resched();
}

static int run_pass(struct dmbc_gc *gc)
{
	struct dmbc_index *ix = gc->set->store.index;
	struct dmbc_index_gc pass = {};
	int r = dmbc_index_gc_start(ix, &pass);

	if (r)
		return r;
	while (!r && !pass.done && !kthread_should_stop()) {
		r = dmbc_index_gc_step(ix, &pass, STEP_NODES);
		give_way(gc);
	}
	if (pass.done)
		WRITE_ONCE(gc->passes, gc->passes + 1);
	dmbc_index_gc_end(&pass);
	return r;
}

static int collect(struct dmbc_gc *gc)
{
	struct dmbc_set *set = gc->set;
	u64 began = ktime_get_ns();
	s64 r;

	WRITE_ONCE(gc->wanted, false);
	atomic64_set(&gc->inserted, 0);
	r = run_pass(gc);
	dmbc_timing_note(&gc->times, began, ktime_get_ns());
	dmbc_refill_kick(set->store.refill);
	if (r || !READ_ONCE(set->option[DMBC_OPT_COPY_GC]))
		return r;
	r = dmbc_gc_move(set, should_stop);
	if (r > 0)
		dmbc_refill_kick(set->store.refill);
	return min_t(s64, r, 0);
}

static bool may_run(struct dmbc_gc *gc)
{
	return READ_ONCE(gc->wanted) && READ_ONCE(gc->set->state) == DMBC_SET_RUNNING;
}

static int gc_thread(void *data)
{
	struct dmbc_gc *gc = data;
	int r;

	while (!kthread_should_stop()) {
		wait_event_interruptible(gc->wait, may_run(gc) || kthread_should_stop());
		if (kthread_should_stop())
			break;
		WRITE_ONCE(gc->running, true);
		r = collect(gc);
		WRITE_ONCE(gc->running, false);
		if (r && !kthread_should_stop()) {
			DMWARN_LIMIT("SSD %s: gc: error %d", gc->set->name, r);
			nap(gc, RETRY_MS);
		}
	}
	return 0;
}

int dmbc_gc_start(struct dmbc_set *set)
{
	struct dmbc_gc *gc = kzalloc(sizeof(*gc), GFP_KERNEL);

	if (!gc)
		return -ENOMEM;
	gc->set = set;
	gc->limit = div_u64(set->store.g.nbuckets * set->store.g.bucket_sectors, PASS_SHARE);
	atomic64_set(&gc->inserted, 0);
	init_waitqueue_head(&gc->wait);
	gc->thread = kthread_run(gc_thread, gc, "dmbc_gc");
	if (IS_ERR(gc->thread)) {
		kfree(gc);
		return -ENOMEM;
	}
	set->gc = gc;
	return 0;
}

void dmbc_gc_stop(struct dmbc_set *set)
{
	kthread_stop(set->gc->thread);
	kfree(set->gc);
	set->gc = NULL;
}
