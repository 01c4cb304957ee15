/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One user request (a bio, or a part of one that had to be cut in process
 * context): what it covers, where it stands, how it ends.
 *
 * A request is born in map() in the bio's per-bio data, or in request.c as a
 * part. It is in exactly one of these hands: map() itself; the block layer
 * (then `stage` takes its completion); a queue (then `next` says what
 * the worker does). It ends with dmbc_request_finish(), or by its end_io
 * returning DM_ENDIO_DONE.
 */
#ifndef DMBC_CACHE_REQUEST_H
#define DMBC_CACHE_REQUEST_H

#include <linux/bio.h>
#include <linux/workqueue.h>

#include "cache/inflight.h"
#include "cache/put.h"
#include "store/index.h"
#include "store/journal.h"

struct dmbc_fill;
struct dmbc_origin;
struct dmbc_request;

/*
 * What the completion of the bio now under way means. Any context. Returns
 * DM_ENDIO_DONE (through dmbc_request_end_done) or DM_ENDIO_INCOMPLETE.
 */
typedef int (*dmbc_stage_fn)(struct dmbc_request *rq, blk_status_t *error);

struct dmbc_request {
	struct dmbc_origin *origin;
	struct bio *bio;
	u64 start; /* sector on the backing device, data offset included */
	u32 sectors;
	dmbc_stage_fn stage;
	bool is_part;
	bool deferred; /* in process context: may sleep; cut with parts */
	bool fua;
	bool dirty; /* read hit: the only copy */
	bool decided; /* bypass and way are: a retry does not ask again */
	bool counted; /* in the statistics */
	u8 bypass; /* enum dmbc_bypass: do not fill; write around */
	u8 way; /* write: enum dmbc_write_way */
	bool ssd_failed; /* retry after an SSD write error: not there again */
	bool in_range; /* `range` is entered */
	bool entered; /* dmbc_detach_leave() is due */
	bool invalidate; /* WRITE_ORIGIN: make a hole afterwards */
	bool journal_last; /* flush: the origin first */
	bool second_failed; /* the SSD's half failed: of a write to both, of a flush */
	blk_status_t status; /* of this request alone */
	blk_status_t part_status; /* first failure of the parts cut off it */
	atomic_t pending; /* halves still under way */
	u64 ptr; /* pinned */
	void (*next)(struct dmbc_request *rq);
	void (*punched)(struct dmbc_request *rq); /* write: when what was cached is gone */
	struct bvec_iter iter; /* as mapped, for a retry */
	u64 began_ns; /* sent to the SSD then, if that is watched */
	struct dmbc_fill *fill;
	struct work_struct work;
	struct dmbc_range range;
	struct dmbc_range_wait wait;
	struct dmbc_put put;
	struct dmbc_journal_waiter waiter;
};

/* A part of a deferred bio; front pad of split_bs. */
struct dmbc_part {
	struct dmbc_request rq;
	struct dmbc_request *parent;
	struct bio bio; /* last */
};

/* Longer requests are cut: fills have a buffer and keys of holes a length. */
#define DMBC_REQUEST_SECTORS_MAX 2048

static inline u32 dmbc_request_reach(const struct dmbc_request *rq)
{
	return min_t(u32, rq->sectors, DMBC_REQUEST_SECTORS_MAX);
}

/* map() only: the cheap part of a request; the rest is set where it is used. */
void dmbc_request_init(struct dmbc_request *rq, struct dmbc_origin *origin, struct bio *bio,
		       u64 start);
/*
 * Shortens the request to its first @sectors and sees to the rest: in map() by
 * dm_accept_partial_bio (dm comes back with it), in process context by making
 * a part of the front and returning that; the caller then handles the returned
 * request and afterwards goes on with @rq, which is now the rest. With
 * @sectors >= rq->sectors returns @rq itself. NULL: it cannot be cut in map(),
 * the caller defers it and begins again. May sleep if rq->deferred.
 */
struct dmbc_request *dmbc_request_cut(struct dmbc_request *rq, u32 sectors);
/* Runs @next from the set's workqueue. Any context. */
void dmbc_request_defer(struct dmbc_request *rq, void (*next)(struct dmbc_request *rq));
/* map() cannot go on: as dmbc_request_defer(), counted; returns DM_MAPIO_SUBMITTED. */
int dmbc_request_later(struct dmbc_request *rq, void (*next)(struct dmbc_request *rq));
/*
 * Points the bio at @bdev and sends it off: returns DM_MAPIO_REMAPPED in
 * map(), submits it and returns DM_MAPIO_SUBMITTED in process context.
 */
int dmbc_request_remap(struct dmbc_request *rq, struct block_device *bdev, u64 sector,
		       dmbc_stage_fn stage);
/* end_io of a bio or part: hands the stage its completion. DM_ENDIO_DONE or _INCOMPLETE. */
int dmbc_request_end_io(struct dmbc_request *rq, blk_status_t *error);
/* Adds what parts reported to *@error; for stages that are over with their end_io. */
int dmbc_request_end_done(struct dmbc_request *rq, blk_status_t *error);
/* Ends the request with rq->status. Any context. */
void dmbc_request_finish(struct dmbc_request *rq);

#endif
