// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations of several fibers on a whole store, against a map of what
 * every sector must be (tests/unit/sim/sim_load.h); orderly restarts in between.
 *
 *   model_store [STEPS [SEED]]    SEED: only this one
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shim.h"
#include "sim/sim_load.h"

#define STEPS_PER_START 12500
#define DEEP_STEPS 120000

struct run {
	u64 seed, steps;
};

static u32 pick(const u32 *from, u32 n)
{
	return from[sim_random_below(n)];
}

/* @deep: small nodes, many of them. */
static struct sim_format random_format(bool deep)
{
	static const u32 buckets[] = { 16, 16, 16, 32, 32, 64, 128, 256, 1024 };
	struct sim_format f = {
		.block_sectors = sim_random_below(2) ? 1 : 8,
		.bucket_sectors = pick(buckets, ARRAY_SIZE(buckets)),
		.policy = sim_random_below(3),
	};

	if (deep)
		return (struct sim_format){ 8, 16, 16000, f.policy };
	f.nbuckets = 600 + sim_random_below(f.bucket_sectors < 128 ? 3400 : 400);
	if (!sim_random_below(3))
		f.nbuckets = 150 + sim_random_below(500);
	return f;
}

static struct sim_load random_load(const struct sim_format *f, struct sim_store *s, bool deep)
{
	u64 cache = f->nbuckets * f->bucket_sectors;
	struct sim_load l = {
		.store = s,
		.inodes = 1 + sim_random_below(3),
		.max_sectors = 1 << sim_random_below(7),
		.workers = 1 + sim_random_below(8),
	};

	/* from half of the cache to twice its size */
	l.sectors = cache / l.inodes / 2 * (1 + sim_random_below(4));
	l.sectors = min(l.sectors, 100000 / l.inodes);
	if (deep)
		l.max_sectors = 2; /* with many keys */
	/* some nodes have to go from memory, some keys from the cache */
	s->node_memory = sim_random_below(4) << 17;
	/* late enough for generations to come to their limit first */
	s->gc_delay = sim_random_below(3) ? 0 : sim_random_below(3600 * HZ);
	l.forgiving = !sim_random_below(4);
	return l;
}

static void print_set(const struct run *run, const struct sim_format *f, const struct sim_load *l)
{
	printf("seed %llu: %llu buckets of %u sectors, block %u, policy %u; %u x %u sectors, "
	       "operations up to %u, %u workers\n",
	       run->seed, f->nbuckets, f->bucket_sectors, f->block_sectors, f->policy, l->inodes,
	       l->sectors, l->max_sectors, l->workers);
	fflush(stdout);
}

static void open_store(struct sim_store *s)
{
	int r;

	do
		r = sim_store_open(s);
	while (r == -ENOMEM);
	if (r)
		shim_die(SHIM_PLACE, "%s", s->why.text);
}

static int widest_span(const struct dmbc_buckets *bs)
{
	int widest = 0;
	u64 i;

	for (i = 0; i < bs->g->nbuckets; i++)
		widest = max(widest, dmbc_bucket_gen_span(&bs->b[i]));
	return widest;
}

/* Whether the run came to what it is for. */
static void print_work(const struct sim_load *l)
{
	struct sim_store *s = l->store;
	struct dmbc_journal_stats j;
	struct dmbc_nodes_stats n;

	dmbc_journal_get_stats(s->store.journal, &j);
	dmbc_nodes_get_stats(s->store.nodes, &n);
	printf("  depth %u, %u nodes; reads %llu, appends %llu, evictions %llu; journal: seq %llu, "
	       "full %llu, reclaims %llu; gc %u, generations %d apart; in use %u%%; seen hole %llu "
	       "clean %llu dirty "
	       "%llu\n",
	       dmbc_index_depth(s->store.index), n.nodes, n.reads, n.appends, n.evictions, j.seq,
	       j.full_waits, j.reclaims, s->gc_passes, widest_span(&s->store.buckets),
	       dmbc_alloc_in_use_percent(s->store.alloc), l->sectors_seen[SIM_HOLE],
	       l->sectors_seen[SIM_CLEAN], l->sectors_seen[SIM_DIRTY]);
}

/* A restart finds what the tree names: nothing else may have been held as metadata. */
static void restart(struct sim_store *s)
{
	u32 chain = dmbc_geometry_prio_sets(&s->store.g);
	struct dmbc_bucket_counts before, after;

	dmbc_refill_stop(s->store.refill);
	dmbc_buckets_get_counts(&s->store.buckets, &before);
	sim_store_close(s);
	open_store(s);
	dmbc_buckets_get_counts(&s->store.buckets, &after);
	if (before.metadata > after.metadata + 2 * chain)
		shim_die(SHIM_PLACE, "%llu buckets of metadata, after a restart %llu",
			 before.metadata, after.metadata);
}

static void model(void *arg)
{
	struct run *run = arg;
	bool deep = run->steps == DEEP_STEPS;
	/* generations grow apart as long as nothing is started anew */
	u64 per_start = sim_random_below(3) ? STEPS_PER_START : run->steps;
	struct sim_format f = random_format(deep);
	struct sim_store s = {
		.store.io = sim_disk_create(f.nbuckets * f.bucket_sectors),
	};
	struct sim_load l = random_load(&f, &s, deep);

	print_set(run, &f, &l);
	sim_set_preemption(2 + sim_random_below(60));
	sim_fail_allocations(0);
	sim_load_init(&l);
	sim_store_format(s.store.io, &f);
	open_store(&s);
	sim_fail_allocations(l.forgiving ? 50 + sim_random_below(2000) : 0);
	while (l.steps < run->steps) {
		if (!sim_load_run(&l, min(run->steps - l.steps, per_start)))
			shim_die(SHIM_PLACE, "the workload stopped");
		sim_load_check(&l);
		print_work(&l);
		restart(&s);
		sim_load_check(&l);
	}
	sim_fail_allocations(0);
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
	sim_load_exit(&l);
}

/* The trees of some seeds have time to grow. */
static u64 steps_of(u64 seed)
{
	return seed % 8 ? 20000ULL << seed % 4 : DEEP_STEPS;
}

int main(int argc, char **argv)
{
	u64 steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	struct run run = { .seed = seed, .steps = steps };
	u64 done;

	if (argc > 2) {
		sim_run(model, &run, seed);
		return 0;
	}
	for (done = 0; done < steps; done += run.steps, run.seed++) {
		run.steps = min(steps - done, steps_of(run.seed));
		sim_run(model, &run, run.seed);
	}
	printf("%llu steps\n", done);
	return 0;
}
