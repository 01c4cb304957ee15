// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the order in which a set comes up and goes down: steps[], from top to
 * bottom and back. dmbc_startup_run() does those that fit the set, a fresh or
 * an existing one; dmbc_startup_undo() takes back as many as were done. A step
 * that fails has cleaned up after itself.
 *
 * The store's pieces do not know the cache; what they call is hooked up in
 * make_journal(), make_nodes() and start_refill().
 */
#include "cache/startup.h"

#include <linux/device-mapper.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "cache/context.h"
#include "cache/gc.h"
#include "cache/origin.h"
#include "cache/settle.h"
#include "compat/compat.h"
#include "lib/port.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/gens.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/node.h"
#include "store/refill.h"
#include "store/uuids.h"

#define DM_MSG_PREFIX "bcache"
#define NODE_MEMORY_SHARE 100 /* of RAM */

/* What one run hands from step to step. */
struct startup {
	struct dmbc_set *set;
	bool fresh; /* never used before */
	struct dmbc_journal_found found; /* of an existing set */
	struct dmbc_why *why;
};

enum when { ALWAYS, FRESH, EXISTING };

struct step {
	const char *name; /* completes the sentence "cannot ..." */
	enum when when;
	int (*run)(struct startup *s);
	void (*undo)(struct dmbc_set *set);
};

/* Stores a component or takes its error. */
#define KEEP(where, made)                                                                          \
	({                                                                                         \
		typeof(made) made_ = (made);                                                       \
		(where) = IS_ERR(made_) ? NULL : made_;                                            \
		PTR_ERR_OR_ZERO(made_);                                                            \
	})

/* ---- super block and memory ------------------------------------------------------ */

/* Again: the first look was in the constructor, maybe long ago. */
static int read_super(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r = dmbc_super_load_cache(set->io, &set->super, s->why);

	if (r)
		return r;
	s->fresh = dmbc_super_is_new(&set->super);
	if (s->fresh)
		dmbc_super_prepare_new(&set->super);
	set->g = set->super.geometry;
	set->store_failed = false;
	set->failed_settled = false;
	atomic_set(&set->ssd_errors, 0);
	set->error_weight = 0;
	return 0;
}

static int make_buckets(struct startup *s)
{
	return dmbc_buckets_init(&s->set->buckets, &s->set->g);
}

static void free_buckets(struct dmbc_set *set)
{
	dmbc_buckets_exit(&set->buckets);
}

static void store_error(void *ctx, int error)
{
	struct dmbc_set *set = ctx;

	atomic_inc(&set->ssd_errors);
	dmbc_errors_fail_set(set);
}

static void journal_reclaim(void *ctx, u64 seq)
{
	struct dmbc_set *set = ctx;

	dmbc_nodes_write_older(set->nodes, seq);
}

static void settle(void *ctx)
{
	dmbc_settle_run(ctx);
}

static bool is_settled(void *ctx)
{
	return dmbc_settle_is_settled(ctx);
}

static int make_journal(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r = KEEP(set->journal, dmbc_journal_create(set->io, &set->g, set->store_wq));

	if (r)
		return r;
	dmbc_journal_on_reclaim(set->journal, journal_reclaim, set);
	dmbc_journal_on_error(set->journal, store_error, set);
	dmbc_journal_on_settle(set->journal, is_settled, settle, set);
	dmbc_journal_set_delay(set->journal, set->option[DMBC_OPT_JOURNAL_DELAY]);
	return 0;
}

static void free_journal(struct dmbc_set *set)
{
	dmbc_journal_destroy(set->journal);
	set->journal = NULL;
}

static int make_alloc(struct startup *s)
{
	return KEEP(s->set->alloc, dmbc_alloc_create(&s->set->buckets));
}

static void free_alloc(struct dmbc_set *set)
{
	dmbc_alloc_destroy(set->alloc);
	set->alloc = NULL;
}

static int make_gens(struct startup *s)
{
	struct dmbc_set *set = s->set;

	return KEEP(set->gens, dmbc_gens_create(set->io, &set->buckets, set->alloc, set->journal));
}

static void free_gens(struct dmbc_set *set)
{
	dmbc_gens_destroy(set->gens);
	set->gens = NULL;
}

enum dmbc_replacement dmbc_startup_policy(const struct dmbc_set *set)
{
	u64 chosen = READ_ONCE(set->option[DMBC_OPT_REPLACEMENT_POLICY]);

	if (chosen != DMBC_REPLACEMENT_AS_FORMATTED)
		return chosen - 1;
	return dmbc_sb_flag(&set->super.disk, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS);
}

/* Nothing durable names the bucket any more. Only a hint to the SSD: its errors do not matter. */
static void discard_bucket(void *ctx, u64 bucket)
{
	struct dmbc_set *set = ctx;

	if (READ_ONCE(set->option[DMBC_OPT_DISCARD]) && bdev_max_discard_sectors(set->bdev))
		blkdev_issue_discard(set->bdev, dmbc_geometry_sector(&set->g, bucket),
				     set->g.bucket_sectors, GFP_NOIO);
}

static int make_refill(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r = KEEP(set->refill, dmbc_refill_create(set->alloc, &set->buckets, set->gens,
						     dmbc_startup_policy(set)));

	if (!r)
		dmbc_refill_on_free(set->refill, discard_bucket, set);
	return r;
}

static void free_refill(struct dmbc_set *set)
{
	dmbc_refill_destroy(set->refill);
	set->refill = NULL;
}

static int make_uuids(struct startup *s)
{
	struct dmbc_set *set = s->set;

	return KEEP(set->uuids,
		    dmbc_uuids_create(set->io, &set->g, &set->buckets, set->alloc, set->journal));
}

static void free_uuids(struct dmbc_set *set)
{
	dmbc_uuids_destroy(set->uuids);
	set->uuids = NULL;
}

/* ---- journal and nodes ------------------------------------------------------------- */

/* The set's nodes are as large as its root, whatever a new set would choose. */
static int read_journal(struct startup *s)
{
	int r = dmbc_journal_read(s->set->journal, &s->found, s->why);

	if (!r)
		s->set->g.node_sectors = dmbc_key_size(&s->found.root);
	return r;
}

static int set_node_size(struct startup *s)
{
	return dmbc_blockio_set_node_sectors(s->set->io, s->set->g.node_sectors);
}

static u64 node_memory(const struct dmbc_set *set)
{
	u64 bytes = READ_ONCE(set->option[DMBC_OPT_NODE_MEMORY]);

	return bytes ? bytes : div_u64((u64)totalram_pages() << PAGE_SHIFT, NODE_MEMORY_SHARE);
}

static int make_nodes(struct startup *s)
{
	struct dmbc_set *set = s->set;
	struct dmbc_nodes_config c = {
		.io = set->io,
		.g = &set->g,
		.journal = set->journal,
		.wq = set->store_wq,
		.cap_bytes = node_memory(set),
	};
	int r = KEEP(set->nodes, dmbc_nodes_create(&c));

	if (r)
		return r;
	dmbc_nodes_on_error(set->nodes, store_error, set);
	dmbc_nodes_on_settle(set->nodes, settle, set);
	return 0;
}

static void free_nodes(struct dmbc_set *set)
{
	dmbc_nodes_destroy(set->nodes);
	set->nodes = NULL;
}

static int make_index(struct startup *s)
{
	struct dmbc_set *set = s->set;
	struct dmbc_index_config c = {
		.g = &set->g,
		.nodes = set->nodes,
		.buckets = &set->buckets,
		.alloc = set->alloc,
		.journal = set->journal,
		.inodes = dmbc_uuids_slots(set->uuids),
	};

	return KEEP(set->index, dmbc_index_create(&c));
}

static void free_index(struct dmbc_set *set)
{
	dmbc_index_destroy(set->index);
	set->index = NULL;
}

static unsigned long shrink_count(void *private)
{
	return dmbc_nodes_count(private);
}

static unsigned long shrink_scan(void *private, unsigned long nr)
{
	return dmbc_nodes_shrink(private, nr);
}

static int register_shrinker_step(struct startup *s)
{
	return dmbc_shrinker_register(&s->set->shrinker, "dm-bcache", shrink_count, shrink_scan,
				      s->set->nodes);
}

static void unregister_shrinker_step(struct dmbc_set *set)
{
	dmbc_shrinker_unregister(&set->shrinker);
}

/* ---- a fresh set ------------------------------------------------------------------- */

static int start_journal(struct startup *s)
{
	dmbc_journal_start_new(s->set->journal);
	return 0;
}

/*
 * Also the end of a running set: appends first, so that the next start finds
 * little to replay. A failed set gives them up.
 */
static void stop_journal(struct dmbc_set *set)
{
	dmbc_nodes_write_all(set->nodes);
	dmbc_journal_stop(set->journal);
	flush_work(&set->failed_work);
}

static int write_first_gens(struct startup *s)
{
	dmbc_refill_seed(s->set->refill);
	return dmbc_gens_write(s->set->gens);
}

static int write_first_uuids(struct startup *s)
{
	return dmbc_uuids_write(s->set->uuids);
}

static int create_root(struct startup *s)
{
	return dmbc_index_create_root(s->set->index);
}

/* ---- an existing set --------------------------------------------------------------- */

static int load_gens(struct startup *s)
{
	return dmbc_gens_load(s->set->gens, s->found.prio_bucket, s->why);
}

static int load_uuids(struct startup *s)
{
	return dmbc_uuids_load(s->set->uuids, &s->found.uuid_bucket, s->found.uuids_old, s->why);
}

static int walk_index(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r;

	dmbc_nodes_set_repair(set->nodes, true);
	r = dmbc_index_open_root(set->index, &s->found.root, s->found.root_level, s->why);
	if (!r)
		r = dmbc_index_mark(set->index, s->why);
	dmbc_nodes_set_repair(set->nodes, false);
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
	struct dmbc_set *set = ctx;
	int r = dmbc_index_replay(set->index, seq, keys, nr);

	if (!r)
		dmbc_journal_replayed(set->journal, seq);
	return r;
}

static int mark_journal(struct startup *s)
{
	return dmbc_journal_each(s->set->journal, mark_entry, s->set->index);
}

static int start_replay(struct startup *s)
{
	dmbc_journal_start_replay(s->set->journal);
	return 0;
}

static int start_refill(struct startup *s)
{
	return dmbc_refill_start(s->set->refill);
}

static void stop_refill(struct dmbc_set *set)
{
	dmbc_refill_stop(set->refill);
}

static int replay_journal(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r = dmbc_journal_each(set->journal, replay_entry, set);

	if (r)
		return r;
	dmbc_journal_each(set->journal, unmark_entry, set->index);
	dmbc_journal_replay_done(set->journal);
	return 0;
}

/* ---- both -------------------------------------------------------------------------- */

/* An entry that names all of it is durable: an error of the journal shows now. */
static int commit(struct startup *s)
{
	return dmbc_journal_commit(s->set->journal);
}

static int write_super(struct startup *s)
{
	return dmbc_super_write_cache(s->set->io, &s->set->super);
}

static void want_gc(void *ctx)
{
	dmbc_gc_wake(ctx);
}

static int start_gc(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r = dmbc_gc_start(set);

	if (!r)
		dmbc_refill_on_want_gc(set->refill, want_gc, set->gc);
	return r;
}

/* gc waits for nothing but the store, so it ends while all of that still runs. */
static void stop_gc(struct dmbc_set *set)
{
	dmbc_refill_stop(set->refill);
	dmbc_refill_on_want_gc(set->refill, NULL, NULL);
	dmbc_gc_stop(set);
}

static const struct step steps[] = {
	{ "read the super block", ALWAYS, read_super, NULL },
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

static bool fits(const struct step *step, bool fresh)
{
	return step->when == ALWAYS || (step->when == FRESH) == fresh;
}

static void undo_steps(struct dmbc_set *set, bool fresh)
{
	while (set->steps_up > 0) {
		const struct step *step = &steps[--set->steps_up];

		if (step->undo && fits(step, fresh))
			step->undo(set);
	}
}

void dmbc_startup_undo(struct dmbc_set *set)
{
	undo_steps(set, set->fresh);
}

/* The reason, if the step gave none, and in front of it which step it was. */
static void explain_step(struct startup *s, const struct step *step, int r)
{
	char reason[DMBC_WHY_BYTES];

	if (s->why->text[0])
		strscpy(reason, s->why->text, sizeof(reason));
	else
		snprintf(reason, sizeof(reason), "error %d", r);
	dmbc_explain(s->why, "cannot %.30s: %.85s", step->name, reason);
	DMERR("SSD %s: cannot %s: %s", s->set->name, step->name, reason);
}

static int run_steps(struct startup *s)
{
	struct dmbc_set *set = s->set;
	int r;

	for (; set->steps_up < ARRAY_SIZE(steps); set->steps_up++) {
		const struct step *step = &steps[set->steps_up];

		s->why->text[0] = '\0';
		r = fits(step, s->fresh) ? step->run(s) : 0;
		if (!r)
			continue;
		if (!s->why->text[0] && set->nodes)
			dmbc_nodes_why(set->nodes, s->why);
		explain_step(s, step, r);
		return r;
	}
	return 0;
}

int dmbc_startup_run(struct dmbc_set *set, struct dmbc_why *why)
{
	struct startup s = { .set = set, .why = why };
	int r;

	lockdep_assert_held(&set->lock);
	r = run_steps(&s);
	set->fresh = s.fresh;
	if (r) {
		undo_steps(set, s.fresh);
		return r;
	}
	DMINFO("SSD %s: %s, %llu buckets of %u KiB, %llu journal keys replayed", set->name,
	       s.fresh ? "new" : "loaded", (unsigned long long)set->g.nbuckets,
	       set->g.bucket_sectors / 2, (unsigned long long)s.found.keys);
	smp_store_release(&set->state, DMBC_SET_RUNNING);
	if (READ_ONCE(set->store_failed)) /* just before, when it could not show */
		dmbc_errors_fail_set(set);
	return 0;
}
