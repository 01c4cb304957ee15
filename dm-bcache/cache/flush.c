// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the flush: a journal entry makes all keys, and by its PREFLUSH the data
 * on the SSD, durable; the origin is flushed beside it, but only if something
 * reached it since its last flush. The request ends when both are through.
 *
 * origin_begin() takes `unflushed` down before the flush is sent, so a write
 * that completes meanwhile puts it up again and is covered by the next flush.
 * While a flush is under way nobody relies on it: it has made nothing durable
 * yet and may fail. origin_end() puts `unflushed` up again if it did.
 *
 * A clean key must not be durable before the data on the origin is: after a
 * power cut the SSD would show the new data until the key is evicted, and then
 * the old would come back. So who adds such a key says so
 * (dmbc_flush_note_clean()), and the store has the origin flushed before it
 * writes keys (dmbc_flush_settle()). A user's flush spares it that: then the
 * journal's turn comes after the origin's.
 */
#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/flush.h"
#include "cache/origin.h"
#include "cache/request.h"

/* Process context: the set is failing. If the origin can do without it, its own flush is enough. */
static void after_failure(struct dmbc_request *rq)
{
	if (dmbc_errors_wait(rq->origin)) {
		rq->bio->bi_status = BLK_STS_OK;
		dmbc_flush_start(rq);
		return;
	}
	rq->status = BLK_STS_IOERR;
	dmbc_request_finish(rq);
}

static void half_over(struct dmbc_request *rq)
{
	if (!atomic_dec_and_test(&rq->pending))
		return;
	if (rq->second_failed && !rq->status)
		dmbc_request_defer(rq, after_failure);
	else
		dmbc_request_finish(rq);
}

static void journal_durable(struct dmbc_journal_waiter *w, int error)
{
	struct dmbc_request *rq = container_of(w, struct dmbc_request, waiter);

	if (error)
		rq->second_failed = true;
	half_over(rq);
}

/* True: the origin has to be flushed, and origin_end() called after it. */
static bool origin_begin(struct dmbc_origin *o)
{
	unsigned long flags;
	bool needed;

	spin_lock_irqsave(&o->flush_lock, flags);
	needed = READ_ONCE(o->unflushed) || o->flushes;
	if (needed) {
		WRITE_ONCE(o->unflushed, false);
		o->flushes++;
	}
	spin_unlock_irqrestore(&o->flush_lock, flags);
	return needed;
}

static void origin_end(struct dmbc_origin *o, bool failed)
{
	unsigned long flags;

	spin_lock_irqsave(&o->flush_lock, flags);
	if (failed)
		WRITE_ONCE(o->unflushed, true);
	o->flushes--;
	spin_unlock_irqrestore(&o->flush_lock, flags);
}

static void flush_journal(struct dmbc_request *rq)
{
	rq->waiter.fn = journal_durable;
	dmbc_journal_flush_with(rq->origin->set->journal, &rq->waiter, DMBC_FLUSH_ANYCTX);
}

static int origin_durable(struct dmbc_request *rq, blk_status_t *error)
{
	origin_end(rq->origin, *error);
	if (*error) {
		rq->status = *error;
		dmbc_errors_origin(rq->origin);
	}
	if (rq->journal_last)
		flush_journal(rq);
	half_over(rq);
	return DM_ENDIO_INCOMPLETE;
}

int dmbc_flush_start(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	bool origin_too;

	if (unlikely(READ_ONCE(o->set->state) != DMBC_SET_RUNNING) && dmbc_errors_write_allowed(o))
		return dmbc_request_remap(rq, o->bdev, 0, dmbc_request_end_done);
	origin_too = origin_begin(o);
	rq->journal_last = origin_too && READ_ONCE(o->unsettled);
	atomic_set(&rq->pending, 1 + origin_too);
	if (!rq->journal_last)
		flush_journal(rq);
	return origin_too ? dmbc_request_remap(rq, o->bdev, 0, origin_durable) : DM_MAPIO_SUBMITTED;
}

/* ---- clean keys ------------------------------------------------------------------- */

void dmbc_flush_note_clean(struct dmbc_origin *o)
{
	unsigned long flags;
	bool unsettled;

	spin_lock_irqsave(&o->flush_lock, flags);
	unsettled = READ_ONCE(o->unflushed) || o->flushes;
	if (unsettled)
		WRITE_ONCE(o->unsettled, true);
	spin_unlock_irqrestore(&o->flush_lock, flags);
	if (unsettled)
		smp_store_release(&o->set->unsettled, true);
}

bool dmbc_flush_settled(struct dmbc_set *set)
{
	return !READ_ONCE(set->unsettled) && !mutex_is_locked(&set->settle_lock);
}

/* A disk that cannot be flushed must not stop the others on the SSD: its errors are counted. */
static void settle_origin(struct dmbc_origin *o)
{
	int error;

	WRITE_ONCE(o->unsettled, false);
	if (!origin_begin(o))
		return;
	error = blkdev_issue_flush(o->bdev);
	origin_end(o, error);
	if (!error)
		return;
	dmbc_errors_origin(o);
	dmbc_flush_note_clean(o);
}

/* The lock is held through the flushes: who comes meanwhile may not write before they are over. */
void dmbc_flush_settle(struct dmbc_set *set)
{
	struct dmbc_origin *o;

	mutex_lock(&set->settle_lock);
	if (READ_ONCE(set->unsettled)) {
		smp_store_mb(set->unsettled, false);
		list_for_each_entry(o, &set->origins, link)
			if (READ_ONCE(o->unsettled))
				settle_origin(o);
	}
	mutex_unlock(&set->settle_lock);
}
