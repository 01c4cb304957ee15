/* SPDX-License-Identifier: GPL-2.0 */
/* A disk, a journal, buckets, their allocator, generations and refill: one set for each test. */
#ifndef DMBC_TESTS_BUCKETS_FIXTURE_H
#define DMBC_TESTS_BUCKETS_FIXTURE_H

#include "fiber_test.h"

#include <linux/err.h>
#include <linux/log2.h>
#include <linux/workqueue.h>

#include "store/alloc.h"
#include "store/blockio.h"
#include "store/gens.h"
#include "store/journal.h"
#include "store/refill.h"

#include "sim/sim_disk.h"

struct fixture {
	/* what the test asks for */
	void (*fn)(struct fixture *f);
	__u64 nbuckets;
	__u32 bucket_sectors;

	struct dmbc_geometry g;
	struct dmbc_blockio *io;
	struct workqueue_struct *wq;
	struct dmbc_journal *j;
	struct dmbc_buckets bs;
	struct dmbc_alloc *a;
	struct dmbc_gens *gens;
	struct dmbc_refill *r;
};

/* A key for what entries must name and these tests do not use: in the last bucket. */
static inline struct dmbc_key fixture_dummy(struct fixture *f, __u32 inode, __u64 low)
{
	__u64 sector = dmbc_geometry_sector(&f->g, f->g.nbuckets - 1);

	return dmbc_key_make(inode, low, f->g.node_sectors, false, dmbc_ptr_make(sector, 0));
}

static inline void fixture_open_memory(struct fixture *f)
{
	assert_int_equal(dmbc_buckets_init(&f->bs, &f->g), 0);
	dmbc_bucket_set_metadata(&f->bs, f->g.nbuckets - 1);
	f->a = dmbc_alloc_create(&f->bs);
	assert_false(IS_ERR(f->a));
	f->gens = dmbc_gens_create(f->io, &f->bs, f->a, f->j);
	assert_false(IS_ERR(f->gens));
	f->r = dmbc_refill_create(f->a, &f->bs, f->gens, DMBC_REPLACE_LRU);
	assert_false(IS_ERR(f->r));
}

static inline void fixture_close_memory(struct fixture *f)
{
	dmbc_refill_destroy(f->r);
	dmbc_gens_destroy(f->gens);
	dmbc_alloc_destroy(f->a);
	dmbc_buckets_exit(&f->bs);
}

static inline void fixture_create_journal(struct fixture *f)
{
	f->wq = alloc_workqueue("test", WQ_MEM_RECLAIM, 0);
	f->j = dmbc_journal_create(f->io, &f->g, f->wq);
	assert_false(IS_ERR(f->j));
}

static inline void fixture_close_journal(struct fixture *f)
{
	dmbc_journal_stop(f->j);
	dmbc_journal_destroy(f->j);
	destroy_workqueue(f->wq);
	sim_sleep(2); /* the last completion has returned */
}

static inline void fixture_start_journal(struct fixture *f)
{
	struct dmbc_key root = fixture_dummy(f, DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET);
	struct dmbc_key uuids = fixture_dummy(f, 0, 0);

	dmbc_journal_set_root(f->j, &root, 0);
	dmbc_journal_set_uuids(f->j, &uuids);
	dmbc_journal_set_prios(f->j, f->g.nbuckets - 1);
	dmbc_journal_start_new(f->j);
}

static inline int fixture_begin(void **state)
{
	struct fixture *f = *state;

	f->g = fixture_geometry();
	f->g.nbuckets = f->nbuckets;
	f->g.bucket_sectors = f->bucket_sectors;
	f->g.bucket_shift = ilog2(f->bucket_sectors);
	f->g.meta_sectors = dmbc_meta_sectors(f->bucket_sectors);
	f->g.node_sectors = dmbc_node_sectors(f->bucket_sectors);
	f->io = sim_disk_create(f->nbuckets * f->bucket_sectors);
	fixture_create_journal(f);
	fixture_start_journal(f);
	fixture_open_memory(f);
	dmbc_refill_seed(f->r);
	return 0;
}

static inline int fixture_end(void **state)
{
	struct fixture *f = *state;

	fixture_close_memory(f);
	fixture_close_journal(f);
	dmbc_blockio_destroy(f->io);
	return 0;
}

/* What start-up would find named by the newest entry. */
static inline struct dmbc_journal_found fixture_named(struct fixture *f)
{
	struct dmbc_journal *j = dmbc_journal_create(f->io, &f->g, f->wq);
	struct dmbc_journal_found found;
	struct dmbc_why why;

	assert_false(IS_ERR(j));
	assert_int_equal(dmbc_journal_read(j, &found, &why), 0);
	dmbc_journal_stop(j);
	dmbc_journal_destroy(j);
	return found;
}

/*
 * The power is cut (or was) and comes back: only the medium is left. The journal
 * goes on; bucket memory is fresh, nothing is free. Returns the prio chain named.
 */
static inline __u64 fixture_power_cycle(struct fixture *f, __u64 seed)
{
	struct dmbc_journal_found found;
	struct sim_image *image;
	struct dmbc_why why;

	fixture_close_memory(f);
	sim_disk_cut_now(f->io);
	fixture_close_journal(f);
	image = sim_disk_crash_image(f->io, seed);
	dmbc_blockio_destroy(f->io);
	f->io = sim_disk_reopen(image);
	fixture_create_journal(f);
	assert_int_equal(dmbc_journal_read(f->j, &found, &why), 0);
	dmbc_journal_set_root(f->j, &found.root, found.root_level);
	dmbc_journal_set_uuids(f->j, &found.uuid_bucket);
	dmbc_journal_set_prios(f->j, found.prio_bucket);
	dmbc_journal_start_replay(f->j);
	dmbc_journal_replay_done(f->j);
	fixture_open_memory(f);
	return found.prio_bucket;
}

static inline void fixture_test_main(void **state)
{
	struct fixture *f = *state;

	f->fn(f);
}

#define fixture_test_sized(test, buckets, sectors)                                                 \
	{                                                                                          \
#test, fiber_test_run, NULL, NULL, &(struct fiber_test)                            \
		{                                                                                  \
			fixture_test_main, fixture_begin, fixture_end, &(struct fixture)           \
			{                                                                          \
				.fn = test, .nbuckets = buckets, .bucket_sectors = sectors         \
			}                                                                          \
		}                                                                                  \
	}
#define fixture_test(fn) fixture_test_sized(fn, 600, 64)

#endif
