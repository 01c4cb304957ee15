// SPDX-License-Identifier: GPL-2.0
/*
 * Owns one round of moving gc. In time order: choose() marks the sparsest data
 * buckets, as many as the space set aside for moving takes; the index is walked
 * for keys in them; move_keys() copies a group from SSD to SSD and replaces
 * the keys where they still are the same. Emptied buckets are the refill's.
 *
 * A moved key is as dirty as it was. No flush is needed: the journal entry with
 * the new key makes the copied data durable first.
 */
#include "cache/gc_move.h"

#include <linux/dm-io.h>
#include <linux/dm-kcopyd.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/origin.h"
#include "cache/stats.h"
#include "store/alloc.h"
#include "store/index.h"

#define GROUP 64 /* copies in flight */
#define CLASSES 32 /* of fullness, up to half a bucket */
#define RESERVE_SHARE 1024 /* of the buckets are set aside for moving */

struct move {
	struct mover *mover;
	struct dmbc_key old; /* pinned */
	struct dmbc_insert insert; /* .key is pinned */
	bool failed;
};

struct mover {
	struct dmbc_set *set;
	struct dm_kcopyd_client *kcopyd;
	atomic_t pending; /* copies, and one for who submits them */
	struct completion done;
	u32 nr;
	struct move move[GROUP];
	struct dmbc_insert *ops[GROUP];
	struct dmbc_key keys[GROUP];
	s64 moved;
};

/* ---- choice ------------------------------------------------------------------------ */

static bool is_sparse(const struct dmbc_set *set, const struct dmbc_bucket *b)
{
	u32 live = READ_ONCE(b->live);

	return READ_ONCE(b->use) == DMBC_BUCKET_DATA && live &&
	       live < set->store.g.bucket_sectors / 2 && !atomic_read(&b->pins);
}

static u32 class_of(const struct dmbc_set *set, const struct dmbc_bucket *b)
{
	return min_t(u32, READ_ONCE(b->live) * 2 * CLASSES / set->store.g.bucket_sectors,
		     CLASSES - 1);
}

/* Live sectors of sparse buckets by fullness: how far up does the budget reach? */
static u32 choose_class(const struct dmbc_set *set, u64 budget)
{
	u64 live[CLASSES] = {}, sum = 0, i;
	u32 class;

	for (i = dmbc_geometry_first_free(&set->store.g); i < set->store.g.nbuckets; i++)
		if (is_sparse(set, &set->store.buckets.b[i]))
			live[class_of(set, &set->store.buckets.b[i])] +=
				READ_ONCE(set->store.buckets.b[i].live);
	for (class = 0; class < CLASSES; class ++) {
		sum += live[class];
		if (sum >= budget)
			return class;
	}
	return CLASSES - 1;
}

/* Marks the buckets to be emptied; returns how many. */
static u32 choose(struct dmbc_set *set)
{
	u64 budget =
		(div_u64(set->store.g.nbuckets, RESERVE_SHARE) + 1) * set->store.g.bucket_sectors;
	u32 class = choose_class(set, budget), nr = 0;
	u64 i;

	for (i = dmbc_geometry_first_free(&set->store.g); i < set->store.g.nbuckets; i++) {
		struct dmbc_bucket *b = &set->store.buckets.b[i];

		if (!budget || !is_sparse(set, b) || class_of(set, b) > class)
			continue;
		WRITE_ONCE(b->move, 1);
		budget -= min_t(u64, budget, READ_ONCE(b->live));
		nr++;
	}
	return nr;
}

static void forget_choice(struct dmbc_set *set)
{
	u64 i;

	for (i = 0; i < set->store.g.nbuckets; i++)
		if (READ_ONCE(set->store.buckets.b[i].move))
			WRITE_ONCE(set->store.buckets.b[i].move, 0);
}

static bool in_chosen(void *ctx, const struct dmbc_key *k)
{
	struct dmbc_set *set = ctx;

	return dmbc_key_has_ptr(k) && dmbc_key_size(k) &&
	       READ_ONCE(dmbc_bucket_at_sector(&set->store.buckets, dmbc_ptr_sector(k->ptr))->move);
}

/* ---- a group ------------------------------------------------------------------------- */

static void copy_over(struct mover *mv)
{
	if (atomic_dec_and_test(&mv->pending))
		complete(&mv->done);
}

static void copied(int read_error, unsigned long write_error, void *context)
{
	struct move *m = context;

	if (read_error || write_error) {
		m->failed = true;
		dmbc_errors_ssd(m->mover->set);
	}
	copy_over(m->mover);
}

static void copy_start(struct mover *mv, struct move *m)
{
	struct block_device *bdev = mv->set->bdev;
	struct dm_io_region from = {
		.bdev = bdev,
		.sector = dmbc_ptr_sector(m->old.ptr),
		.count = dmbc_key_size(&m->old),
	};
	struct dm_io_region to = {
		.bdev = bdev,
		.sector = dmbc_ptr_sector(m->insert.key.ptr),
		.count = from.count,
	};

	atomic_inc(&mv->pending);
	dmbc_stats_ssd_write(mv->set, from.count);
	dm_kcopyd_copy(mv->kcopyd, &from, 1, &to, 0, copied, m);
}

/*
 * Takes the front of @k as far as the space found reaches. False: stale, or no
 * space. A bucket may hold more than one key asks for, but a key is never cut
 * below a block.
 */
static bool take_front(struct mover *mv, struct dmbc_key *k)
{
	struct dmbc_set *set = mv->set;
	struct move *m = &mv->move[mv->nr];
	u32 size = dmbc_key_size(k), got;
	u64 ptr, start = dmbc_key_start(k);

	if (!dmbc_bucket_pin(&set->store.buckets, k->ptr))
		return false;
	got = dmbc_alloc_sectors(set->store.alloc, DMBC_ALLOC_MOVED, dmbc_key_inode(k), size, &ptr);
	if (!got) {
		dmbc_bucket_unpin(&set->store.buckets, k->ptr);
		return false;
	}
	m->mover = mv;
	m->failed = false;
	m->old = dmbc_key_make(dmbc_key_inode(k), start + got, got, dmbc_key_dirty(k), k->ptr);
	m->insert = (struct dmbc_insert){
		.key = dmbc_key_make(dmbc_key_inode(k), start + got, got, dmbc_key_dirty(k), ptr),
		.how = DMBC_INSERT_REPLACE,
		.old = m->old,
	};
	mv->nr++;
	k->ptr = dmbc_ptr_make(dmbc_ptr_sector(k->ptr) + got, dmbc_ptr_gen(k->ptr));
	dmbc_key_set_size(k, size - got);
	copy_start(mv, m);
	return true;
}

/* Waits for the copies and puts what came through into the index. */
static int finish_group(struct mover *mv)
{
	struct dmbc_set *set = mv->set;
	u32 i, nr_ops = 0;
	int r = 0;

	copy_over(mv);
	wait_for_completion(&mv->done);
	for (i = 0; i < mv->nr; i++)
		if (!mv->move[i].failed)
			mv->ops[nr_ops++] = &mv->move[i].insert;
	if (nr_ops)
		r = dmbc_index_insert(set->store.index, mv->ops, nr_ops);
	for (i = 0; i < mv->nr; i++) {
		mv->moved += mv->move[i].insert.applied;
		dmbc_bucket_unpin(&set->store.buckets, mv->move[i].insert.key.ptr);
		dmbc_bucket_unpin(&set->store.buckets, mv->move[i].old.ptr);
	}
	mv->nr = 0;
	return r;
}

static void begin_group(struct mover *mv)
{
	atomic_set(&mv->pending, 1);
	reinit_completion(&mv->done);
}

/* -ENOSPC: no more space for moving. */
static int move_keys(struct mover *mv, u32 nr)
{
	bool full = false;
	int r = 0;
	u32 i;

	begin_group(mv);
	for (i = 0; i < nr && !r && !full; i++) {
		struct dmbc_key *k = &mv->keys[i];

		while (!r && dmbc_key_size(k) && take_front(mv, k)) {
			if (mv->nr < GROUP)
				continue;
			r = finish_group(mv);
			begin_group(mv);
		}
		full = dmbc_key_size(k) && !dmbc_bucket_stale(&mv->set->store.buckets, k->ptr);
	}
	if (r)
		return r;
	r = finish_group(mv);
	return r ? r : full ? -ENOSPC : 0;
}

/* ---- a round --------------------------------------------------------------------------- */

static int walk(struct mover *mv, bool (*stop)(void))
{
	struct dmbc_index_scan scan = {
		.end_inode = DMBC_KEY_MAX_INODE,
		.end_pos = DMBC_KEY_MAX_OFFSET,
		.want = in_chosen,
		.ctx = mv->set,
	};
	int nr, r;

	while (!scan.done && !stop()) {
		nr = dmbc_index_scan(mv->set->store.index, &scan, mv->keys, GROUP);
		if (nr < 0)
			return nr;
		r = nr ? move_keys(mv, nr) : 0;
		if (r)
			return r == -ENOSPC ? 0 : r;
	}
	return 0;
}

s64 dmbc_gc_move(struct dmbc_set *set, bool (*stop)(void))
{
	struct mover *mv;
	s64 r;

	mv = kvzalloc(sizeof(*mv), GFP_KERNEL);
	if (!mv)
		return -ENOMEM;
	mv->set = set;
	init_completion(&mv->done);
	mv->kcopyd = dm_kcopyd_client_create(NULL);
	if (IS_ERR(mv->kcopyd)) {
		r = PTR_ERR(mv->kcopyd);
	} else {
		r = choose(set) ? walk(mv, stop) : 0;
		forget_choice(set);
		dm_kcopyd_client_destroy(mv->kcopyd);
	}
	if (!r)
		r = mv->moved;
	kvfree(mv);
	return r;
}
