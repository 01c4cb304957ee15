// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the flush: a journal entry makes all keys, and by its PREFLUSH the data
 * on the SSD, durable; the origin is flushed beside it, but only if something
 * reached it since its last flush (settle.c knows). The request ends when both
 * are through. Where clean keys wait for the origin, the journal's turn comes
 * after it: else the journal would have it flushed once more.
 */
#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/flush.h"
#include "cache/origin.h"
#include "cache/request.h"
#include "cache/settle.h"

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

static void flush_journal(struct dmbc_request *rq)
{
	rq->waiter.fn = journal_durable;
	dmbc_journal_flush_with(rq->origin->set->store.journal, &rq->waiter, DMBC_FLUSH_ANYCTX);
}

static int origin_durable(struct dmbc_request *rq, blk_status_t *error)
{
	dmbc_settle_end(rq->origin, *error);
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
	origin_too = dmbc_settle_begin(o);
	rq->journal_last = origin_too && READ_ONCE(o->unsettled);
	atomic_set(&rq->pending, 1 + origin_too);
	if (!rq->journal_last)
		flush_journal(rq);
	return origin_too ? dmbc_request_remap(rq, o->bdev, 0, origin_durable) : DM_MAPIO_SUBMITTED;
}
