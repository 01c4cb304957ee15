// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the writeback of one origin: one thread, copies by kcopyd.
 *
 * A turn goes once over the disk. For each key in time order: wait_for_rate();
 * copy_key() enters its range, so that no write goes to the origin there, looks
 * whether the index still says the same, and starts the copy; copied(). A batch
 * ends in finish_batch(): wait for its copies, flush the origin, and only then
 * turn the keys clean: where users have written meanwhile nothing is replaced.
 *
 * On a failed SSD a turn is a rescue: the same copies without changes of the
 * index; when one has gone through whole, the origin is let go.
 */
#include "cache/writeback.h"

#include <linux/device-mapper.h>
#include <linux/dm-io.h>
#include <linux/dm-kcopyd.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/detach.h"
#include "cache/errors.h"
#include "cache/event.h"
#include "cache/gc.h"
#include "cache/inflight.h"
#include "cache/inplace.h"
#include "cache/origin.h"
#include "cache/status.h"
#include "cache/writeback_rate.h"
#include "cache/writeback_scan.h"
#include "lib/extent.h"
#include "store/alloc.h"
#include "store/index.h"
#include "store/refill.h"

#define IN_FLIGHT 64
#define BATCH_KEYS 256
#define BATCH_SECTORS 16384
#define BATCH_TIME HZ
#define CLEAN_AFTER (5 * HZ) /* without dirty data until the super block says so */
#define EMPTY_TURN_PAUSE HZ /* after a turn in which nothing could be copied */
#define DISK_AWAKE (3 * HZ) /* after a user's request */
#define YIELD_TIME (HZ / 10) /* for reads of the disk, before each copy */
#define LAZY_PAUSE HZ /* between looks whether the disk is awake */
#define GC_PERCENT 50 /* in use, for gc_after_writeback */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000

#define DM_MSG_PREFIX "bcache"

struct copy {
	struct dmbc_writeback *wb;
	struct dmbc_key key; /* pinned */
	struct dmbc_range range; /* entered */
	struct dmbc_insert insert;
	bool read_failed, write_failed;
};

struct dmbc_writeback {
	struct dmbc_origin *origin;
	struct task_struct *thread; /* NULL while stopped */
	bool flushing; /* until nothing is dirty */
	struct dm_kcopyd_client *kcopyd;
	struct dmbc_writeback_rate rate;
	struct dmbc_writeback_scan scan;

	/* the batch; by the thread alone */
	struct copy *copies; /* BATCH_KEYS */
	struct dmbc_insert **ops;
	u32 nr, sectors;
	unsigned long began;
	atomic_t in_flight;

	/* the turn; by the thread alone */
	u32 copied_keys, left_keys; /* done; found but not done */
	u64 all_done, all_failed; /* keys of all turns: now clean; not, or changed meanwhile */
	u32 backoff_ms;
	bool draining; /* lazy policy: begun, and not through yet */
	bool gc_due; /* more than half was in use since the last gc */
};

/* ---- create and destroy ------------------------------------------------------------ */

int dmbc_writeback_create(struct dmbc_origin *o)
{
	struct dmbc_writeback *wb = kzalloc(sizeof(*wb), GFP_KERNEL);

	if (!wb)
		return -ENOMEM;
	o->writeback = wb;
	wb->origin = o;
	atomic_set(&wb->in_flight, 0);
	dmbc_writeback_rate_init(&wb->rate, o);
	wb->copies = kvcalloc(BATCH_KEYS, sizeof(*wb->copies), GFP_KERNEL);
	wb->ops = kcalloc(BATCH_KEYS, sizeof(*wb->ops), GFP_KERNEL);
	wb->kcopyd = dm_kcopyd_client_create(NULL);
	if (IS_ERR(wb->kcopyd))
		wb->kcopyd = NULL;
	if (!dmbc_writeback_scan_init(&wb->scan, o) && wb->copies && wb->ops && wb->kcopyd)
		return 0;
	dmbc_writeback_destroy(o);
	return -ENOMEM;
}

void dmbc_writeback_destroy(struct dmbc_origin *o)
{
	struct dmbc_writeback *wb = o->writeback;

	o->writeback = NULL;
	if (wb->kcopyd)
		dm_kcopyd_client_destroy(wb->kcopyd);
	dmbc_writeback_scan_exit(&wb->scan);
	kfree(wb->ops);
	kvfree(wb->copies);
	kfree(wb);
}

/* ---- what there is to do ------------------------------------------------------------- */

static u64 dirty_sectors(const struct dmbc_writeback *wb)
{
	const struct dmbc_origin *o = wb->origin;

	return dmbc_index_dirty_sectors(o->set->store.index, o->inode);
}

/* A detach is at work. */
static bool leaving(const struct dmbc_writeback *wb)
{
	return READ_ONCE(wb->origin->tie) == DMBC_TIE_LEAVING;
}

static bool set_failed(const struct dmbc_writeback *wb)
{
	return READ_ONCE(wb->origin->set->state) == DMBC_SET_FAILED;
}

static u64 option(const struct dmbc_writeback *wb, enum dmbc_option which)
{
	return READ_ONCE(wb->origin->option[which]);
}

/* The disk turns anyway. */
static bool disk_awake(const struct dmbc_origin *o)
{
	return atomic_read(&o->origin_reads) ||
	       time_before(jiffies, READ_ONCE(o->origin_used) + DISK_AWAKE);
}

/* Lazy policy: the high mark, or as much as new dirty data may take up. */
static bool much_dirty(const struct dmbc_writeback *wb)
{
	struct dmbc_set *set = wb->origin->set;
	u64 allowed = div_u64(set->store.g.nbuckets * set->store.g.bucket_sectors *
				      option(wb, DMBC_OPT_WRITEBACK_PERCENT),
			      100);

	return dmbc_index_all_dirty_sectors(set->store.index) > allowed ||
	       dmbc_alloc_in_use_percent(set->store.alloc) >
		       READ_ONCE(set->option[DMBC_OPT_CUTOFF_WRITEBACK]);
}

/* Lazy policy: not now. Once begun it goes on until nothing is dirty. */
static bool is_lazy(struct dmbc_writeback *wb)
{
	if (option(wb, DMBC_OPT_WRITEBACK_POLICY) != DMBC_PACE_LAZY)
		return false;
	if (!wb->draining)
		wb->draining = disk_awake(wb->origin) || much_dirty(wb);
	return !wb->draining;
}

static bool has_work(struct dmbc_writeback *wb)
{
	const struct dmbc_origin *o = wb->origin;

	if (!dirty_sectors(wb)) {
		wb->draining = false;
		return false;
	}
	if (set_failed(wb))
		return !READ_ONCE(o->let_go);
	if (READ_ONCE(wb->flushing))
		return true;
	return READ_ONCE(o->option[DMBC_OPT_WRITEBACK_RUNNING]) && !is_lazy(wb);
}

/* Fuller than new dirty data is welcome: no pauses between turns. */
static bool is_urgent(const struct dmbc_writeback *wb)
{
	struct dmbc_set *set = wb->origin->set;

	return READ_ONCE(wb->flushing) || set_failed(wb) || wb->draining ||
	       dmbc_alloc_in_use_percent(set->store.alloc) >
		       READ_ONCE(set->option[DMBC_OPT_CUTOFF_WRITEBACK]);
}

/* Sleeps for @delay, or until somebody has news. */
static void pause_for(struct dmbc_writeback *wb, unsigned long delay)
{
	unsigned long end = jiffies + delay, period, now;

	for (now = jiffies; time_before(now, end); now = jiffies) {
		period = READ_ONCE(wb->origin->option[DMBC_OPT_WRITEBACK_RATE_UPDATE]) * HZ;
		if (wait_event_interruptible_timeout(wb->origin->writeback_wait,
						     READ_ONCE(wb->origin->writeback_kicked) ||
							     kthread_should_stop(),
						     min(end - now, period)))
			break;
		dmbc_writeback_rate_update(&wb->rate);
	}
	WRITE_ONCE(wb->origin->writeback_kicked, false);
}

/* ---- a copy ---------------------------------------------------------------------------- */

static void copied(int read_error, unsigned long write_error, void *context)
{
	struct copy *c = context;
	struct dmbc_writeback *wb = c->wb;

	c->read_failed = read_error;
	c->write_failed = !read_error && write_error;
	if (read_error)
		dmbc_errors_ssd(wb->origin->set);
	else if (write_error)
		dmbc_errors_origin(wb->origin);
	atomic_dec(&wb->in_flight);
	wake_up(&wb->origin->writeback_wait);
}

static void copy_start(struct copy *c)
{
	struct dmbc_writeback *wb = c->wb;
	struct dm_io_region from = {
		.bdev = wb->origin->set->bdev,
		.sector = dmbc_ptr_sector(c->key.ptr),
		.count = dmbc_key_size(&c->key),
	};
	struct dm_io_region to = {
		.bdev = wb->origin->bdev,
		.sector = dmbc_key_start(&c->key),
		.count = from.count,
	};

	atomic_inc(&wb->in_flight);
	dm_kcopyd_copy(wb->kcopyd, &from, 1, &to, 0, copied, c);
}

/*
 * The key was found some time ago. In the range, where no write can reach the
 * origin any more, it must still be the newest: else old data would go over new.
 * Cuts it to what still holds and pins that.
 */
static bool still_dirty(struct dmbc_origin *o, struct dmbc_key *k)
{
	struct dmbc_fragment f;

	if (dmbc_index_lookup(o->set->store.index, o->inode, dmbc_key_start(k), dmbc_key_size(k),
			      true, &f))
		return false;
	if (f.kind == DMBC_FRAGMENT_HOLE)
		return false;
	if (f.kind != DMBC_FRAGMENT_DIRTY || f.ptr != k->ptr) {
		dmbc_bucket_unpin(&o->set->store.buckets, f.ptr);
		return false;
	}
	if (f.end < dmbc_key_end(k))
		dmbc_extent_cut_back(k, f.end);
	return true;
}

static void make_clean_insert(struct copy *c)
{
	c->insert = (struct dmbc_insert){
		.key = c->key,
		.how = DMBC_INSERT_REPLACE,
		.old = c->key,
	};
	dmbc_key_set_dirty(&c->insert.key, false);
}

/* In the range. False: not now. */
static bool prepare_disk(struct dmbc_origin *o, const struct dmbc_key *key)
{
	u64 start = dmbc_key_start(key);
	u32 sectors = dmbc_key_size(key);

	return !dmbc_inplace_guards(o, start, sectors) || !dmbc_inplace_touch(o, start, sectors);
}

/* Adds the key to the batch, or leaves it for another turn. */
static void copy_key(struct dmbc_writeback *wb, const struct dmbc_key *key)
{
	struct dmbc_origin *o = wb->origin;
	struct copy *c = &wb->copies[wb->nr];

	c->wb = wb;
	c->key = *key;
	c->read_failed = false;
	c->write_failed = false;
	if (!dmbc_inflight_try_enter(o, &c->range, dmbc_key_start(key), dmbc_key_size(key),
				     DMBC_RANGE_COPY)) {
		wb->left_keys++;
		return;
	}
	if (!prepare_disk(o, key) || !still_dirty(o, &c->key)) {
		dmbc_inflight_leave(o, &c->range);
		wb->left_keys++;
		return;
	}
	make_clean_insert(c);
	if (!wb->nr)
		wb->began = jiffies;
	wb->nr++;
	wb->sectors += dmbc_key_size(&c->key);
	dmbc_writeback_rate_spend(&wb->rate, dmbc_key_size(&c->key));
	copy_start(c);
}

/* ---- a batch ----------------------------------------------------------------------------- */

/* Keys whose data is safe on the origin. */
static u32 gather_done(struct dmbc_writeback *wb)
{
	u32 i, nr = 0;

	for (i = 0; i < wb->nr; i++)
		if (!wb->copies[i].read_failed && !wb->copies[i].write_failed)
			wb->ops[nr++] = &wb->copies[i].insert;
	return nr;
}

static bool any_write_failed(const struct dmbc_writeback *wb)
{
	u32 i;

	for (i = 0; i < wb->nr; i++)
		if (wb->copies[i].write_failed)
			return true;
	return false;
}

static void release_batch(struct dmbc_writeback *wb)
{
	struct dmbc_origin *o = wb->origin;
	u32 i;

	for (i = 0; i < wb->nr; i++) {
		dmbc_bucket_unpin(&o->set->store.buckets, wb->copies[i].key.ptr);
		dmbc_inflight_leave(o, &wb->copies[i].range);
	}
	wb->nr = 0;
	wb->sectors = 0;
}

/* Grows while the origin refuses writes. */
static void back_off(struct dmbc_writeback *wb, bool failed)
{
	if (!failed) {
		wb->backoff_ms = 0;
		return;
	}
	wb->backoff_ms = clamp(wb->backoff_ms * 2, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
	pause_for(wb, msecs_to_jiffies(wb->backoff_ms));
}

/* Flush, then clean: the other way round a power cut loses data that users had flushed. */
static u32 make_clean(struct dmbc_writeback *wb, bool *failed)
{
	struct dmbc_origin *o = wb->origin;
	u32 nr = gather_done(wb);

	if (!nr || kthread_should_stop())
		return 0;
	if (blkdev_issue_flush(o->bdev)) {
		dmbc_errors_origin(o);
		*failed = true;
		return 0;
	}
	if (!set_failed(wb) && dmbc_index_insert(o->set->store.index, wb->ops, nr))
		return 0;
	return nr;
}

static void finish_batch(struct dmbc_writeback *wb)
{
	bool failed;
	u32 done;

	if (!wb->nr)
		return;
	wait_event(wb->origin->writeback_wait, !atomic_read(&wb->in_flight));
	failed = any_write_failed(wb);
	done = make_clean(wb, &failed);
	wb->copied_keys += done;
	wb->left_keys += wb->nr - done;
	WRITE_ONCE(wb->all_done, wb->all_done + done);
	WRITE_ONCE(wb->all_failed, wb->all_failed + wb->nr - done);
	release_batch(wb);
	dmbc_inplace_refresh(wb->origin);
	dmbc_refill_kick(wb->origin->set->store.refill);
	back_off(wb, failed);
}

static bool batch_is_full(const struct dmbc_writeback *wb)
{
	return wb->nr == BATCH_KEYS || wb->sectors >= BATCH_SECTORS ||
	       (wb->nr && time_after(jiffies, wb->began + BATCH_TIME));
}

/* ---- a turn ------------------------------------------------------------------------------ */

/* Sleeps while the user reads the disk, but not for ever: what is dirty has to go as well. */
static void yield_to_reads(struct dmbc_writeback *wb)
{
	struct dmbc_origin *o = wb->origin;
	unsigned long end = jiffies + YIELD_TIME;

	if (!option(wb, DMBC_OPT_WRITEBACK_YIELD) || !atomic_read(&o->origin_reads))
		return;
	finish_batch(wb);
	while (atomic_read(&o->origin_reads) && time_before(jiffies, end) &&
	       !READ_ONCE(wb->flushing) && !set_failed(wb) && !kthread_should_stop())
		schedule_timeout_interruptible(1);
}

/* A batch is not kept open over a pause: its ranges hold up writers. */
static void wait_for_rate(struct dmbc_writeback *wb)
{
	unsigned long delay;

	for (;;) {
		dmbc_writeback_rate_update(&wb->rate);
		if (READ_ONCE(wb->flushing) || set_failed(wb) || kthread_should_stop())
			return;
		delay = dmbc_writeback_rate_delay(&wb->rate, wb->draining);
		if (!delay)
			break;
		if (wb->nr && time_after(jiffies + delay, wb->began + BATCH_TIME))
			finish_batch(wb);
		wait_event_interruptible_timeout(wb->origin->writeback_wait,
						 READ_ONCE(wb->flushing) || kthread_should_stop(),
						 delay);
	}
	yield_to_reads(wb);
}

/* Once over the disk. False: stopped or in trouble before its end. */
static bool run_turn(struct dmbc_writeback *wb)
{
	const struct dmbc_key *key;
	int error;

	wb->copied_keys = 0;
	wb->left_keys = 0;
	while (has_work(wb) && !kthread_should_stop()) {
		wb->gc_due |= dmbc_alloc_in_use_percent(wb->origin->set->store.alloc) > GC_PERCENT;
		key = dmbc_writeback_scan_next(&wb->scan, &error);
		if (!key) {
			finish_batch(wb);
			if (error)
				pause_for(wb, EMPTY_TURN_PAUSE);
			return !error;
		}
		wait_for_rate(wb);
		wait_event(wb->origin->writeback_wait, atomic_read(&wb->in_flight) < IN_FLIGHT);
		if (kthread_should_stop())
			break;
		copy_key(wb, key);
		if (batch_is_full(wb))
			finish_batch(wb);
	}
	finish_batch(wb);
	return false;
}

static void rest_after_turn(struct dmbc_writeback *wb)
{
	u64 seconds = READ_ONCE(wb->origin->option[DMBC_OPT_WRITEBACK_DELAY]);

	if (!is_urgent(wb) && seconds)
		pause_for(wb, seconds * HZ);
	else if (!wb->copied_keys)
		pause_for(wb, EMPTY_TURN_PAUSE);
}

/* After the gate nothing can come into the index of a failed set. */
static void rescue(struct dmbc_writeback *wb)
{
	struct dmbc_origin *o = wb->origin;

	down_write(&o->set->dirty_gate);
	up_write(&o->set->dirty_gate);
	wb->scan.pos = 0;
	wb->scan.nr = 0;
	wb->scan.at = 0;
	wb->scan.ended = false;
	if (run_turn(wb) && !wb->left_keys && dmbc_errors_let_go(o)) {
		DMINFO("%s: %u extents of dirty data saved from the failed SSD", o->name,
		       wb->copied_keys);
		return;
	}
	pause_for(wb, msecs_to_jiffies(BACKOFF_MAX_MS));
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Nothing dirty: after some time, or at the end of a flush, the super block says so. */
static void wait_until_dirty(struct dmbc_writeback *wb)
{
	struct dmbc_origin *o = wb->origin;
	bool flushed;

	if (leaving(wb))
		dmbc_detach_drain(o);
	else if (!READ_ONCE(wb->flushing))
		pause_for(wb, CLEAN_AFTER);
	if (dirty_sectors(wb) || kthread_should_stop())
		return;
	flushed = READ_ONCE(wb->flushing);
	WRITE_ONCE(wb->flushing, false);
	if (READ_ONCE(o->dirty_marked))
		dmbc_origin_mark_clean(o);
	if (flushed)
		dmbc_event_raise(o);
	if (leaving(wb) && !dmbc_detach_finish(o)) {
		pause_for(wb, msecs_to_jiffies(BACKOFF_MAX_MS));
		return;
	}
	if (wb->gc_due && READ_ONCE(o->set->option[DMBC_OPT_GC_AFTER_WRITEBACK]))
		dmbc_gc_wake(o->set->gc);
	wb->gc_due = false;
	wait_event_interruptible(wb->origin->writeback_wait,
				 READ_ONCE(wb->origin->writeback_kicked) ||
					 READ_ONCE(o->dirty_marked) || kthread_should_stop());
}

static int writeback_thread(void *data)
{
	struct dmbc_writeback *wb = data;

	while (!kthread_should_stop()) {
		WRITE_ONCE(wb->origin->writeback_kicked, false);
		dmbc_inplace_refresh(wb->origin);
		if (has_work(wb)) {
			if (set_failed(wb))
				rescue(wb);
			else if (run_turn(wb))
				rest_after_turn(wb);
		} else if (dirty_sectors(wb) || set_failed(wb)) {
			pause_for(wb, LAZY_PAUSE);
		} else {
			wait_until_dirty(wb);
		}
	}
	return 0;
}

int dmbc_writeback_start(struct dmbc_origin *o)
{
	struct dmbc_writeback *wb = o->writeback;
	struct task_struct *thread;

	if (wb->thread)
		return 0;
	WRITE_ONCE(wb->flushing, leaving(wb));
	thread = kthread_run(writeback_thread, wb, "dmbc_wb/%s", o->name);
	if (IS_ERR(thread))
		return -ENOMEM;
	wb->thread = thread;
	return 0;
}

void dmbc_writeback_stop(struct dmbc_origin *o)
{
	struct dmbc_writeback *wb = o->writeback;

	if (!wb->thread)
		return;
	kthread_stop(wb->thread);
	wb->thread = NULL;
	WRITE_ONCE(wb->flushing, false);
}

void dmbc_writeback_flush(struct dmbc_origin *o)
{
	WRITE_ONCE(o->writeback->flushing, true);
	dmbc_event_raise(o);
	dmbc_origin_wake_writeback(o);
}

bool dmbc_writeback_flushing(struct dmbc_origin *o)
{
	return READ_ONCE(o->writeback->flushing);
}

void dmbc_writeback_get(struct dmbc_origin *o, struct dmbc_status *st)
{
	const struct dmbc_pace *p = &o->writeback->rate.pace;

	st->writeback_rate = READ_ONCE(p->rate) << SECTOR_SHIFT;
	st->writeback_target_bytes = (u64)READ_ONCE(p->pd.target) << SECTOR_SHIFT;
}

void dmbc_writeback_get_terms(struct dmbc_origin *o, struct dmbc_internal *in)
{
	const struct dmbc_pace *p = &o->writeback->rate.pace;

	in->rate = READ_ONCE(p->rate);
	in->target = READ_ONCE(p->pd.target);
	in->proportional = READ_ONCE(p->pd.proportional);
	in->integral = READ_ONCE(p->pd.integral);
	in->change = READ_ONCE(p->pd.change);
	in->unlimited = READ_ONCE(p->unlimited);
	in->keys_done = READ_ONCE(o->writeback->all_done);
	in->keys_failed = READ_ONCE(o->writeback->all_failed);
}
