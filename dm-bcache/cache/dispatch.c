// SPDX-License-Identifier: GPL-2.0
/*
 * The top of the I/O path: takes a bio from dm, sorts it by kind, hands it to
 * the file that owns that kind; and hands completions to the stage that waits
 * for them.
 */
#include <linux/device-mapper.h>

#include "cache/cache.h"
#include "cache/context.h"
#include "cache/detach.h"
#include "cache/discard.h"
#include "cache/flush.h"
#include "cache/read.h"
#include "cache/request.h"
#include "cache/stats.h"
#include "cache/write.h"

unsigned int dmbc_cache_request_bytes(void)
{
	return sizeof(struct dmbc_request);
}

/* The user wants no I/O at all once the SSD has failed. */
static bool is_stopped(const struct dmbc_origin *o)
{
	return unlikely(READ_ONCE(o->set->state) == DMBC_SET_FAILED) &&
	       READ_ONCE(o->option[DMBC_OPT_STOP_WHEN_FAILED]) == DMBC_FAILURE_ALWAYS;
}

static int start_discard(struct dmbc_request *rq)
{
	dmbc_count(rq->origin, discards);
	dmbc_count_add(rq->origin, discarded_sectors, rq->sectors);
	return dmbc_discard_start(rq);
}

static int start_flush(struct dmbc_request *rq)
{
	dmbc_count(rq->origin, flushes);
	return dmbc_flush_start(rq);
}

static int begin_transfer(struct dmbc_request *rq)
{
	return bio_op(rq->bio) == REQ_OP_READ ? dmbc_read_start(rq) : dmbc_write_start(rq);
}

static void transfer(struct dmbc_request *rq)
{
	begin_transfer(rq);
}

/* Cut first: the choice of a way counts what was asked for, and dm brings the rest to be asked for again. */
static int start_transfer(struct dmbc_request *rq)
{
	if (likely(dmbc_request_cut(rq, dmbc_request_reach(rq))))
		return begin_transfer(rq);
	dmbc_request_defer(rq, transfer);
	return DM_MAPIO_SUBMITTED;
}

int dmbc_cache_map(struct dmbc_origin *origin, struct bio *bio, void *request, u64 sector)
{
	struct dmbc_request *rq = request;
	int r;

	dmbc_request_init(rq, origin, bio, sector + origin->data_offset);
	if (unlikely(READ_ONCE(origin->tie) == DMBC_TIE_PLAIN) && dmbc_detach_pass(rq, &r))
		return r;
	if (is_stopped(origin))
		return DM_MAPIO_KILL;
	if (bio->bi_opf & REQ_PREFLUSH)
		return start_flush(rq);
	atomic_inc(&origin->requests);
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE: return start_transfer(rq);
	case REQ_OP_DISCARD: return start_discard(rq);
	default: return DM_MAPIO_KILL;
	}
}

int dmbc_cache_end_io(struct bio *bio, void *request, blk_status_t *error)
{
	return dmbc_request_end_io(request, error);
}
