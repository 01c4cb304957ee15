// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the mechanics of a request: cutting, deferring, sending off, ending.
 *
 * Cutting in map() is dm's business (dm_accept_partial_bio), but not of a NOWAIT
 * request: while the device is suspended dm would end the rest with -EAGAIN, and
 * the user would hear of it from the end of the front, where he cannot try again.
 * In process context a part is split off the front; each part holds one count of
 * its parent's bio, so the parent ends after the last of them.
 */
#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/request.h"
#include "cache/stats.h"

void dmbc_request_init(struct dmbc_request *rq, struct dmbc_origin *origin, struct bio *bio,
		       u64 start)
{
	rq->origin = origin;
	rq->bio = bio;
	rq->start = start;
	rq->sectors = bio_sectors(bio);
	rq->stage = NULL;
	rq->is_part = false;
	rq->deferred = false;
	rq->fua = bio->bi_opf & REQ_FUA;
	rq->dirty = false;
	rq->decided = false;
	rq->counted = false;
	rq->bypass = DMBC_BYPASS_NO;
	rq->began_ns = 0;
	rq->way = 0;
	rq->wait.wake = NULL;
	rq->ssd_failed = false;
	rq->in_range = false;
	rq->entered = false;
	rq->invalidate = false;
	rq->second_failed = false;
	rq->status = BLK_STS_OK;
	rq->part_status = BLK_STS_OK;
}

static void part_end(struct dmbc_part *part, blk_status_t status)
{
	struct dmbc_request *parent = part->parent;

	if (status)
		WRITE_ONCE(parent->part_status, status);
	bio_put(&part->bio);
	bio_endio(parent->bio);
}

static void part_endio(struct bio *bio)
{
	struct dmbc_part *part = container_of(bio, struct dmbc_part, bio);
	blk_status_t status = bio->bi_status;

	if (dmbc_request_end_io(&part->rq, &status) == DM_ENDIO_DONE)
		part_end(part, status);
}

static struct dmbc_request *part_make(struct dmbc_request *rq, u32 sectors)
{
	struct bio *front = bio_split(rq->bio, sectors, GFP_NOIO, &rq->origin->set->split_bs);
	struct dmbc_part *part = container_of(front, struct dmbc_part, bio);

	bio_inc_remaining(rq->bio);
	front->bi_end_io = part_endio;
	dmbc_request_init(&part->rq, rq->origin, front, rq->start);
	part->rq.is_part = true;
	part->rq.deferred = true;
	part->rq.ssd_failed = rq->ssd_failed;
	part->rq.decided = rq->decided;
	part->rq.bypass = rq->bypass;
	part->rq.counted = rq->counted;
	part->rq.way = rq->way;
	part->rq.wait.wake = rq->wait.wake;
	part->parent = rq;
	rq->start += sectors;
	rq->sectors -= sectors;
	return &part->rq;
}

struct dmbc_request *dmbc_request_cut(struct dmbc_request *rq, u32 sectors)
{
	if (sectors >= rq->sectors)
		return rq;
	if (rq->deferred)
		return part_make(rq, sectors);
	if (rq->bio->bi_opf & REQ_NOWAIT)
		return NULL;
	dm_accept_partial_bio(rq->bio, sectors);
	rq->sectors = sectors;
	return rq;
}

static void deferred_work(struct work_struct *work)
{
	struct dmbc_request *rq = container_of(work, struct dmbc_request, work);

	rq->deferred = true;
	rq->bio->bi_opf &= ~REQ_NOWAIT; /* a worker may block */
	rq->next(rq);
}

void dmbc_request_defer(struct dmbc_request *rq, void (*next)(struct dmbc_request *rq))
{
	rq->next = next;
	INIT_WORK(&rq->work, deferred_work);
	queue_work(rq->origin->set->wq, &rq->work);
}

int dmbc_request_later(struct dmbc_request *rq, void (*next)(struct dmbc_request *rq))
{
	dmbc_count(rq->origin, deferred);
	dmbc_request_defer(rq, next);
	return DM_MAPIO_SUBMITTED;
}

int dmbc_request_remap(struct dmbc_request *rq, struct block_device *bdev, u64 sector,
		       dmbc_stage_fn stage)
{
	struct bio *bio = rq->bio;

	rq->stage = stage;
	bio_set_dev(bio, bdev);
	bio->bi_iter.bi_sector = sector;
	rq->iter = bio->bi_iter;
	if (!rq->deferred)
		return DM_MAPIO_REMAPPED;
	if (rq->is_part)
		submit_bio_noacct(bio);
	else
		dm_submit_bio_remap(bio, NULL);
	return DM_MAPIO_SUBMITTED;
}

int dmbc_request_end_done(struct dmbc_request *rq, blk_status_t *error)
{
	if (!*error)
		*error = READ_ONCE(rq->part_status);
	return DM_ENDIO_DONE;
}

static void send_again(struct dmbc_request *rq)
{
	dmbc_request_remap(rq, rq->bio->bi_bdev, rq->iter.bi_sector, rq->stage);
}

/*
 * The device would have blocked a NOWAIT request, or takes none since its own
 * table was changed under us.
 */
static bool would_block(const struct dmbc_request *rq, blk_status_t error)
{
	return error == BLK_STS_AGAIN ||
	       (error == BLK_STS_NOTSUPP && (rq->bio->bi_opf & REQ_NOWAIT));
}

/*
 * The user cannot be told: his other parts may be under way, and who hears it
 * from a worker does not try again. So a worker does, and may block.
 */
static int block_later(struct dmbc_request *rq, blk_status_t *error)
{
	*error = BLK_STS_OK;
	rq->bio->bi_status = BLK_STS_OK;
	rq->bio->bi_iter = rq->iter;
	dmbc_request_defer(rq, send_again);
	return DM_ENDIO_INCOMPLETE;
}

int dmbc_request_end_io(struct dmbc_request *rq, blk_status_t *error)
{
	if (!rq->stage)
		return dmbc_request_end_done(rq, error);
	if (unlikely(*error) && would_block(rq, *error))
		return block_later(rq, error);
	return rq->stage(rq, error);
}

void dmbc_request_finish(struct dmbc_request *rq)
{
	rq->stage = NULL;
	rq->bio->bi_status = rq->status;
	bio_endio(rq->bio);
}
