// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the discard. In process context: enter the range like a write to the
 * origin, make holes of what the index has there, pass the discard down if the
 * origin takes it, leave the range.
 */
#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/discard.h"
#include "cache/inplace.h"
#include "cache/origin.h"
#include "cache/request.h"

static int passed_down(struct dmbc_request *rq, blk_status_t *error)
{
	WRITE_ONCE(rq->origin->unflushed, true);
	dmbc_inflight_leave(rq->origin, &rq->range);
	return dmbc_request_end_done(rq, error);
}

static void discard_step(struct dmbc_request *rq);

static void range_free(struct dmbc_range_wait *w)
{
	dmbc_request_defer(container_of(w, struct dmbc_request, wait), discard_step);
}

static void discard_step(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	int r = 0;

	rq->wait.wake = range_free;
	if (!dmbc_inflight_enter_write(o, &rq->range, rq->start, rq->sectors, &rq->wait))
		return;
	if (READ_ONCE(o->set->state) == DMBC_SET_RUNNING || !dmbc_errors_write_allowed(o))
		r = dmbc_index_invalidate(o->set->store.index, o->inode, rq->start,
					  rq->start + rq->sectors);
	/* durable before the origin forgets: what was cached must not come back over it */
	if (!r && READ_ONCE(o->set->state) == DMBC_SET_RUNNING)
		r = dmbc_journal_flush(o->set->store.journal);
	if (!r && dmbc_inplace_guards(o, rq->start, rq->sectors))
		r = dmbc_inplace_touch(o, rq->start, rq->sectors);
	if (!r && o->bdev && bdev_max_discard_sectors(o->bdev)) {
		dmbc_request_remap(rq, o->bdev, rq->start, passed_down);
		return;
	}
	dmbc_inflight_leave(o, &rq->range);
	rq->status = r ? BLK_STS_IOERR : BLK_STS_OK;
	dmbc_request_finish(rq);
}

int dmbc_discard_start(struct dmbc_request *rq)
{
	dmbc_request_defer(rq, discard_step);
	return DM_MAPIO_SUBMITTED;
}
