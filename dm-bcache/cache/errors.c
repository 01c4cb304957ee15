// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the failure of a set. In time order: errors are counted
 * (dmbc_errors_ssd()), or the store lost a write; dmbc_errors_fail_set() turns
 * the set to FAILED, from then on nothing new goes to the SSD; failed_work()
 * lets every origin go that has nothing dirty on it: its super block says
 * "stale" durably, so that what the SSD still holds of it is never used again,
 * and only then dmbc_errors_write_allowed() answers yes. Requests that the
 * failure hit meanwhile wait for that (dmbc_errors_wait()). An origin with dirty
 * data waits until writeback has saved it (dmbc_errors_let_go()).
 */
#include "cache/errors.h"

#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/event.h"
#include "cache/origin.h"
#include "cache/stats.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/index.h"
#include "store/journal.h"

#define DM_MSG_PREFIX "bcache"

#define SETTLE_TIME HZ

/* A note of a disk without dirty data needs no last word, which a failed SSD may not take. */
static int write_last_word(struct dmbc_origin *o)
{
	if (o->inplace && !READ_ONCE(o->dirty_marked))
		return 0;
	return dmbc_origin_write_super(o);
}

static bool write_stale(struct dmbc_origin *o)
{
	enum dmbc_state old = dmbc_super_state(&o->super);

	lockdep_assert_held(&o->set->lock);
	if (o->let_go)
		return true;
	dmbc_super_set_state(&o->super, DMBC_STATE_STALE);
	if (write_last_word(o)) {
		dmbc_super_set_state(&o->super, old);
		DMERR("%s: its super block cannot be marked stale: writes to it stay refused",
		      o->name);
		return false;
	}
	WRITE_ONCE(o->let_go, true);
	dmbc_event_raise(o);
	DMWARN("%s goes on without its SSD %s", o->name, o->set->name);
	return true;
}

bool dmbc_errors_let_go(struct dmbc_origin *o)
{
	bool done;

	mutex_lock(&o->set->lock);
	done = write_stale(o);
	mutex_unlock(&o->set->lock);
	return done;
}

/* dirty_gate: no dirty key can be on its way into the index. */
static void failed_work(struct work_struct *work)
{
	struct dmbc_set *set = container_of(work, struct dmbc_set, failed_work);
	struct dmbc_origin *o;

	dmbc_alloc_set_failed(set->store.alloc, true);
	down_write(&set->dirty_gate);
	mutex_lock(&set->lock);
	list_for_each_entry(o, &set->origins, link) {
		if (!o->attached || READ_ONCE(o->tie) == DMBC_TIE_PLAIN)
			continue;
		dmbc_event_raise(o);
		if (o->volume) /* never to be let go: there is nowhere else to go */
			continue;
		if (dmbc_index_dirty_sectors(set->store.index, o->inode))
			dmbc_origin_wake_writeback(o);
		else
			write_stale(o);
	}
	mutex_unlock(&set->lock);
	up_write(&set->dirty_gate);
	WRITE_ONCE(set->failed_settled, true);
	wake_up_all(&set->failed_wait);
}

void dmbc_errors_init(struct dmbc_set *set)
{
	atomic_set(&set->ssd_errors, 0);
	spin_lock_init(&set->weight_lock);
	init_waitqueue_head(&set->failed_wait);
	INIT_WORK(&set->failed_work, failed_work);
}

/* Limited: the error may be of one node only, and the set goes on. */
bool dmbc_errors_wait(struct dmbc_origin *o)
{
	wait_event_timeout(o->set->failed_wait, READ_ONCE(o->set->failed_settled), SETTLE_TIME);
	return READ_ONCE(o->set->failed_settled) && dmbc_errors_write_allowed(o);
}

bool dmbc_errors_write_allowed(struct dmbc_origin *o)
{
	return READ_ONCE(o->let_go) || !READ_ONCE(o->attached);
}

void dmbc_errors_fail_set(struct dmbc_set *set)
{
	WRITE_ONCE(set->store_failed, true);
	if (cmpxchg(&set->state, DMBC_SET_RUNNING, DMBC_SET_FAILED) != DMBC_SET_RUNNING)
		return;
	DMERR("SSD %s has failed and is not used any more; see the errors before this line",
	      set->name);
	dmbc_index_set_failed(set->store.index, -EIO);
	dmbc_journal_set_failed(set->store.journal, -EIO); /* nobody waits for room for ever */
	queue_work(set->store_wq, &set->failed_work);
}

/* Adds one error to what is left of those before; whole halflives only. */
static u64 weigh_error(struct dmbc_set *set)
{
	u64 halflife = READ_ONCE(set->option[DMBC_OPT_IO_ERROR_HALFLIFE]), halves, weight;
	struct dmbc_set_counters sum;
	unsigned long flags;

	dmbc_stats_get_set(set, &sum);
	spin_lock_irqsave(&set->weight_lock, flags);
	if (halflife && sum.requests > set->weighed_at) {
		halves = div64_u64(sum.requests - set->weighed_at, halflife);
		set->weighed_at += halves * halflife;
		set->error_weight = halves < 64 ? set->error_weight >> halves : 0;
	}
	weight = ++set->error_weight;
	spin_unlock_irqrestore(&set->weight_lock, flags);
	return weight;
}

void dmbc_errors_ssd(struct dmbc_set *set)
{
	unsigned int nr = atomic_inc_return(&set->ssd_errors);

	DMERR_LIMIT("I/O error %u of SSD %s", nr, set->name);
	if (weigh_error(set) > READ_ONCE(set->option[DMBC_OPT_IO_ERROR_LIMIT]))
		dmbc_errors_fail_set(set);
}

void dmbc_errors_origin(struct dmbc_origin *o)
{
	unsigned int nr = atomic_inc_return(&o->origin_errors);

	DMERR_LIMIT("I/O error %u of HDD %s", nr, o->name);
}
