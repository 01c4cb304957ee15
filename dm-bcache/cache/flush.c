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

static int origin_durable(struct dmbc_request *rq, blk_status_t *error)
{
	origin_end(rq->origin, *error);
	if (*error) {
		rq->status = *error;
		dmbc_errors_origin(rq->origin);
	}
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
	atomic_set(&rq->pending, 1 + origin_too);
	rq->waiter.fn = journal_durable;
	dmbc_journal_flush_with(o->set->journal, &rq->waiter, DMBC_FLUSH_ANYCTX);
	return origin_too ? dmbc_request_remap(rq, o->bdev, 0, origin_durable) : DM_MAPIO_SUBMITTED;
}
