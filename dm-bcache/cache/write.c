// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the way of a write. dmbc_write_start() decides once which way the
 * request goes, then takes it piece by piece:
 *
 *   to the SSD (writeback): write_ssd(), ssd_done(), key_done()
 *   to both (writethrough): write_both(), punch() if something is cached there,
 *     send_both(), half_done() and second_half_done(), key_done()
 *   around: write_around(), punch() likewise, send_around(), around_done()
 *
 * Dirty data already under a write decides for its piece: it goes to the SSD,
 * whatever the mode. If there is no space it goes around, but durably, see
 * send_over_dirty(): a hole that is durable before the disk's new data would
 * lose, in a power cut, the old data that was flushed and the new.
 */
#include <linux/device-mapper.h>

#include "cache/account.h"
#include "cache/bypass.h"
#include "cache/context.h"
#include "cache/detach.h"
#include "cache/inplace.h"
#include "cache/origin.h"
#include "cache/request.h"
#include "cache/volume.h"
#include "cache/write.h"
#include "cache/writeback.h"
#include "store/alloc.h"

static void write_retry(struct dmbc_request *rq)
{
	dmbc_write_start(rq);
}

static void range_free(struct dmbc_range_wait *w)
{
	dmbc_request_defer(container_of(w, struct dmbc_request, wait), write_retry);
}

static void unpin(struct dmbc_request *rq)
{
	dmbc_bucket_unpin(&rq->origin->set->store.buckets, rq->ptr);
}

static void leave_range(struct dmbc_request *rq)
{
	if (rq->in_range) {
		rq->in_range = false;
		dmbc_inflight_leave(rq->origin, &rq->range);
	}
}

static void leave_ssd(struct dmbc_request *rq)
{
	if (rq->entered) {
		rq->entered = false;
		dmbc_detach_leave(rq->origin);
	}
}

static int write_fail(struct dmbc_request *rq, blk_status_t status)
{
	dmbc_account_bypass(rq);
	rq->status = status;
	dmbc_request_finish(rq);
	return DM_MAPIO_SUBMITTED;
}

/* Process context: the set is failing. If the origin can do without it, the write begins anew. */
static void after_failure(struct dmbc_request *rq)
{
	if (!dmbc_errors_wait(rq->origin)) {
		write_fail(rq, BLK_STS_IOERR);
		return;
	}
	rq->bio->bi_status = BLK_STS_OK;
	rq->bio->bi_iter = rq->iter;
	dmbc_write_start(rq);
}

static int wait_for_failure(struct dmbc_request *rq)
{
	rq->iter = rq->bio->bi_iter;
	dmbc_request_defer(rq, after_failure);
	return DM_MAPIO_SUBMITTED;
}

/* The journal has made the key durable, and with it the data (FUA only). */
static void key_durable(struct dmbc_journal_waiter *w, int error)
{
	struct dmbc_request *rq = container_of(w, struct dmbc_request, waiter);

	leave_range(rq);
	if (error)
		dmbc_request_defer(rq, after_failure);
	else
		dmbc_request_finish(rq);
}

/* The insert worker has put the key (or hole) in the index. */
static void key_done(struct dmbc_put *put)
{
	struct dmbc_request *rq = container_of(put, struct dmbc_request, put);
	struct dmbc_origin *o = rq->origin;

	if (rq->ptr)
		unpin(rq);
	dmbc_inflight_poison(o, rq->start, rq->sectors);
	leave_ssd(rq);
	if (rq->fua && !rq->status && !put->insert.error) {
		rq->waiter.fn = key_durable;
		dmbc_journal_flush_with(o->set->store.journal, &rq->waiter,
					DMBC_FLUSH_ANYCTX | DMBC_FLUSH_DIRECT);
		return;
	}
	leave_range(rq);
	if (put->insert.error && !rq->status)
		dmbc_request_defer(rq, after_failure);
	else
		dmbc_request_finish(rq);
}

static void queue_put(struct dmbc_request *rq, const struct dmbc_key *key,
		      void (*done)(struct dmbc_put *put))
{
	rq->put.origin = rq->origin;
	rq->put.done = done;
	rq->put.insert.key = *key;
	rq->put.insert.how = DMBC_INSERT_SET;
	rq->put.insert.check = NULL;
	dmbc_put_queue(rq->origin->set, &rq->put);
}

static struct dmbc_key hole_of(const struct dmbc_request *rq)
{
	return dmbc_key_make_hole(rq->origin->inode, rq->start + rq->sectors, rq->sectors);
}

static void queue_key(struct dmbc_request *rq, bool dirty, bool hole)
{
	struct dmbc_key key = hole_of(rq);

	if (!hole)
		key = dmbc_key_make(rq->origin->inode, rq->start + rq->sectors, rq->sectors, dirty,
				    rq->ptr);
	queue_put(rq, &key, key_done);
}

/* ---- what lies under a write to the origin ------------------------------------ */

/* Looks up the next piece. What a power cut can bring back counts as cached. */
static int look(struct dmbc_request *rq, struct dmbc_fragment *f)
{
	struct dmbc_origin *o = rq->origin;
	int r = dmbc_index_lookup(o->set->store.index, o->inode, rq->start, dmbc_request_reach(rq),
				  rq->deferred, f);

	if (!r && f->kind != DMBC_FRAGMENT_HOLE)
		dmbc_bucket_unpin(&o->set->store.buckets, f->ptr);
	else if (!r && (f->revivable || atomic_read(&o->dropping)))
		f->kind = DMBC_FRAGMENT_CLEAN;
	return r;
}

/* -EAGAIN: more than one thing, or not known without sleeping: take it from the start again. */
static int look_below(struct dmbc_request *rq, enum dmbc_fragment_kind *kind)
{
	struct dmbc_fragment f;
	int r = look(rq, &f);

	*kind = r ? DMBC_FRAGMENT_HOLE : f.kind;
	return r ? r : f.end - rq->start < rq->sectors ? -EAGAIN : 0;
}

static void touch_and_retry(struct dmbc_request *rq)
{
	if (dmbc_inplace_touch(rq->origin, rq->start, rq->sectors))
		write_fail(rq, BLK_STS_IOERR);
	else
		dmbc_write_start(rq);
}

/* The range is entered but the write cannot begin. */
static int give_up_range(struct dmbc_request *rq, int error)
{
	if (rq->ptr)
		unpin(rq);
	rq->ptr = 0;
	leave_range(rq);
	if (error != -EAGAIN && error != -ESTALE)
		return wait_for_failure(rq);
	dmbc_request_defer(rq, error == -ESTALE ? touch_and_retry : write_retry);
	return DM_MAPIO_SUBMITTED;
}

static void punch_failed(struct dmbc_request *rq)
{
	give_up_range(rq, -EIO);
}

static void hole_durable(struct dmbc_journal_waiter *w, int error)
{
	struct dmbc_request *rq = container_of(w, struct dmbc_request, waiter);

	dmbc_request_defer(rq, error ? punch_failed : rq->punched);
}

static void hole_made(struct dmbc_put *put)
{
	struct dmbc_request *rq = container_of(put, struct dmbc_request, put);

	if (put->insert.error) {
		dmbc_request_defer(rq, punch_failed);
		return;
	}
	rq->waiter.fn = hole_durable;
	dmbc_journal_flush_with(rq->origin->set->store.journal, &rq->waiter,
				DMBC_FLUSH_ANYCTX | DMBC_FLUSH_DIRECT);
}

/*
 * Clean data under a write to the origin goes first, durably: else a power cut
 * could leave the old data in the cache over the new on the disk, to show one
 * today and the other when it is evicted.
 */
static int punch(struct dmbc_request *rq, void (*then)(struct dmbc_request *rq))
{
	struct dmbc_key hole = hole_of(rq);

	rq->punched = then;
	queue_put(rq, &hole, hole_made);
	return DM_MAPIO_SUBMITTED;
}

/* ---- to the SSD ------------------------------------------------------------ */

static int ssd_done(struct dmbc_request *rq, blk_status_t *error)
{
	dmbc_bypass_ssd_end(rq, DMBC_OPT_CONGESTED_WRITE);
	if (likely(!*error)) {
		queue_key(rq, true, false);
		return DM_ENDIO_INCOMPLETE;
	}
	unpin(rq);
	leave_ssd(rq);
	rq->ptr = 0;
	dmbc_errors_ssd(rq->origin->set);
	rq->ssd_failed = true;
	rq->decided = false;
	*error = BLK_STS_OK;
	rq->bio->bi_status = BLK_STS_OK;
	rq->bio->bi_iter = rq->iter;
	dmbc_request_defer(rq, write_retry);
	return DM_ENDIO_INCOMPLETE;
}

/*
 * Takes the front of @rq as far as the space found reaches; *@part is what was
 * taken. -ENOSPC: nothing was done.
 */
static int write_ssd(struct dmbc_request *rq, struct dmbc_request **part)
{
	struct dmbc_origin *o = rq->origin;
	struct dmbc_set *set = o->set;
	struct dmbc_request *cut;
	u32 sectors;
	u64 ptr;

	*part = rq;
	if (!dmbc_inflight_pass_ssd_write(o, rq->start, rq->sectors, &rq->wait))
		return DM_MAPIO_SUBMITTED;
	if (unlikely(!dmbc_detach_enter(o)))
		return -ENOSPC;
	sectors = dmbc_alloc_sectors(set->store.alloc, DMBC_ALLOC_DIRTY, o->inode,
				     dmbc_request_reach(rq), &ptr);
	if (!sectors) {
		dmbc_detach_leave(o);
		return -ENOSPC;
	}
	cut = dmbc_request_cut(rq, sectors);
	if (!cut) {
		dmbc_bucket_unpin(&set->store.buckets, ptr);
		dmbc_detach_leave(o);
		return dmbc_request_later(rq, write_retry);
	}
	*part = rq = cut;
	rq->entered = true;
	rq->ptr = ptr;
	rq->bio->bi_opf &= ~REQ_FUA; /* the journal's flush makes it durable */
	dmbc_account_note(rq, DMBC_WRITE_HIT);
	dmbc_stats_ssd_write(set, rq->sectors);
	dmbc_bypass_ssd_begin(rq, DMBC_OPT_CONGESTED_WRITE);
	return dmbc_request_remap(rq, set->bdev, dmbc_ptr_sector(ptr), ssd_done);
}

/* ---- to both ----------------------------------------------------------------- */

static void half_over(struct dmbc_request *rq)
{
	if (!atomic_dec_and_test(&rq->pending))
		return;
	/* Without both copies equal, neither old nor new may stay in the cache. */
	queue_key(rq, false, rq->status || rq->second_failed);
}

static int half_done(struct dmbc_request *rq, blk_status_t *error)
{
	rq->status = *error;
	if (!*error)
		WRITE_ONCE(rq->origin->unflushed, true);
	else
		dmbc_errors_origin(rq->origin);
	half_over(rq);
	return DM_ENDIO_INCOMPLETE;
}

static void second_half_done(struct bio *clone)
{
	struct dmbc_request *rq = clone->bi_private;

	if (clone->bi_status) {
		rq->second_failed = true;
		dmbc_errors_ssd(rq->origin->set);
	}
	bio_put(clone);
	half_over(rq);
}

static int send_both(struct dmbc_request *rq);

static void send_both_later(struct dmbc_request *rq)
{
	send_both(rq);
}

static int send_both(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	struct dmbc_set *set = o->set;
	struct bio *clone = bio_alloc_clone(set->bdev, rq->bio,
					    rq->deferred ? GFP_NOIO : GFP_NOWAIT, &set->clone_bs);

	if (!clone) {
		dmbc_request_defer(rq, send_both_later);
		return DM_MAPIO_SUBMITTED;
	}
	clone->bi_opf &= ~(REQ_FUA | REQ_NOWAIT);
	clone->bi_iter.bi_sector = dmbc_ptr_sector(rq->ptr);
	clone->bi_private = rq;
	clone->bi_end_io = second_half_done;
	atomic_set(&rq->pending, 2);
	dmbc_account_note(rq, DMBC_WRITE_MISS);
	dmbc_stats_ssd_write(set, rq->sectors);
	dmbc_writeback_disk_used(o);
	submit_bio_noacct(clone);
	return dmbc_request_remap(rq, o->bdev, rq->start, half_done);
}

/*
 * As write_ssd(). Once a request waits for a range it may be woken at any
 * moment: it is not touched any more.
 */
static int write_both(struct dmbc_request *rq, struct dmbc_request **part)
{
	struct dmbc_origin *o = rq->origin;
	enum dmbc_fragment_kind below;
	struct dmbc_request *cut;
	u32 sectors;
	u64 ptr;
	int r;

	*part = rq;
	sectors = dmbc_alloc_sectors(o->set->store.alloc, DMBC_ALLOC_CLEAN, o->inode, rq->sectors,
				     &ptr);
	if (!sectors)
		return -ENOSPC;
	cut = dmbc_request_cut(rq, sectors);
	if (!cut) {
		dmbc_bucket_unpin(&o->set->store.buckets, ptr);
		return dmbc_request_later(rq, write_retry);
	}
	*part = rq = cut;
	if (!dmbc_inflight_enter_write(o, &rq->range, rq->start, rq->sectors, &rq->wait)) {
		dmbc_bucket_unpin(&o->set->store.buckets, ptr);
		return DM_MAPIO_SUBMITTED;
	}
	rq->in_range = true;
	rq->ptr = ptr;
	if (dmbc_inplace_guards(o, rq->start, rq->sectors))
		return give_up_range(rq, -ESTALE);
	r = look_below(rq, &below);
	if (r || below == DMBC_FRAGMENT_DIRTY)
		return give_up_range(rq, r ? r : -EAGAIN);
	return below == DMBC_FRAGMENT_HOLE ? send_both(rq) : punch(rq, send_both_later);
}

/* ---- around the cache -------------------------------------------------------- */

static int around_done(struct dmbc_request *rq, blk_status_t *error)
{
	if (!*error)
		WRITE_ONCE(rq->origin->unflushed, true);
	else
		dmbc_errors_origin(rq->origin);
	/* After a failure the dirty data stays: it is what the user last got an answer about. */
	if (rq->invalidate && !*error) {
		queue_key(rq, false, true);
		return DM_ENDIO_INCOMPLETE;
	}
	leave_range(rq);
	return dmbc_request_end_done(rq, error);
}

static int send_around(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;

	if (rq->fua)
		rq->bio->bi_opf |= REQ_FUA;
	dmbc_account_bypass(rq);
	dmbc_writeback_disk_used(o);
	return dmbc_request_remap(rq, o->bdev, rq->start, around_done);
}

static void send_around_later(struct dmbc_request *rq)
{
	send_around(rq);
}

/*
 * Over dirty data it is the other way round: the new data is durable before the
 * hole. And before both the dirty data itself: else a power cut could leave an
 * older, clean key over the new data on the disk. As FUA the request also keeps
 * its range until the hole is durable: the next write sees only a hole, and the
 * dirty data could come back over it although it was FUA itself.
 */
static int send_over_dirty(struct dmbc_request *rq)
{
	rq->fua = true;
	rq->punched = send_around_later;
	rq->waiter.fn = hole_durable;
	dmbc_journal_flush_with(rq->origin->set->store.journal, &rq->waiter, DMBC_FLUSH_ANYCTX);
	return DM_MAPIO_SUBMITTED;
}

/* In the range nothing new comes under the write, so the look that counts is the one from there. */
static int write_around(struct dmbc_request *rq)
{
	enum dmbc_fragment_kind below;
	int r;

	if (!dmbc_inflight_enter_write(rq->origin, &rq->range, rq->start, rq->sectors, &rq->wait))
		return DM_MAPIO_SUBMITTED;
	rq->in_range = true;
	rq->ptr = 0;
	if (dmbc_inplace_guards(rq->origin, rq->start, rq->sectors))
		return give_up_range(rq, -ESTALE);
	r = look_below(rq, &below);
	if (r)
		return give_up_range(rq, r);
	rq->invalidate = below == DMBC_FRAGMENT_DIRTY;
	if (rq->invalidate)
		return send_over_dirty(rq);
	return below == DMBC_FRAGMENT_CLEAN ? punch(rq, send_around_later) : send_around(rq);
}

/* ---- choice ------------------------------------------------------------------- */

/* The index cannot be changed any more: holes may still be written around, the rest would revive
 * old data when the SSD comes back, unless the origin is let go. */
static int write_failed_set(struct dmbc_request *rq, const struct dmbc_fragment *f)
{
	return f->kind == DMBC_FRAGMENT_HOLE ? write_around(rq) : wait_for_failure(rq);
}

/* One piece with the same thing under it; *@part is what of it was taken. */
static int write_fragment(struct dmbc_request *rq, const struct dmbc_fragment *f,
			  struct dmbc_request **part)
{
	int r = -ENOSPC;

	*part = rq;
	if (unlikely(READ_ONCE(rq->origin->set->state) == DMBC_SET_FAILED))
		return write_failed_set(rq, f);
	if (f->kind == DMBC_FRAGMENT_DIRTY) {
		if (!rq->ssd_failed && !dmbc_bypass_full(rq->origin->set))
			r = write_ssd(rq, part);
	} else if (rq->way == DMBC_WRITE_BOTH) {
		r = write_both(rq, part);
	}
	return r == -ENOSPC ? write_around(rq) : r;
}

static int write_by_fragments(struct dmbc_request *rq)
{
	struct dmbc_request *piece, *part;
	struct dmbc_fragment f;
	int r;

	for (;;) {
		r = look(rq, &f);
		if (r == -EAGAIN)
			return dmbc_request_later(rq, write_retry);
		if (r)
			return wait_for_failure(rq);
		piece = dmbc_request_cut(rq, f.end - rq->start);
		if (!piece)
			return dmbc_request_later(rq, write_retry);
		do {
			r = write_fragment(piece, &f, &part);
		} while (part != piece);
		if (piece == rq)
			return r;
	}
}

/* ---- volumes ------------------------------------------------------------------ */

static int write_volume(struct dmbc_request *rq);

static void wait_for_space(struct dmbc_request *rq)
{
	if (dmbc_volume_wait_space(rq->origin->set))
		write_volume(rq);
	else
		write_fail(rq, BLK_STS_NOSPC);
}

/* To the SSD or nowhere. Without a free bucket it waits for one, unless nearly all is dirty. */
static int write_volume(struct dmbc_request *rq)
{
	struct dmbc_set *set = rq->origin->set;
	struct dmbc_request *part;
	int r;

	if (rq->ssd_failed || READ_ONCE(set->state) != DMBC_SET_RUNNING)
		return write_fail(rq, BLK_STS_IOERR);
	if (dmbc_bypass_full(set))
		return write_fail(rq, BLK_STS_NOSPC);
	do {
		r = write_ssd(rq, &part);
		if (r == -ENOSPC) {
			dmbc_request_defer(rq, wait_for_space);
			return DM_MAPIO_SUBMITTED;
		}
	} while (part != rq);
	return r;
}

/* ---- begin -------------------------------------------------------------------- */

int dmbc_write_start(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	struct dmbc_request *part;
	int r;

	if (unlikely(o->volume)) {
		rq->wait.wake = range_free;
		return write_volume(rq);
	}
	if (!rq->decided) {
		rq->way = dmbc_bypass_write(rq);
		rq->decided = true;
		rq->wait.wake = range_free;
	}
	if (unlikely(READ_ONCE(o->set->state) != DMBC_SET_RUNNING) &&
	    dmbc_errors_write_allowed(o)) {
		dmbc_account_bypass(rq);
		if (rq->fua)
			rq->bio->bi_opf |= REQ_FUA;
		return dmbc_request_remap(rq, o->bdev, rq->start, dmbc_request_end_done);
	}
	if (rq->way != DMBC_WRITE_SSD || unlikely(READ_ONCE(o->set->state) != DMBC_SET_RUNNING))
		return write_by_fragments(rq);
	do {
		r = write_ssd(rq, &part);
		if (r == -ENOSPC) {
			rq->way = DMBC_WRITE_AROUND;
			return write_by_fragments(rq);
		}
	} while (part != rq);
	return r;
}
