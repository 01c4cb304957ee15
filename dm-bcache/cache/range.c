// SPDX-License-Identifier: GPL-2.0
/*
 * Owns invalidate, prefetch and verify: a walk over a range, fragment by
 * fragment of what the index has there; each walk has its step:
 *
 *   drop_fragment()    replaces a clean key by a hole, if it still is the same;
 *                      all holes are made durable at the end
 *   fill_fragment()    enters the hole as a fill, like a read miss, copies it
 *                      from the disk to the SSD and adds its key
 *   compare_fragment() enters the range like writeback, so that no write goes to
 *                      the disk there, and reads both
 *
 * What is busy is left alone: the user's own requests see to it.
 */
#include "cache/range.h"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device-mapper.h>
#include <linux/dm-io.h>
#include <linux/dm-kcopyd.h>
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/inflight.h"
#include "cache/put.h"
#include "cache/stats.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/index.h"
#include "store/journal.h"

#define DM_MSG_PREFIX "bcache"

#define STEP_SECTORS 512U /* of one look at the index */
#define SPACE_TRIES 50
#define SPACE_PAUSE_MS 20

struct walk {
	struct dmbc_origin *origin;
	struct dmbc_range_result *result;
	struct dm_kcopyd_client *kcopyd; /* prefetch */
	void *cached, *stored; /* verify: STEP_SECTORS each */
};

/* Not a hole: pinned, and unpinned by the walk. */
typedef int (*step_fn)(struct walk *w, u64 pos, const struct dmbc_fragment *f);

static bool may_go_on(struct dmbc_origin *o)
{
	return READ_ONCE(o->set->state) == DMBC_SET_RUNNING &&
	       READ_ONCE(o->tie) == DMBC_TIE_ATTACHED && !READ_ONCE(o->suspended) &&
	       !READ_ONCE(o->hurried);
}

static int walk(struct walk *w, u64 start, u64 end, step_fn step)
{
	struct dmbc_origin *o = w->origin;
	struct dmbc_fragment f;
	int r = 0;

	while (start < end && !r) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!may_go_on(o))
			return -EBUSY;
		r = dmbc_index_lookup(o->set->store.index, o->inode, start,
				      min_t(u64, end - start, STEP_SECTORS), true, &f);
		if (r)
			return r;
		r = step(w, start, &f);
		if (f.kind != DMBC_FRAGMENT_HOLE)
			dmbc_bucket_unpin(&o->set->store.buckets, f.ptr);
		start = f.end;
		cond_resched();
	}
	return r;
}

/* ---- invalidate --------------------------------------------------------------------- */

static int drop_fragment(struct walk *w, u64 pos, const struct dmbc_fragment *f)
{
	struct dmbc_origin *o = w->origin;
	u32 sectors = f->end - pos;
	struct dmbc_insert drop = {
		.key = dmbc_key_make_hole(o->inode, f->end, sectors),
		.how = DMBC_INSERT_REPLACE,
		.old = dmbc_key_make(o->inode, f->end, sectors, false, f->ptr),
	};
	struct dmbc_insert *ops[] = { &drop };
	int r;

	if (f->kind != DMBC_FRAGMENT_CLEAN)
		return 0;
	r = dmbc_index_insert(o->set->store.index, ops, 1);
	w->result->done += drop.applied;
	return r;
}

/*
 * A power cut can bring back what was dropped, until the holes are durable: the
 * writes that see only a hole by now must know. If the SSD fails they never are.
 */
int dmbc_range_invalidate(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r)
{
	struct walk w = { .origin = o, .result = r };
	int error, durable;

	atomic_inc(&o->dropping);
	error = walk(&w, start, end, drop_fragment);
	durable = dmbc_journal_flush(o->set->store.journal);
	if (!durable)
		atomic_dec(&o->dropping);
	return error ? error : durable;
}

/* ---- prefetch ------------------------------------------------------------------------ */

struct fill {
	struct dmbc_put put;
	struct dmbc_range range;
	struct completion done;
	int error;
};

static void copied(int read_error, unsigned long write_error, void *context)
{
	struct fill *fill = context;

	fill->error = read_error || write_error ? -EIO : 0;
	complete(&fill->done);
}

static bool still_wanted(struct dmbc_insert *insert)
{
	struct fill *fill = container_of(insert, struct fill, put.insert);

	return !dmbc_inflight_poisoned(fill->put.origin, &fill->range);
}

static void inserted(struct dmbc_put *put)
{
	complete(&container_of(put, struct fill, put)->done);
}

static int copy_in(struct walk *w, struct fill *fill, u64 pos, u64 ptr, u32 sectors)
{
	struct dmbc_set *set = w->origin->set;
	struct dm_io_region from = { .bdev = w->origin->bdev, .sector = pos, .count = sectors };
	struct dm_io_region to = {
		.bdev = set->bdev,
		.sector = dmbc_ptr_sector(ptr),
		.count = sectors,
	};

	dmbc_stats_ssd_write(set, sectors);
	dm_kcopyd_copy(w->kcopyd, &from, 1, &to, 0, copied, fill);
	wait_for_completion(&fill->done);
	if (fill->error)
		return fill->error;
	fill->put.done = inserted;
	fill->put.insert.key = dmbc_key_make(w->origin->inode, pos + sectors, sectors, false, ptr);
	fill->put.insert.how = DMBC_INSERT_FILL;
	fill->put.insert.check = still_wanted;
	reinit_completion(&fill->done);
	dmbc_put_queue(set, &fill->put);
	wait_for_completion(&fill->done);
	w->result->done += fill->put.insert.applied;
	return fill->put.insert.error;
}

/* Free buckets come in batches: waits a moment for the next. */
static u32 take_space(struct dmbc_origin *o, u32 want, u64 *ptr)
{
	u32 got, tries = SPACE_TRIES;

	do {
		got = dmbc_alloc_sectors(o->set->store.alloc, DMBC_ALLOC_CLEAN, o->inode, want,
					 ptr);
		if (!got)
			msleep(SPACE_PAUSE_MS);
	} while (!got && --tries && may_go_on(o));
	return got;
}

static int fill_entered(struct walk *w, struct fill *fill, u64 pos, u32 sectors)
{
	struct dmbc_origin *o = w->origin;
	u64 ptr;
	int r;

	while (sectors) {
		u32 got = take_space(o, sectors, &ptr);

		if (!got)
			return -ENOSPC;
		r = copy_in(w, fill, pos, ptr, got);
		dmbc_bucket_unpin(&o->set->store.buckets, ptr);
		if (r)
			return r;
		pos += got;
		sectors -= got;
	}
	return 0;
}

static int fill_fragment(struct walk *w, u64 pos, const struct dmbc_fragment *f)
{
	struct dmbc_origin *o = w->origin;
	u32 sectors = f->end - pos;
	struct fill *fill;
	int r = 0;

	if (f->kind != DMBC_FRAGMENT_HOLE)
		return 0;
	fill = kzalloc(sizeof(*fill), GFP_KERNEL);
	if (!fill)
		return -ENOMEM;
	init_completion(&fill->done);
	fill->put.origin = o;
	if (dmbc_inflight_try_enter(o, &fill->range, pos, sectors, DMBC_RANGE_FILL)) {
		r = fill_entered(w, fill, pos, sectors);
		dmbc_inflight_leave(o, &fill->range);
	}
	kfree(fill);
	return r;
}

int dmbc_range_prefetch(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r)
{
	struct walk w = { .origin = o, .result = r, .kcopyd = dm_kcopyd_client_create(NULL) };
	int error;

	if (IS_ERR(w.kcopyd))
		return PTR_ERR(w.kcopyd);
	error = walk(&w, start, end, fill_fragment);
	dm_kcopyd_client_destroy(w.kcopyd);
	return error;
}

/* ---- verify -------------------------------------------------------------------------- */

/* *@first: the first of them. */
static u32 count_differing(const struct walk *w, u32 sectors, u32 *first)
{
	u32 i, differing = 0;

	for (i = 0; i < sectors; i++)
		if (memcmp(w->cached + (i << SECTOR_SHIFT), w->stored + (i << SECTOR_SHIFT),
			   1 << SECTOR_SHIFT) &&
		    !differing++)
			*first = i;
	return differing;
}

/* In the range: the disk does not change; the bucket is pinned: neither does the copy. */
static int compare_entered(struct walk *w, u64 pos, const struct dmbc_fragment *f)
{
	struct dmbc_origin *o = w->origin;
	u32 sectors = f->end - pos, differing, first = 0;
	struct dmbc_fragment now;
	int r = dmbc_index_lookup(o->set->store.index, o->inode, pos, sectors, true, &now);

	if (r)
		return r;
	if (now.kind != DMBC_FRAGMENT_HOLE)
		dmbc_bucket_unpin(&o->set->store.buckets, now.ptr);
	if (now.kind != DMBC_FRAGMENT_CLEAN || now.ptr != f->ptr || now.end != f->end)
		return 0;
	r = dmbc_blockio_read(o->set->store.io, dmbc_ptr_sector(f->ptr), sectors, w->cached);
	r = r ? r : dmbc_blockio_read(o->io, pos, sectors, w->stored);
	if (r)
		return r;
	differing = count_differing(w, sectors, &first);
	w->result->done += sectors;
	w->result->differing += differing;
	if (differing)
		DMERR_LIMIT("%s: %u sectors from %llu on differ from their copy on SSD %s", o->name,
			    differing, (unsigned long long)pos + first, o->set->name);
	return 0;
}

static int compare_fragment(struct walk *w, u64 pos, const struct dmbc_fragment *f)
{
	struct dmbc_range range;
	int r;

	if (f->kind != DMBC_FRAGMENT_CLEAN)
		return 0;
	if (!dmbc_inflight_try_enter(w->origin, &range, pos, f->end - pos, DMBC_RANGE_COPY))
		return 0;
	r = compare_entered(w, pos, f);
	dmbc_inflight_leave(w->origin, &range);
	return r;
}

int dmbc_range_verify(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r)
{
	struct walk w = {
		.origin = o,
		.result = r,
		.cached = kvmalloc(STEP_SECTORS << SECTOR_SHIFT, GFP_KERNEL),
		.stored = kvmalloc(STEP_SECTORS << SECTOR_SHIFT, GFP_KERNEL),
	};
	int error = -ENOMEM;

	if (w.cached && w.stored)
		error = walk(&w, start, end, compare_fragment);
	atomic64_add(r->done, &o->verified);
	atomic64_add(r->differing, &o->differing);
	kvfree(w.cached);
	kvfree(w.stored);
	return error;
}
