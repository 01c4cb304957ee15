// SPDX-License-Identifier: GPL-2.0
/*
 * The index on top of all the store's other parts, against a map of sectors.
 *
 * Several workers, each with an inode of its own, insert, fill, replace,
 * invalidate and look up at once, while gc passes go on and buckets are
 * refilled. After every round the whole tree is compared with the maps and the
 * counters with a recount; then the set is sometimes stopped, or cut off after
 * a journal flush, and started again from the medium.
 */
#include "lib_fixture.h"

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "lib/extent.h"
#include "shim.h"
#include "sim_disk.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/gens.h"
#include "store/index.h"
#include "store/index_internal.h"
#include "store/journal.h"
#include "store/node.h"
#include "store/refill.h"
#include "store/uuids.h"

#define WORKERS 3

/* ---- a set ------------------------------------------------------------------------ */

struct machine {
	struct dmbc_geometry g;
	struct dmbc_blockio *io;
	struct workqueue_struct *wq;
	struct dmbc_buckets bs;
	struct dmbc_alloc *alloc;
	struct dmbc_journal *journal;
	struct dmbc_gens *gens;
	struct dmbc_refill *refill;
	struct dmbc_uuids *uuids;
	struct dmbc_nodes *nodes;
	struct dmbc_index *index;
	bool gc_wanted;
	unsigned int max_depth;
	__u64 rewritten, merged, passes, starts;
};

static void reclaim(void *ctx, __u64 seq)
{
	struct machine *m = ctx;

	dmbc_nodes_write_older(m->nodes, seq);
}

static void want_gc(void *ctx)
{
	struct machine *m = ctx;

	m->gc_wanted = true;
}

static void create_parts(struct machine *m)
{
	assert_int_equal(dmbc_blockio_set_node_sectors(m->io, m->g.node_sectors), 0);
	m->wq = alloc_workqueue("store", WQ_MEM_RECLAIM, 0);
	assert_int_equal(dmbc_buckets_init(&m->bs, &m->g), 0);
	m->alloc = dmbc_alloc_create(&m->bs);
	m->journal = dmbc_journal_create(m->io, &m->g, m->wq);
	m->gens = dmbc_gens_create(m->io, &m->bs, m->alloc, m->journal);
	m->refill = dmbc_refill_create(m->alloc, &m->bs, m->gens, DMBC_REPLACE_LRU);
	m->uuids = dmbc_uuids_create(m->io, &m->g, &m->bs, m->alloc, m->journal);
	m->nodes = dmbc_nodes_create(&(struct dmbc_nodes_config){
		.io = m->io,
		.g = &m->g,
		.journal = m->journal,
		.wq = m->wq,
		.cap_bytes = (16ULL << sim_random_below(4)) * m->g.node_sectors * 512,
	});
	m->index = dmbc_index_create(&(struct dmbc_index_config){
		.g = &m->g,
		.nodes = m->nodes,
		.buckets = &m->bs,
		.alloc = m->alloc,
		.journal = m->journal,
		.inodes = WORKERS,
	});
	dmbc_journal_on_reclaim(m->journal, reclaim, m);
	dmbc_refill_on_want_gc(m->refill, want_gc, m);
}

static void start_new(struct machine *m)
{
	create_parts(m);
	dmbc_journal_start_new(m->journal);
	dmbc_refill_seed(m->refill);
	assert_int_equal(dmbc_index_create_root(m->index), 0);
	assert_int_equal(dmbc_uuids_write(m->uuids), 0);
	assert_int_equal(dmbc_gens_write(m->gens), 0);
	assert_int_equal(dmbc_refill_start(m->refill), 0);
}

static int mark_keys(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	struct machine *m = ctx;

	(void)seq;
	return dmbc_index_mark_journal(m->index, keys, nr);
}

static int replay_keys(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	struct machine *m = ctx;
	int r = dmbc_index_replay(m->index, seq, keys, nr);

	if (!r)
		dmbc_journal_replayed(m->journal, seq);
	return r;
}

static int unmark_keys(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	struct machine *m = ctx;

	(void)seq;
	dmbc_index_unmark_journal(m->index, keys, nr);
	return 0;
}

static void start_again(struct machine *m)
{
	struct dmbc_journal_found f;
	struct dmbc_why why = { "" };

	create_parts(m);
	check_ok(dmbc_journal_read(m->journal, &f, &why), &why);
	check_ok(dmbc_gens_load(m->gens, f.prio_bucket, &why), &why);
	check_ok(dmbc_uuids_load(m->uuids, &f.uuid_bucket, f.uuids_old, &why), &why);
	check_ok(dmbc_index_open_root(m->index, &f.root, f.root_level, &why), &why);
	check_ok(dmbc_index_mark(m->index, &why), &why);
	assert_int_equal(dmbc_journal_each(m->journal, mark_keys, m), 0);
	dmbc_journal_set_root(m->journal, &f.root, f.root_level);
	dmbc_journal_start_replay(m->journal);
	assert_int_equal(dmbc_refill_start(m->refill), 0);
	assert_int_equal(dmbc_journal_each(m->journal, replay_keys, m), 0);
	assert_int_equal(dmbc_journal_each(m->journal, unmark_keys, m), 0);
	dmbc_journal_replay_done(m->journal);
	m->starts++;
}

static void stop(struct machine *m)
{
	dmbc_refill_stop(m->refill);
	assert_int_equal(dmbc_nodes_write_all(m->nodes), 0);
	dmbc_journal_stop(m->journal);
	dmbc_index_destroy(m->index);
	dmbc_nodes_destroy(m->nodes);
	dmbc_uuids_destroy(m->uuids);
	dmbc_refill_destroy(m->refill);
	dmbc_gens_destroy(m->gens);
	dmbc_journal_destroy(m->journal);
	dmbc_alloc_destroy(m->alloc);
	dmbc_buckets_exit(&m->bs);
	destroy_workqueue(m->wq);
}

static void stop_and_reopen(struct machine *m)
{
	struct sim_image *image;

	stop(m);
	image = sim_disk_image(m->io);
	dmbc_blockio_destroy(m->io);
	m->io = sim_disk_reopen(image);
}

/* What a power cut leaves of the medium is all there is, once the journal is flushed. */
static void crash_and_reopen(struct machine *m)
{
	struct sim_image *image;

	assert_int_equal(dmbc_journal_flush(m->journal), 0);
	image = sim_disk_crash_image(m->io, sim_random_below(100));
	stop(m);
	dmbc_blockio_destroy(m->io);
	m->io = sim_disk_reopen(image);
}

/* ---- the map ------------------------------------------------------------------------- */

struct cell {
	__u64 ptr; /* pointer word of this sector; 0: nothing */
	bool dirty;
};

struct worker {
	struct machine *m;
	__u32 inode;
	__u32 sectors;
	struct cell *cell;
	unsigned int steps;
	unsigned int *running;
};

static bool stale(const struct worker *w, const struct cell *c)
{
	return !c->dirty && dmbc_bucket_stale(&w->m->bs, c->ptr);
}

/* Compares one fragment with the map; forgets what the refill has taken. */
static void compare(struct worker *w, __u64 start, const struct dmbc_fragment *f)
{
	__u64 s;

	assert_true(f->end > start);
	for (s = start; s < f->end && s < w->sectors; s++) {
		struct cell *c = &w->cell[s];

		if (f->kind == DMBC_FRAGMENT_HOLE) {
			if (c->ptr && !stale(w, c))
				fail_msg("inode %u sector %llu: hole instead of %llx%s", w->inode,
					 (unsigned long long)s, (unsigned long long)c->ptr,
					 c->dirty ? " dirty" : "");
			c->ptr = 0;
			c->dirty = false;
			continue;
		}
		if (c->ptr != f->ptr + ((s - start) << DMBC_PTR_OFFSET_SHIFT))
			fail_msg("inode %u sector %llu: %llx instead of %llx", w->inode,
				 (unsigned long long)s,
				 (unsigned long long)(f->ptr +
						      ((s - start) << DMBC_PTR_OFFSET_SHIFT)),
				 (unsigned long long)c->ptr);
		assert_int_equal(c->dirty, f->kind == DMBC_FRAGMENT_DIRTY);
	}
}

static void look(struct worker *w, __u64 start, __u32 sectors, struct dmbc_fragment *f)
{
	int r = -EAGAIN;

	if (sim_random_below(2))
		r = dmbc_index_lookup(w->m->index, w->inode, start, sectors, false, f);
	if (r == -EAGAIN)
		r = dmbc_index_lookup(w->m->index, w->inode, start, sectors, true, f);
	assert_int_equal(r, 0);
	assert_true(f->end <= start + sectors);
}

static void unlook(struct worker *w, struct dmbc_fragment *f)
{
	if (f->kind != DMBC_FRAGMENT_HOLE)
		dmbc_bucket_unpin(&w->m->bs, f->ptr);
}

static void check_range(struct worker *w, __u64 start, __u64 end)
{
	while (start < end) {
		struct dmbc_fragment f;

		look(w, start, end - start, &f);
		compare(w, start, &f);
		unlook(w, &f);
		start = f.end;
	}
}

static void set_cells(struct worker *w, __u64 start, __u64 end, __u64 ptr, bool dirty)
{
	__u64 s;

	for (s = start; s < end; s++) {
		w->cell[s].ptr = ptr ? ptr + ((s - start) << DMBC_PTR_OFFSET_SHIFT) : 0;
		w->cell[s].dirty = dirty;
	}
}

/* ---- steps ------------------------------------------------------------------------------ */

static bool agree(struct dmbc_insert *op)
{
	(void)op;
	return true;
}

static bool refuse(struct dmbc_insert *op)
{
	(void)op;
	return false;
}

/* Space for up to @want sectors; waits for some. */
static __u32 take_space(struct worker *w, enum dmbc_alloc_kind kind, __u32 want, __u64 *ptr)
{
	unsigned int tries;

	for (tries = 0; tries < 20; tries++) {
		__u32 got = dmbc_alloc_sectors(w->m->alloc, kind, sim_random_below(4), want, ptr);

		if (got)
			return got < want ? got : want;
		sim_sleep(1);
	}
	return 0;
}

static void step_clean(struct worker *w, __u64 start, __u32 want, bool move);

static void step_set(struct worker *w, __u64 start, __u32 want)
{
	bool dirty = sim_random_below(3), skip = !sim_random_below(16);
	struct dmbc_insert op = { .how = DMBC_INSERT_SET, .check = agree }, *ops = &op;
	__u32 got;
	__u64 ptr;

	got = take_space(w, dirty ? DMBC_ALLOC_DIRTY : DMBC_ALLOC_CLEAN, want, &ptr);
	if (!got) {
		step_clean(w, start, want, false);
		return;
	}
	op.key = dmbc_key_make(w->inode, start + got, got, dirty, ptr);
	if (skip)
		op.check = refuse;
	assert_int_equal(dmbc_index_insert(w->m->index, &ops, 1), 0);
	assert_int_equal(op.applied, skip ? 0 : got);
	if (!skip)
		set_cells(w, start, start + got, ptr, dirty);
	check_range(w, start, start + got);
	dmbc_bucket_unpin(&w->m->bs, ptr);
}

/* Neighbouring keys in one batch. */
static void step_batch(struct worker *w, __u64 start)
{
	struct dmbc_insert op[16] = { 0 }, *ops[16];
	__u32 nr, i, got;
	__u64 ptr[16], pos = start;

	for (nr = 0; nr < 16; nr++) {
		__u32 want = 1 + sim_random_below(6);

		if (pos + want > w->sectors)
			break;
		got = take_space(w, DMBC_ALLOC_CLEAN, want, &ptr[nr]);
		if (!got)
			break;
		op[nr].how = DMBC_INSERT_SET;
		op[nr].key = dmbc_key_make(w->inode, pos + got, got, false, ptr[nr]);
		ops[nr] = &op[nr];
		pos += got + sim_random_below(3);
		if (pos >= w->sectors)
			pos = start;
	}
	if (!nr)
		return;
	assert_int_equal(dmbc_index_insert(w->m->index, ops, nr), 0);
	for (i = 0; i < nr; i++) {
		assert_int_equal(op[i].applied, dmbc_key_size(&op[i].key));
		set_cells(w, dmbc_key_start(&op[i].key), op[i].key.low, ptr[i], false);
	}
	for (i = 0; i < nr; i++)
		dmbc_bucket_unpin(&w->m->bs, ptr[i]);
}

static void step_fill(struct worker *w, __u64 start, __u32 want)
{
	struct dmbc_insert op = { .how = DMBC_INSERT_FILL }, *ops = &op;
	__u64 ptr, s;
	__u32 got = take_space(w, DMBC_ALLOC_CLEAN, want, &ptr);

	if (!got)
		return;
	op.key = dmbc_key_make(w->inode, start + got, got, false, ptr);
	assert_int_equal(dmbc_index_insert(w->m->index, &ops, 1), 0);
	for (s = start; s < start + got; s++) {
		struct cell *c = &w->cell[s];
		__u64 mine = ptr + ((s - start) << DMBC_PTR_OFFSET_SHIFT);
		struct dmbc_fragment f;

		look(w, s, 1, &f);
		if (f.kind == DMBC_FRAGMENT_CLEAN && f.ptr == mine) {
			assert_true(!c->ptr || stale(w, c));
			c->ptr = mine;
			c->dirty = false;
		} else {
			/* what was there before, and has perhaps been taken since */
			assert_true(c->ptr);
			compare(w, s, &f);
		}
		unlook(w, &f);
	}
	dmbc_bucket_unpin(&w->m->bs, ptr);
}

/* Marks what is at @start as clean, or moves it. */
static void step_clean(struct worker *w, __u64 start, __u32 want, bool move)
{
	struct dmbc_insert op = { .how = DMBC_INSERT_REPLACE }, *ops = &op;
	struct dmbc_fragment f;
	__u64 ptr;
	__u32 len;

	look(w, start, want, &f);
	compare(w, start, &f);
	if (f.kind == DMBC_FRAGMENT_HOLE)
		return;
	len = f.end - start;
	ptr = f.ptr;
	op.old = dmbc_key_make(w->inode, f.end, len, f.kind == DMBC_FRAGMENT_DIRTY, f.ptr);
	op.key = op.old;
	if (move) {
		len = take_space(w, DMBC_ALLOC_MOVED, len, &ptr);
		op.key.ptr = ptr;
		dmbc_key_set_size(&op.key, len);
		op.key.low = start + len;
	} else {
		dmbc_key_set_dirty(&op.key, false);
	}
	if (len) {
		assert_int_equal(dmbc_index_insert(w->m->index, &ops, 1), 0);
		assert_int_equal(op.applied, len);
		set_cells(w, start, start + len, ptr, dmbc_key_dirty(&op.key));
		if (move)
			dmbc_bucket_unpin(&w->m->bs, ptr);
		/* not a second time: nothing is as `old` says any more */
		if (dmbc_key_dirty(&op.old) != dmbc_key_dirty(&op.key) || move) {
			assert_int_equal(dmbc_index_insert(w->m->index, &ops, 1), 0);
			assert_int_equal(op.applied, 0);
		}
	}
	unlook(w, &f);
}

static void step_invalidate(struct worker *w, __u64 start, __u32 len)
{
	__u64 end = start + len < w->sectors ? start + len : w->sectors;

	assert_int_equal(dmbc_index_invalidate(w->m->index, w->inode, start, end), 0);
	set_cells(w, start, end, 0, false);
	check_range(w, start, end);
}

static void step(struct worker *w)
{
	__u32 len = 1 + sim_random_below(sim_random_below(8) ? 4 : 40);
	__u64 start = sim_random_below(w->sectors - len);

	if (dmbc_index_all_dirty_sectors(w->m->index) >
	    (w->m->g.nbuckets << w->m->g.bucket_shift) / 8) {
		step_clean(w, start, 40, false);
		return;
	}
	switch (sim_random_below(32)) {
	case 0: step_invalidate(w, start, sim_random_below(8) ? len : 20 * len); break;
	case 1 ... 5: step_fill(w, start, len); break;
	case 6 ... 9: step_clean(w, start, len, false); break;
	case 10 ... 12: step_clean(w, start, len, true); break;
	case 13 ... 16: check_range(w, start, start + len); break;
	case 17: step_batch(w, start); break;
	default: step_set(w, start, len); break;
	}
}

static void work(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < w->steps; i++) {
		step(w);
		sim_yield();
	}
	--*w->running;
}

/* ---- whole-tree checks -------------------------------------------------------------------- */

struct recount {
	__u64 dirty[WORKERS];
	__u32 *live, *dirty_in; /* by bucket */
	__u64 keys;
};

static void scan_all(struct machine *m, struct recount *rc)
{
	struct dmbc_index_scan s = { .end_inode = WORKERS };
	struct dmbc_key keys[20];

	while (!s.done) {
		int nr = dmbc_index_scan(m->index, &s, keys, 1 + sim_random_below(20)), i;

		assert_true(nr >= 0);
		for (i = 0; i < nr; i++) {
			__u32 size = dmbc_key_size(&keys[i]);
			__u64 b = dmbc_geometry_bucket(&m->g, dmbc_ptr_sector(keys[i].ptr));

			rc->keys++;
			rc->live[b] += size;
			if (!dmbc_key_dirty(&keys[i]))
				continue;
			rc->dirty_in[b] += size;
			rc->dirty[dmbc_key_inode(&keys[i])] += size;
		}
	}
}

/* With the refill idle: everything counted again. */
static void check_counts(struct machine *m)
{
	struct recount rc = {
		.live = calloc(m->g.nbuckets, sizeof(__u32)),
		.dirty_in = calloc(m->g.nbuckets, sizeof(__u32)),
	};
	__u64 i, all = 0;

	scan_all(m, &rc);
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(rc.dirty[i], dmbc_index_dirty_sectors(m->index, i));
		all += rc.dirty[i];
	}
	assert_int_equal(all, dmbc_index_all_dirty_sectors(m->index));
	for (i = 0; i < m->g.nbuckets; i++) {
		const struct dmbc_bucket *b = &m->bs.b[i];

		if (b->use != DMBC_BUCKET_DATA) {
			assert_int_equal(rc.live[i], 0);
			continue;
		}
		assert_int_equal(rc.dirty_in[i], b->dirty);
		assert_int_equal(rc.live[i], b->live);
	}
	free(rc.live);
	free(rc.dirty_in);
}

static void check_all(struct machine *m, struct worker *w)
{
	unsigned int i;

	sim_sleep(20); /* the refill comes to rest */
	for (i = 0; i < WORKERS; i++)
		check_range(&w[i], 0, w[i].sectors);
	check_counts(m);
	if (dmbc_index_depth(m->index) > m->max_depth)
		m->max_depth = dmbc_index_depth(m->index);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

struct plan {
	struct dmbc_geometry g;
	__u32 sectors; /* per inode */
	unsigned int rounds, steps;
	unsigned int depth; /* that must be reached */
};

struct gc_fiber {
	struct machine *m;
	bool stop, stopped;
};

static void gc_pass(struct gc_fiber *f)
{
	struct dmbc_index_gc gc;

	assert_int_equal(dmbc_index_gc_start(f->m->index, &gc), 0);
	while (!gc.done && !f->stop) {
		assert_int_equal(dmbc_index_gc_step(f->m->index, &gc, 4), 0);
		sim_sleep(1);
	}
	if (gc.done) {
		f->m->passes++;
		dmbc_refill_kick(f->m->refill);
	}
	f->m->rewritten += gc.rewritten;
	f->m->merged += gc.merged;
	dmbc_index_gc_end(&gc);
}

static void run_gc(void *arg)
{
	struct gc_fiber *f = arg;

	while (!f->stop) {
		if (f->m->gc_wanted || !sim_random_below(50)) {
			f->m->gc_wanted = false;
			gc_pass(f);
		}
		sim_sleep(10);
	}
	f->stopped = true;
}

static void run_round(struct machine *m, struct worker *w, unsigned int steps)
{
	struct gc_fiber gc = { .m = m };
	unsigned int running = WORKERS, i;

	sim_spawn(run_gc, &gc, "gc");
	for (i = 0; i < WORKERS; i++) {
		w[i].steps = steps;
		w[i].running = &running;
		sim_spawn(work, &w[i], "worker");
	}
	while (running)
		sim_sleep(5);
	gc.stop = true;
	while (!gc.stopped)
		sim_sleep(5);
}

static void run_plan(void *arg)
{
	const struct plan *p = arg;
	struct machine m = { .g = p->g };
	struct worker w[WORKERS];
	unsigned int i;

	m.io = sim_disk_create(p->g.nbuckets << p->g.bucket_shift);
	start_new(&m);
	for (i = 0; i < WORKERS; i++)
		w[i] = (struct worker){ .m = &m,
					.inode = i,
					.sectors = p->sectors,
					.cell = calloc(p->sectors, sizeof(struct cell)) };
	for (i = 0; i < p->rounds; i++) {
		run_round(&m, w, p->steps);
		check_all(&m, w);
		if (sim_random_below(3)) {
			if (sim_random_below(2))
				stop_and_reopen(&m);
			else
				crash_and_reopen(&m);
			start_again(&m);
			check_all(&m, w);
		}
	}
	if (getenv("DMBC_VERBOSE"))
		printf("depth %u, %llu starts, gc: %llu passes, %llu rewritten, %llu merged\n",
		       m.max_depth, (unsigned long long)m.starts, (unsigned long long)m.passes,
		       (unsigned long long)m.rewritten, (unsigned long long)m.merged);
	assert_true(m.max_depth >= p->depth || getenv("DMBC_STEPS"));
	stop(&m);
	dmbc_blockio_destroy(m.io);
	for (i = 0; i < WORKERS; i++)
		free(w[i].cell);
}

/* Data in a bucket that the refill has invalidated can come back until that is durable. */
static void invalidate_bucket(void *arg)
{
	struct machine m = { .g = *(const struct dmbc_geometry *)arg };
	struct dmbc_insert op = { .how = DMBC_INSERT_SET, .check = agree }, *ops = &op;
	struct worker w = { .m = &m };
	struct dmbc_fragment f;
	__u64 ptr;

	m.io = sim_disk_create(m.g.nbuckets << m.g.bucket_shift);
	start_new(&m);
	assert_int_equal(take_space(&w, DMBC_ALLOC_CLEAN, 16, &ptr), 16);
	op.key = dmbc_key_make(0, 116, 16, false, ptr);
	assert_int_equal(dmbc_index_insert(m.index, &ops, 1), 0);
	dmbc_bucket_unpin(&m.bs, ptr);
	look(&w, 100, 8, &f);
	assert_int_equal(f.kind, DMBC_FRAGMENT_CLEAN);
	assert_false(f.revivable);
	unlook(&w, &f);
	assert_true(dmbc_bucket_invalidate(&m.bs, dmbc_ptr_sector(ptr) >> m.g.bucket_shift));
	look(&w, 100, 8, &f);
	assert_int_equal(f.kind, DMBC_FRAGMENT_HOLE);
	assert_true(f.revivable);
	dmbc_bucket_set_use(&m.bs, dmbc_ptr_sector(ptr) >> m.g.bucket_shift, DMBC_BUCKET_FREE);
	look(&w, 100, 8, &f);
	assert_int_equal(f.kind, DMBC_FRAGMENT_HOLE);
	assert_false(f.revivable);
	stop(&m);
	dmbc_blockio_destroy(m.io);
}

static unsigned int from_environment(const char *name, unsigned int fallback)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : fallback;
}

static void run(struct plan *p)
{
	unsigned int seed = from_environment("DMBC_SEED", 1);
	unsigned int seeds = from_environment("DMBC_SEEDS", 1);

	p->rounds = from_environment("DMBC_ROUNDS", p->rounds);
	p->steps = from_environment("DMBC_STEPS", p->steps);
	sim_set_quiet(true);
	for (; seeds--; seed++)
		sim_run(run_plan, p, seed);
}

static struct dmbc_geometry geometry(__u32 block, __u32 bucket_shift, __u64 nbuckets)
{
	struct dmbc_geometry g = fixture_geometry();

	g.block_sectors = block;
	g.bucket_shift = bucket_shift;
	g.bucket_sectors = 1U << bucket_shift;
	g.node_sectors = dmbc_node_sectors(g.bucket_sectors);
	g.meta_sectors = dmbc_meta_sectors(g.bucket_sectors);
	g.njournal = nbuckets < 16384 ? 64 : 128; /* as for a new set */
	g.nbuckets = nbuckets;
	return g;
}

static void test_small_nodes(void **state)
{
	struct plan p = {
		.g = geometry(1, 4, 16384), .sectors = 60000, .rounds = 8, .steps = 4000, .depth = 3
	};

	(void)state;
	run(&p);
}

/* Two blocks a node: every second append rewrites it, and its parents. */
static void test_two_blocks(void **state)
{
	struct plan p = {
		.g = geometry(8, 4, 16384), .sectors = 60000, .rounds = 4, .steps = 2000, .depth = 3
	};

	(void)state;
	run(&p);
}

static void test_large_nodes(void **state)
{
	struct plan p = {
		.g = geometry(1, 10, 600), .sectors = 60000, .rounds = 4, .steps = 4000, .depth = 1
	};

	(void)state;
	run(&p);
}

static void test_invalidated_bucket(void **state)
{
	struct dmbc_geometry g = geometry(1, 4, 16384);

	(void)state;
	sim_set_quiet(true);
	sim_run(invalidate_bucket, &g, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_nodes),
		cmocka_unit_test(test_two_blocks),
		cmocka_unit_test(test_large_nodes),
		cmocka_unit_test(test_invalidated_bucket),
	};

	cmocka_set_test_filter(getenv("DMBC_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
