// SPDX-License-Identifier: GPL-2.0
/*
 * Brings a store up and down: steps[], from top to bottom and back, as
 * cache/startup.c has them. After the last step the gc thread runs whole passes
 * whenever the refill or a test wants one.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "sim/sim_store.h"

#define GC_STEP 4 /* leaves */

/* Stores a component or takes its error. */
#define KEEP(where, made)                                                                          \
	({                                                                                         \
		__typeof__(made) made_ = (made);                                                   \
		(where) = IS_ERR(made_) ? NULL : made_;                                            \
		PTR_ERR_OR_ZERO(made_);                                                            \
	})

void sim_store_format(struct dmbc_blockio *io, const struct sim_format *f)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;
	struct dmbc_disk_super *sb = kzalloc(sizeof(*sb), GFP_KERNEL | __GFP_NOFAIL);

	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb->version = __cpu_to_le64(DMBC_SB_CACHE_NEW);
	memcpy(sb->magic, magic, sizeof(magic));
	memset(sb->uuid, 0x11, sizeof(sb->uuid));
	memset(sb->set_uuid, 0x22, sizeof(sb->set_uuid));
	dmbc_sb_set_flag(sb, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS, f->policy);
	sb->nbuckets = __cpu_to_le64(f->nbuckets);
	sb->block_size = __cpu_to_le16(f->block_sectors);
	sb->bucket_size = __cpu_to_le16(f->bucket_sectors);
	sb->nr_in_set = __cpu_to_le16(1);
	sb->first_bucket = __cpu_to_le16(23 / f->bucket_sectors + 1);
	dmbc_verify_super_seal(sb);
	WARN_ON(dmbc_blockio_write(io, DMBC_SB_SECTOR, DMBC_SB_BYTES / SECTOR_SIZE, sb,
				   DMBC_IO_FUA));
	kfree(sb);
}

/* ---- super block and memory -------------------------------------------------------- */

static int read_super(struct sim_store *s)
{
	int r = dmbc_super_load_cache(s->io, &s->super, &s->why);

	if (r)
		return r;
	s->fresh = dmbc_super_is_new(&s->super);
	if (s->fresh)
		dmbc_super_prepare_new(&s->super);
	s->g = s->super.geometry;
	s->failed = false;
	return 0;
}

static int make_queue(struct sim_store *s)
{
	s->wq = alloc_workqueue("store", WQ_MEM_RECLAIM, 0);
	return s->wq ? 0 : -ENOMEM;
}

static void free_queue(struct sim_store *s)
{
	destroy_workqueue(s->wq);
}

static int make_buckets(struct sim_store *s)
{
	return dmbc_buckets_init(&s->buckets, &s->g);
}

static void free_buckets(struct sim_store *s)
{
	dmbc_buckets_exit(&s->buckets);
}

static void store_error(void *ctx, int error)
{
	struct sim_store *s = ctx;

	s->failed = true;
	if (s->index)
		dmbc_index_set_failed(s->index, error);
	dmbc_journal_set_failed(s->journal, error);
}

static void journal_reclaim(void *ctx, u64 seq)
{
	struct sim_store *s = ctx;

	dmbc_nodes_write_older(s->nodes, seq);
}

static int make_journal(struct sim_store *s)
{
	int r = KEEP(s->journal, dmbc_journal_create(s->io, &s->g, s->wq));

	if (r)
		return r;
	dmbc_journal_on_reclaim(s->journal, journal_reclaim, s);
	dmbc_journal_on_error(s->journal, store_error, s);
	return 0;
}

static void free_journal(struct sim_store *s)
{
	dmbc_journal_destroy(s->journal);
	s->journal = NULL;
}

static int make_alloc(struct sim_store *s)
{
	return KEEP(s->alloc, dmbc_alloc_create(&s->buckets));
}

static void free_alloc(struct sim_store *s)
{
	dmbc_alloc_destroy(s->alloc);
	s->alloc = NULL;
}

static int make_gens(struct sim_store *s)
{
	return KEEP(s->gens, dmbc_gens_create(s->io, &s->buckets, s->alloc, s->journal));
}

static void free_gens(struct sim_store *s)
{
	dmbc_gens_destroy(s->gens);
	s->gens = NULL;
}

static int make_refill(struct sim_store *s)
{
	enum dmbc_replacement policy =
		dmbc_sb_flag(&s->super.disk, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS);

	return KEEP(s->refill, dmbc_refill_create(s->alloc, &s->buckets, s->gens, policy));
}

static void free_refill(struct sim_store *s)
{
	dmbc_refill_destroy(s->refill);
	s->refill = NULL;
}

static int make_uuids(struct sim_store *s)
{
	return KEEP(s->uuids, dmbc_uuids_create(s->io, &s->g, &s->buckets, s->alloc, s->journal));
}

static void free_uuids(struct sim_store *s)
{
	dmbc_uuids_destroy(s->uuids);
	s->uuids = NULL;
}

/* ---- journal and nodes --------------------------------------------------------------- */

static int read_journal(struct sim_store *s)
{
	int r = dmbc_journal_read(s->journal, &s->found, &s->why);

	if (!r)
		s->g.node_sectors = dmbc_key_size(&s->found.root);
	return r;
}

static int set_node_size(struct sim_store *s)
{
	return dmbc_blockio_set_node_sectors(s->io, s->g.node_sectors);
}

static int make_nodes(struct sim_store *s)
{
	struct dmbc_nodes_config c = {
		.io = s->io,
		.g = &s->g,
		.journal = s->journal,
		.wq = s->wq,
		.cap_bytes = s->node_memory,
	};
	int r = KEEP(s->nodes, dmbc_nodes_create(&c));

	if (!r)
		dmbc_nodes_on_error(s->nodes, store_error, s);
	return r;
}

static void free_nodes(struct sim_store *s)
{
	dmbc_nodes_destroy(s->nodes);
	s->nodes = NULL;
}

static int make_index(struct sim_store *s)
{
	struct dmbc_index_config c = {
		.g = &s->g,
		.nodes = s->nodes,
		.buckets = &s->buckets,
		.alloc = s->alloc,
		.journal = s->journal,
		.inodes = dmbc_uuids_slots(s->uuids),
	};

	return KEEP(s->index, dmbc_index_create(&c));
}

static void free_index(struct sim_store *s)
{
	dmbc_index_destroy(s->index);
	s->index = NULL;
}

static unsigned long shrink_count(void *private)
{
	return dmbc_nodes_count(private);
}

static unsigned long shrink_scan(void *private, unsigned long nr)
{
	return dmbc_nodes_shrink(private, nr);
}

static int register_shrinker_step(struct sim_store *s)
{
	return dmbc_shrinker_register(&s->shrinker, "store", shrink_count, shrink_scan, s->nodes);
}

static void unregister_shrinker_step(struct sim_store *s)
{
	dmbc_shrinker_unregister(&s->shrinker);
}

/* ---- a fresh set ---------------------------------------------------------------------- */

static int start_journal(struct sim_store *s)
{
	dmbc_journal_start_new(s->journal);
	return 0;
}

static void stop_journal(struct sim_store *s)
{
	dmbc_nodes_write_all(s->nodes);
	dmbc_journal_stop(s->journal);
	flush_workqueue(s->wq);
}

static int write_first_gens(struct sim_store *s)
{
	u64 i;

	for (i = 0; i < s->g.nbuckets; i++)
		s->buckets.b[i].gen = s->buckets.b[i].oldest = s->first_gen;
	dmbc_refill_seed(s->refill);
	return dmbc_gens_write(s->gens);
}

static int write_first_uuids(struct sim_store *s)
{
	return dmbc_uuids_write(s->uuids);
}

static int create_root(struct sim_store *s)
{
	return dmbc_index_create_root(s->index);
}

/* ---- an existing set --------------------------------------------------------------------- */

static int load_gens(struct sim_store *s)
{
	return dmbc_gens_load(s->gens, s->found.prio_bucket, &s->why);
}

static int load_uuids(struct sim_store *s)
{
	return dmbc_uuids_load(s->uuids, &s->found.uuid_bucket, s->found.uuids_old, &s->why);
}

static int walk_index(struct sim_store *s)
{
	int r;

	dmbc_nodes_set_repair(s->nodes, true);
	r = dmbc_index_open_root(s->index, &s->found.root, s->found.root_level, &s->why);
	if (!r)
		r = dmbc_index_mark(s->index, &s->why);
	dmbc_nodes_set_repair(s->nodes, false);
	return r;
}

static int mark_entry(void *ctx, u64 seq, const struct dmbc_key *keys, u32 nr)
{
	return dmbc_index_mark_journal(ctx, keys, nr);
}

static int unmark_entry(void *ctx, u64 seq, const struct dmbc_key *keys, u32 nr)
{
	dmbc_index_unmark_journal(ctx, keys, nr);
	return 0;
}

static int replay_entry(void *ctx, u64 seq, const struct dmbc_key *keys, u32 nr)
{
	struct sim_store *s = ctx;
	int r = dmbc_index_replay(s->index, seq, keys, nr);

	if (!r)
		dmbc_journal_replayed(s->journal, seq);
	return r;
}

static int mark_journal(struct sim_store *s)
{
	return dmbc_journal_each(s->journal, mark_entry, s->index);
}

static int start_replay(struct sim_store *s)
{
	dmbc_journal_start_replay(s->journal);
	return 0;
}

static int start_refill(struct sim_store *s)
{
	return dmbc_refill_start(s->refill);
}

static void stop_refill(struct sim_store *s)
{
	dmbc_refill_stop(s->refill);
}

static int replay_journal(struct sim_store *s)
{
	int r = dmbc_journal_each(s->journal, replay_entry, s);

	if (r)
		return r;
	dmbc_journal_each(s->journal, unmark_entry, s->index);
	dmbc_journal_replay_done(s->journal);
	return 0;
}

/* ---- both ------------------------------------------------------------------------------------ */

static int commit(struct sim_store *s)
{
	return dmbc_journal_commit(s->journal);
}

static int write_super(struct sim_store *s)
{
	return dmbc_super_write_cache(s->io, &s->super);
}

/* Errors end the pass; the store has noted them elsewhere. */
static void gc_pass(struct sim_store *s)
{
	struct dmbc_index_gc gc;
	int r = dmbc_index_gc_start(s->index, &gc);

	while (!r && !gc.done && !kthread_should_stop()) {
		r = dmbc_index_gc_step(s->index, &gc, GC_STEP);
		cond_resched();
	}
	if (!r && gc.done)
		s->gc_passes++;
	dmbc_index_gc_end(&gc);
	dmbc_refill_kick(s->refill);
}

static int gc_thread(void *data)
{
	struct sim_store *s = data;

	for (;;) {
		wait_event(s->gc_wait, s->gc_wanted || kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		wait_event_timeout(s->gc_wait, kthread_should_stop(), s->gc_delay);
		s->gc_wanted = false;
		gc_pass(s);
	}
}

void sim_store_want_gc(struct sim_store *s)
{
	s->gc_wanted = true;
	wake_up(&s->gc_wait);
}

static void want_gc(void *ctx)
{
	sim_store_want_gc(ctx);
}

static int start_gc(struct sim_store *s)
{
	s->gc_wanted = false;
	init_waitqueue_head(&s->gc_wait);
	s->gc = kthread_run(gc_thread, s, "gc");
	if (IS_ERR(s->gc))
		return PTR_ERR(s->gc);
	dmbc_refill_on_want_gc(s->refill, want_gc, s);
	return 0;
}

static void stop_gc(struct sim_store *s)
{
	dmbc_refill_stop(s->refill);
	dmbc_refill_on_want_gc(s->refill, NULL, NULL);
	kthread_stop(s->gc);
}

enum when { ALWAYS, FRESH, EXISTING };

static const struct step {
	const char *name;
	enum when when;
	int (*run)(struct sim_store *s);
	void (*undo)(struct sim_store *s);
} steps[] = {
	{ "read the super block", ALWAYS, read_super, NULL },
	{ "make the work queue", ALWAYS, make_queue, free_queue },
	{ "make the bucket array", ALWAYS, make_buckets, free_buckets },
	{ "make the journal", ALWAYS, make_journal, free_journal },
	{ "make the allocator", ALWAYS, make_alloc, free_alloc },
	{ "make the table of generations", ALWAYS, make_gens, free_gens },
	{ "make the refill", ALWAYS, make_refill, free_refill },
	{ "make the uuid table", ALWAYS, make_uuids, free_uuids },
	{ "read the journal", EXISTING, read_journal, NULL },
	{ "set the node size", ALWAYS, set_node_size, NULL },
	{ "make the node cache", ALWAYS, make_nodes, free_nodes },
	{ "make the index", ALWAYS, make_index, free_index },
	{ "register the shrinker", ALWAYS, register_shrinker_step, unregister_shrinker_step },

	{ "start the journal", FRESH, start_journal, stop_journal },
	{ "write generations", FRESH, write_first_gens, NULL },
	{ "write the uuid table", FRESH, write_first_uuids, NULL },
	{ "create the index", FRESH, create_root, NULL },

	{ "load generations", EXISTING, load_gens, NULL },
	{ "load the uuid table", EXISTING, load_uuids, NULL },
	{ "walk the index", EXISTING, walk_index, NULL },
	{ "mark the journal's keys", EXISTING, mark_journal, NULL },
	{ "start the journal", EXISTING, start_replay, stop_journal },

	{ "start the refill", ALWAYS, start_refill, stop_refill },
	{ "replay the journal", EXISTING, replay_journal, NULL },
	{ "write the journal", ALWAYS, commit, NULL },
	{ "write the super block", FRESH, write_super, NULL },
	{ "start gc", ALWAYS, start_gc, stop_gc },
};

static bool fits(const struct sim_store *s, const struct step *step)
{
	return step->when == ALWAYS || (step->when == FRESH) == s->fresh;
}

void sim_store_close(struct sim_store *s)
{
	while (s->steps_up > 0) {
		const struct step *step = &steps[--s->steps_up];

		if (step->undo && fits(s, step))
			step->undo(s);
	}
}

int sim_store_open(struct sim_store *s)
{
	char reason[DMBC_WHY_BYTES / 2];
	int r;

	s->why.text[0] = 0;
	for (s->steps_up = 0; s->steps_up < (int)ARRAY_SIZE(steps); s->steps_up++) {
		const struct step *step = &steps[s->steps_up];

		r = fits(s, step) ? step->run(s) : 0;
		if (!r)
			continue;
		strscpy(reason, s->why.text, sizeof(reason));
		snprintf(s->why.text, sizeof(s->why.text), "cannot %s: %d %s", step->name, r,
			 reason);
		sim_store_close(s);
		return r;
	}
	return 0;
}
