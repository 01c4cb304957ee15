/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One user request (a bio, or a part of one that had to be cut in process
 * context): what it covers, where it stands, how it ends.
 *
 * A request is born in map() in the bio's per-bio data, or in request.c as a
 * part. It is in exactly one of these hands: map() itself; the block layer
 * (then `stage` says what its completion means); a queue (then `next` says what
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

enum dmbc_stage {
	DMBC_STAGE_PASS, /* nothing to do at its end */
	DMBC_STAGE_READ_HIT,
	DMBC_STAGE_READ_FILL, /* from the origin, to be copied to the SSD */
	DMBC_STAGE_WRITE_SSD, /* writeback */
	DMBC_STAGE_WRITE_BOTH, /* writethrough: the origin's half */
	DMBC_STAGE_WRITE_ORIGIN, /* around the cache */
	DMBC_STAGE_FLUSH,
	DMBC_STAGE_DONE, /* finished by us; let dm end it */
};

struct dmbc_request {
	struct dmbc_origin *origin;
	struct bio *bio;
	u64 start; /* sector on the backing device, data offset included */
	u32 sectors;
	u8 stage; /* enum dmbc_stage */
	bool is_part;
	bool deferred; /* in process context: may sleep; cut with parts */
	bool fua;
	bool dirty; /* READ_HIT: the only copy. WRITE: must go to the SSD */
	bool ssd_failed; /* retry after an SSD write error: not there again */
	bool in_range; /* `range` is entered */
	bool invalidate; /* WRITE_ORIGIN: make a hole afterwards */
	bool second_failed; /* WRITE_BOTH: the SSD's half failed */
	blk_status_t status;
	atomic_t pending; /* halves still under way */
	u64 ptr; /* pinned */
	void (*next)(struct dmbc_request *rq);
	struct bvec_iter iter; /* as mapped, for a retry */
	struct dmbc_fill *fill;
	struct work_struct work;
	struct dmbc_range range;
	struct dmbc_put put;
	struct dmbc_journal_waiter waiter;
};

/* A part of a deferred bio; front pad of split_bs. */
struct dmbc_part {
	struct dmbc_request rq;
	struct bio *parent;
	struct bio bio; /* last */
};

/* map() only. */
void dmbc_request_init(struct dmbc_request *rq, struct dmbc_origin *origin, struct bio *bio,
		       u64 start);
/*
 * Shortens the request to its first @sectors and sees to the rest: in map() by
 * dm_accept_partial_bio (dm comes back with it), in process context by making
 * a part of the front and returning that; the caller then handles the returned
 * request and afterwards goes on with @rq, which is now the rest. With
 * @sectors >= rq->sectors returns @rq itself. May sleep if rq->deferred.
 */
struct dmbc_request *dmbc_request_cut(struct dmbc_request *rq, u32 sectors);
/* Runs @next from the set's workqueue. Any context. */
void dmbc_request_defer(struct dmbc_request *rq, void (*next)(struct dmbc_request *rq));
/*
 * Points the bio at @bdev and sends it off: returns DM_MAPIO_REMAPPED in
 * map(), submits it and returns DM_MAPIO_SUBMITTED in process context.
 */
int dmbc_request_remap(struct dmbc_request *rq, struct block_device *bdev, u64 sector,
		       enum dmbc_stage stage);
/* Ends the request with rq->status. Any context. */
void dmbc_request_finish(struct dmbc_request *rq);

#endif
