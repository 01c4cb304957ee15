// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the way of a read. In time order: dmbc_read_start() looks up the first
 * fragment and cuts the request to it; read_hit() sends it to the SSD and
 * hit_done() sees it back (a failed read of clean data is retried on the
 * origin); or read_miss() sends it to the origin, with a fill if it is worth
 * caching, and miss_done(), then miss_copy() hand the data to the fill.
 */
#include <linux/device-mapper.h>
#include <linux/mm.h>

#include "cache/account.h"
#include "cache/bypass.h"
#include "cache/context.h"
#include "cache/fill.h"
#include "cache/origin.h"
#include "cache/read.h"
#include "cache/request.h"
#include "cache/writeback.h"

#define FILL_MEMORY_SHARE 256 /* of RAM */

int dmbc_read_set_init(struct dmbc_set *set)
{
	int r = bioset_init(&set->split_bs, 64, offsetof(struct dmbc_part, bio), BIOSET_NEED_BVECS);

	if (r)
		return r;
	r = bioset_init(&set->clone_bs, 64, 0, 0);
	if (r) {
		bioset_exit(&set->split_bs);
		return r;
	}
	atomic_set(&set->fill_pages, 0);
	set->fill_pages_max =
		clamp_t(unsigned long, totalram_pages() / FILL_MEMORY_SHARE, 256, INT_MAX / 2);
	return 0;
}

void dmbc_read_set_exit(struct dmbc_set *set)
{
	bioset_exit(&set->clone_bs);
	bioset_exit(&set->split_bs);
}

static void origin_retry(struct dmbc_request *rq)
{
	dmbc_request_remap(rq, rq->origin->bdev, rq->start, dmbc_request_end_done);
}

static int hit_done(struct dmbc_request *rq, blk_status_t *error)
{
	struct dmbc_set *set = rq->origin->set;

	dmbc_bucket_unpin(&set->store.buckets, rq->ptr);
	dmbc_bypass_ssd_end(rq, DMBC_OPT_CONGESTED_READ);
	if (likely(!*error))
		return dmbc_request_end_done(rq, error);
	dmbc_errors_ssd(set);
	if (rq->dirty || rq->origin->volume)
		return dmbc_request_end_done(rq, error);
	*error = BLK_STS_OK;
	rq->bio->bi_status = BLK_STS_OK;
	rq->bio->bi_iter = rq->iter;
	dmbc_request_defer(rq, origin_retry);
	return DM_ENDIO_INCOMPLETE;
}

static int read_hit(struct dmbc_request *rq, const struct dmbc_fragment *f)
{
	struct dmbc_set *set = rq->origin->set;

	rq->ptr = f->ptr;
	rq->dirty = f->kind == DMBC_FRAGMENT_DIRTY;
	dmbc_bucket_touch(&set->store.buckets, f->ptr, rq->sectors);
	dmbc_account_note(rq, DMBC_READ_HIT);
	if (rq->bypass)
		dmbc_count(rq->origin, bypass_hits);
	dmbc_stats_ssd_read(set);
	dmbc_bypass_ssd_begin(rq, DMBC_OPT_CONGESTED_READ);
	return dmbc_request_remap(rq, set->bdev, dmbc_ptr_sector(f->ptr), hit_done);
}

static void miss_copy(struct dmbc_request *rq)
{
	struct dmbc_fill *fill = rq->fill;
	bool copied;

	rq->bio->bi_iter = rq->iter;
	copied = dmbc_fill_copy(fill, rq->bio);
	dmbc_request_finish(rq);
	if (copied)
		dmbc_fill_write(fill);
}

static int miss_done(struct dmbc_request *rq, blk_status_t *error)
{
	dmbc_writeback_read_end(rq->origin);
	if (*error) {
		dmbc_fill_abort(rq->fill);
		return dmbc_request_end_done(rq, error);
	}
	dmbc_request_defer(rq, miss_copy);
	return DM_ENDIO_INCOMPLETE;
}

static int uncached_done(struct dmbc_request *rq, blk_status_t *error)
{
	dmbc_writeback_read_end(rq->origin);
	return dmbc_request_end_done(rq, error);
}

/* A volume, where nothing was written yet. */
static int read_zeros(struct dmbc_request *rq)
{
	dmbc_account_note(rq, DMBC_READ_MISS);
	zero_fill_bio(rq->bio);
	dmbc_request_finish(rq);
	return DM_MAPIO_SUBMITTED;
}

static int read_miss(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;

	if (unlikely(o->volume))
		return read_zeros(rq);
	dmbc_bypass_miss(rq);
	rq->fill = rq->bypass ? NULL : dmbc_fill_begin(rq);
	if (rq->bypass)
		dmbc_account_bypass(rq);
	else
		dmbc_account_note(rq, DMBC_READ_MISS);
	dmbc_writeback_read_begin(o);
	return dmbc_request_remap(rq, o->bdev, rq->start, rq->fill ? miss_done : uncached_done);
}

/* The index cannot say what is there: only the origin is left, if it is known to be current. */
static int read_blind(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;

	rq->bypass = DMBC_BYPASS_FAILED;
	dmbc_account_bypass(rq);
	if (!o->volume && !dmbc_index_dirty_sectors(o->set->store.index, o->inode))
		return dmbc_request_remap(rq, o->bdev, rq->start, dmbc_request_end_done);
	rq->status = BLK_STS_IOERR;
	dmbc_request_finish(rq);
	return DM_MAPIO_SUBMITTED;
}

static void read_deferred(struct dmbc_request *rq)
{
	dmbc_read_start(rq);
}

/* A failed SSD: clean data comes from the origin, and so does all once it was let go. */
static bool leave_ssd_alone(struct dmbc_origin *o, const struct dmbc_fragment *f)
{
	return unlikely(READ_ONCE(o->set->state) == DMBC_SET_FAILED) &&
	       f->kind == DMBC_FRAGMENT_CLEAN && !o->volume;
}

static int read_fragment(struct dmbc_request *rq, struct dmbc_fragment *f)
{
	struct dmbc_origin *o = rq->origin;

	if (f->kind == DMBC_FRAGMENT_HOLE)
		return read_miss(rq);
	if (leave_ssd_alone(o, f)) {
		dmbc_bucket_unpin(&o->set->store.buckets, f->ptr);
		return read_miss(rq);
	}
	return read_hit(rq, f);
}

int dmbc_read_start(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	struct dmbc_fragment f;
	struct dmbc_request *part;
	int r;

	if (!rq->decided) {
		dmbc_bypass_read(rq);
		rq->decided = true;
	}
	if (unlikely(READ_ONCE(o->set->state) != DMBC_SET_RUNNING) &&
	    dmbc_errors_write_allowed(o)) {
		dmbc_account_bypass(rq);
		return dmbc_request_remap(rq, o->bdev, rq->start, dmbc_request_end_done);
	}
	do {
		r = dmbc_index_lookup(o->set->store.index, o->inode, rq->start,
				      dmbc_request_reach(rq), rq->deferred, &f);
		if (r == -EAGAIN)
			return dmbc_request_later(rq, read_deferred);
		if (r)
			return read_blind(rq);
		part = dmbc_request_cut(rq, f.end - rq->start);
		if (!part) {
			if (f.kind != DMBC_FRAGMENT_HOLE)
				dmbc_bucket_unpin(&o->set->store.buckets, f.ptr);
			return dmbc_request_later(rq, read_deferred);
		}
		r = read_fragment(part, &f);
	} while (part != rq);
	return r;
}
