// SPDX-License-Identifier: GPL-2.0
/*
 * Owns fills, see fill.h. Steps in time order: dmbc_fill_begin(),
 * dmbc_fill_copy(), dmbc_fill_write(), written(), then the insert worker calls
 * still_wanted() and inserted().
 *
 * A fill is optional work: it never waits for memory or space and is dropped at
 * the first difficulty. Its memory is limited per set.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/fill.h"
#include "cache/origin.h"
#include "cache/request.h"
#include "cache/stats.h"
#include "compat/compat.h"
#include "store/alloc.h"

struct dmbc_fill {
	struct dmbc_origin *origin;
	u64 start;
	u32 sectors;
	u64 ptr; /* pinned from dmbc_fill_write() on */
	struct bio *bio;
	struct dmbc_range range;
	struct dmbc_put put;
};

#define FILL_GFP (GFP_NOWAIT | __GFP_NORETRY | __GFP_NOWARN)

struct dmbc_fill *dmbc_fill_begin(struct dmbc_request *rq)
{
	struct dmbc_fill *fill = kmalloc(sizeof(*fill), FILL_GFP);

	if (!fill)
		return NULL;
	fill->origin = rq->origin;
	fill->start = rq->start;
	fill->sectors = rq->sectors;
	fill->bio = NULL;
	if (dmbc_inflight_try_enter(rq->origin, &fill->range, rq->start, rq->sectors,
				    DMBC_RANGE_FILL))
		return fill;
	kfree(fill);
	return NULL;
}

void dmbc_fill_abort(struct dmbc_fill *fill)
{
	dmbc_inflight_leave(fill->origin, &fill->range);
	kfree(fill);
}

static void bio_drop(struct dmbc_fill *fill)
{
	struct bio *bio = fill->bio;
	unsigned int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		__free_page(bio->bi_io_vec[i].bv_page);
	atomic_sub(bio->bi_vcnt, &fill->origin->set->fill_pages);
	bio_uninit(bio);
	kfree(bio);
}

static void fill_end(struct dmbc_fill *fill)
{
	bio_drop(fill);
	dmbc_fill_abort(fill);
}

static bool pages_allowed(struct dmbc_set *set, unsigned int pages)
{
	if (atomic_add_return(pages, &set->fill_pages) <= set->fill_pages_max)
		return true;
	atomic_sub(pages, &set->fill_pages);
	return false;
}

/* Pages for the whole fill, or nothing. */
static bool fill_pages_add(struct bio *bio, u32 bytes)
{
	while (bytes) {
		u32 len = min_t(u32, bytes, PAGE_SIZE);
		struct page *page = alloc_page(GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);

		if (!page)
			return false;
		if (bio_add_page(bio, page, len, 0) != len) {
			__free_page(page);
			return false;
		}
		bytes -= len;
	}
	return true;
}

static bool bio_make(struct dmbc_fill *fill)
{
	struct dmbc_set *set = fill->origin->set;
	u32 bytes = fill->sectors << SECTOR_SHIFT;
	unsigned int pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct bio *bio;

	if (!pages_allowed(set, pages))
		return false;
	bio = bio_kmalloc(pages, GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);
	if (bio) {
		bio_init(bio, set->bdev, bio_inline_vecs(bio), pages, REQ_OP_WRITE);
		fill->bio = bio;
		if (fill_pages_add(bio, bytes))
			return true;
		/* bio_drop() gives back what is in the bio; the rest goes here. */
		atomic_sub(pages - bio->bi_vcnt, &set->fill_pages);
		bio_drop(fill);
		return false;
	}
	atomic_sub(pages, &set->fill_pages);
	return false;
}

bool dmbc_fill_copy(struct dmbc_fill *fill, struct bio *from)
{
	if (dmbc_inflight_poisoned(fill->origin, &fill->range) || !bio_make(fill)) {
		dmbc_fill_abort(fill);
		return false;
	}
	bio_copy_data(fill->bio, from);
	return true;
}

static bool still_wanted(struct dmbc_insert *insert)
{
	struct dmbc_fill *fill = container_of(insert, struct dmbc_fill, put.insert);

	return !dmbc_inflight_poisoned(fill->origin, &fill->range);
}

static void inserted(struct dmbc_put *put)
{
	struct dmbc_fill *fill = container_of(put, struct dmbc_fill, put);

	if (put->insert.applied)
		dmbc_count(fill->origin, fills);
	else
		dmbc_count(fill->origin, fill_races);
	dmbc_bucket_unpin(&fill->origin->set->store.buckets, fill->ptr);
	fill_end(fill);
}

static void written(struct bio *bio)
{
	struct dmbc_fill *fill = bio->bi_private;
	struct dmbc_origin *o = fill->origin;

	if (bio->bi_status) {
		dmbc_errors_ssd(o->set);
		dmbc_bucket_unpin(&o->set->store.buckets, fill->ptr);
		fill_end(fill);
		return;
	}
	fill->put.origin = o;
	fill->put.done = inserted;
	fill->put.insert.key = dmbc_key_make(o->inode, fill->start + fill->sectors, fill->sectors,
					     false, fill->ptr);
	fill->put.insert.how = DMBC_INSERT_FILL;
	fill->put.insert.check = still_wanted;
	dmbc_put_queue(o->set, &fill->put);
}

void dmbc_fill_write(struct dmbc_fill *fill)
{
	struct dmbc_set *set = fill->origin->set;
	u32 stream = fill->origin->inode;

	fill->sectors = dmbc_alloc_sectors(set->store.alloc, DMBC_ALLOC_CLEAN, stream,
					   fill->sectors, &fill->ptr);
	if (!fill->sectors) {
		fill_end(fill);
		return;
	}
	/* What was not granted is simply not cached. */
	fill->bio->bi_iter.bi_size = fill->sectors << SECTOR_SHIFT;
	fill->bio->bi_iter.bi_sector = dmbc_ptr_sector(fill->ptr);
	fill->bio->bi_private = fill;
	fill->bio->bi_end_io = written;
	dmbc_stats_ssd_write(set, fill->sectors);
	submit_bio_noacct(fill->bio);
}
