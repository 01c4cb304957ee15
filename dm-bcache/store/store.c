// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the order in which a store comes up and goes down: steps[], from top to
 * bottom and back. dmbc_store_start() does those that fit the set, a fresh or
 * an existing one; dmbc_store_stop() takes back as many as were done. A step
 * that fails has cleaned up after itself.
 */
#include "store/store.h"

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "lib/port.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/gens.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/node.h"
#include "store/refill.h"
#include "store/uuids.h"

/* What one run hands from step to step. */
struct start {
	struct dmbc_store *store;
	const struct dmbc_store_config *c;
	struct dmbc_why *why;
};

enum when { ALWAYS, FRESH, EXISTING };

struct step {
	const char *name; /* completes the sentence "cannot ..." */
	enum when when;
	int (*run)(struct start *s);
	void (*undo)(struct dmbc_store *store);
};

/* Stores a component or takes its error. */
#define KEEP(where, made)                                                                          \
	({                                                                                         \
		typeof(made) made_ = (made);                                                       \
		(where) = IS_ERR(made_) ? NULL : made_;                                            \
		PTR_ERR_OR_ZERO(made_);                                                            \
	})

/* ---- super block and memory ------------------------------------------------------ */

/* Again, if the owner did it before: it may have been long ago. */
static int read_super(struct start *s)
{
	struct dmbc_store *store = s->store;
	int r = dmbc_super_load_cache(store->io, &store->super, s->why);

	if (r)
		return r;
	store->fresh = dmbc_super_is_new(&store->super);
	if (store->fresh)
		dmbc_super_prepare_new(&store->super);
	store->g = store->super.geometry;
	memset(&store->found, 0, sizeof(store->found));
	return 0;
}

static int make_buckets(struct start *s)
{
	return dmbc_buckets_init(&s->store->buckets, &s->store->g);
}

static void free_buckets(struct dmbc_store *store)
{
	dmbc_buckets_exit(&store->buckets);
}

static void journal_reclaim(void *ctx, u64 seq)
{
	struct dmbc_store *store = ctx;

	dmbc_nodes_write_older(store->nodes, seq);
}

static int make_journal(struct start *s)
{
	const struct dmbc_store_config *c = s->c;
	struct dmbc_store *store = s->store;
	int r = KEEP(store->journal, dmbc_journal_create(store->io, &store->g, c->wq));

	if (r)
		return r;
	dmbc_journal_on_reclaim(store->journal, journal_reclaim, store);
	dmbc_journal_on_error(store->journal, c->error, c->ctx);
	if (c->settle)
		dmbc_journal_on_settle(store->journal, c->is_settled, c->settle, c->ctx);
	dmbc_journal_set_delay(store->journal, c->journal_delay_ms);
	return 0;
}

static void free_journal(struct dmbc_store *store)
{
	dmbc_journal_destroy(store->journal);
	store->journal = NULL;
}

static int make_alloc(struct start *s)
{
	return KEEP(s->store->alloc, dmbc_alloc_create(&s->store->buckets));
}

static void free_alloc(struct dmbc_store *store)
{
	dmbc_alloc_destroy(store->alloc);
	store->alloc = NULL;
}

static int make_gens(struct start *s)
{
	struct dmbc_store *store = s->store;

	return KEEP(store->gens,
		    dmbc_gens_create(store->io, &store->buckets, store->alloc, store->journal));
}

static void free_gens(struct dmbc_store *store)
{
	dmbc_gens_destroy(store->gens);
	store->gens = NULL;
}

static int make_refill(struct start *s)
{
	struct dmbc_store *store = s->store;
	enum dmbc_replacement policy = dmbc_sb_flag(&store->super.disk, DMBC_SB_REPLACEMENT_SHIFT,
						    DMBC_SB_REPLACEMENT_BITS);
	int r = KEEP(store->refill,
		     dmbc_refill_create(store->alloc, &store->buckets, store->gens, policy));

	if (!r && s->c->freed)
		dmbc_refill_on_free(store->refill, s->c->freed, s->c->ctx);
	return r;
}

static void free_refill(struct dmbc_store *store)
{
	dmbc_refill_destroy(store->refill);
	store->refill = NULL;
}

static int make_uuids(struct start *s)
{
	struct dmbc_store *store = s->store;

	return KEEP(store->uuids, dmbc_uuids_create(store->io, &store->g, &store->buckets,
						    store->alloc, store->journal));
}

static void free_uuids(struct dmbc_store *store)
{
	dmbc_uuids_destroy(store->uuids);
	store->uuids = NULL;
}

/* ---- journal and nodes ------------------------------------------------------------- */

/* The set's nodes are as large as its root, whatever a new set would choose. */
static int read_journal(struct start *s)
{
	int r = dmbc_journal_read(s->store->journal, &s->store->found, s->why);

	if (!r)
		s->store->g.node_sectors = dmbc_key_size(&s->store->found.root);
	return r;
}

static int set_node_size(struct start *s)
{
	return dmbc_blockio_set_node_sectors(s->store->io, s->store->g.node_sectors);
}

static int make_nodes(struct start *s)
{
	struct dmbc_store *store = s->store;
	struct dmbc_nodes_config c = {
		.io = store->io,
		.g = &store->g,
		.journal = store->journal,
		.wq = s->c->wq,
		.cap_bytes = s->c->node_memory,
	};
	int r = KEEP(store->nodes, dmbc_nodes_create(&c));

	if (r)
		return r;
	dmbc_nodes_on_error(store->nodes, s->c->error, s->c->ctx);
	if (s->c->settle)
		dmbc_nodes_on_settle(store->nodes, s->c->settle, s->c->ctx);
	return 0;
}

static void free_nodes(struct dmbc_store *store)
{
	dmbc_nodes_destroy(store->nodes);
	store->nodes = NULL;
}

static int make_index(struct start *s)
{
	struct dmbc_store *store = s->store;
	struct dmbc_index_config c = {
		.g = &store->g,
		.nodes = store->nodes,
		.buckets = &store->buckets,
		.alloc = store->alloc,
		.journal = store->journal,
		.inodes = dmbc_uuids_slots(store->uuids),
	};

	return KEEP(store->index, dmbc_index_create(&c));
}

static void free_index(struct dmbc_store *store)
{
	dmbc_index_destroy(store->index);
	store->index = NULL;
}

static unsigned long shrink_count(void *private)
{
	return dmbc_nodes_count(private);
}

static unsigned long shrink_scan(void *private, unsigned long nr)
{
	return dmbc_nodes_shrink(private, nr);
}

static int register_shrinker_step(struct start *s)
{
	return dmbc_shrinker_register(&s->store->shrinker, "dm-bcache", shrink_count, shrink_scan,
				      s->store->nodes);
}

static void unregister_shrinker_step(struct dmbc_store *store)
{
	dmbc_shrinker_unregister(&store->shrinker);
}

/* ---- a fresh set ------------------------------------------------------------------- */

static int start_journal(struct start *s)
{
	dmbc_journal_start_new(s->store->journal);
	return 0;
}

static void stop_journal(struct dmbc_store *store)
{
	dmbc_nodes_write_all(store->nodes);
	dmbc_journal_stop(store->journal);
	flush_workqueue(store->wq); /* hooks may use the pieces below */
}

static int write_first_gens(struct start *s)
{
	struct dmbc_buckets *buckets = &s->store->buckets;
	u64 i;

	for (i = 0; i < s->store->g.nbuckets && s->c->first_gen; i++)
		buckets->b[i].gen = buckets->b[i].oldest = s->c->first_gen;
	dmbc_refill_seed(s->store->refill);
	return dmbc_gens_write(s->store->gens);
}

static int write_first_uuids(struct start *s)
{
	return dmbc_uuids_write(s->store->uuids);
}

static int create_root(struct start *s)
{
	return dmbc_index_create_root(s->store->index);
}

/* ---- an existing set --------------------------------------------------------------- */

static int load_gens(struct start *s)
{
	return dmbc_gens_load(s->store->gens, s->store->found.prio_bucket, s->why);
}

static int load_uuids(struct start *s)
{
	return dmbc_uuids_load(s->store->uuids, &s->store->found.uuid_bucket,
			       s->store->found.uuids_old, s->why);
}

static int walk_index(struct start *s)
{
	struct dmbc_store *store = s->store;
	int r;

	dmbc_nodes_set_repair(store->nodes, true);
	r = dmbc_index_open_root(store->index, &s->store->found.root, s->store->found.root_level,
				 s->why);
	if (!r)
		r = dmbc_index_mark(store->index, s->why);
	dmbc_nodes_set_repair(store->nodes, false);
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
	struct dmbc_store *store = ctx;
	int r = dmbc_index_replay(store->index, seq, keys, nr);

	if (!r)
		dmbc_journal_replayed(store->journal, seq);
	return r;
}

static int mark_journal(struct start *s)
{
	return dmbc_journal_each(s->store->journal, mark_entry, s->store->index);
}

static int start_replay(struct start *s)
{
	dmbc_journal_start_replay(s->store->journal);
	return 0;
}

static int start_refill(struct start *s)
{
	return dmbc_refill_start(s->store->refill);
}

static void stop_refill(struct dmbc_store *store)
{
	dmbc_refill_stop(store->refill);
}

static int replay_journal(struct start *s)
{
	struct dmbc_store *store = s->store;
	int r = dmbc_journal_each(store->journal, replay_entry, store);

	if (r)
		return r;
	dmbc_journal_each(store->journal, unmark_entry, store->index);
	dmbc_journal_replay_done(store->journal);
	return 0;
}

/* ---- both -------------------------------------------------------------------------- */

/* An entry that names all of it is durable: an error of the journal shows now. */
static int commit(struct start *s)
{
	return dmbc_journal_commit(s->store->journal);
}

static int write_super(struct start *s)
{
	return dmbc_super_write_cache(s->store->io, &s->store->super);
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
};

static bool fits(const struct step *step, bool fresh)
{
	return step->when == ALWAYS || (step->when == FRESH) == fresh;
}

void dmbc_store_stop(struct dmbc_store *store)
{
	while (store->steps_up > 0) {
		const struct step *step = &steps[--store->steps_up];

		if (step->undo && fits(step, store->fresh))
			step->undo(store);
	}
}

/* The reason, if the step gave none, and in front of it which step it was. */
static void explain_step(struct start *s, const struct step *step, int r)
{
	char reason[DMBC_WHY_BYTES];

	if (!s->why->text[0] && s->store->nodes)
		dmbc_nodes_why(s->store->nodes, s->why);
	if (s->why->text[0])
		strscpy(reason, s->why->text, sizeof(reason));
	else
		snprintf(reason, sizeof(reason), "error %d", r);
	dmbc_explain(s->why, "cannot %.30s: %.85s", step->name, reason);
}

int dmbc_store_start(struct dmbc_store *store, const struct dmbc_store_config *c,
		     struct dmbc_why *why)
{
	struct start s = { .store = store, .c = c, .why = why };
	int r;

	store->wq = c->wq;
	for (store->steps_up = 0; store->steps_up < ARRAY_SIZE(steps); store->steps_up++) {
		const struct step *step = &steps[store->steps_up];

		why->text[0] = '\0';
		r = fits(step, store->fresh) ? step->run(&s) : 0;
		if (!r)
			continue;
		explain_step(&s, step, r);
		dmbc_store_stop(store);
		return r;
	}
	return 0;
}
