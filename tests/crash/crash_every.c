// SPDX-License-Identifier: GPL-2.0
/*
 * A power cut at every write of a workload, and a failed write at every write.
 *
 * The workload runs once. When a write meets the disk the process forks: the
 * child loses power there (or has the write fail), everything in it comes to
 * its end, and judge() looks at several things the medium may hold then: all,
 * nothing or parts of what no flush had made durable, sectors of one write torn
 * from each other. Each must come up again, with every sector as it was at the
 * last completed flush or later, the tree whole, all counts exact. Some of these
 * starts are cut at each of their own writes again (open_cut()), and so on;
 * some run out of memory, and must succeed when tried again. The parent goes on
 * as if nothing had been: writing a fresh set, the work, an orderly end, a
 * second start are all cut.
 *
 *   crash_every [CUTS [SEED [WORKLOAD [WRITE]]]]   ends after the round in which CUTS were reached
 *
 * What failed is named with the arguments that repeat it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/slab.h>

#include "shim.h"
#include "sim/sim_load.h"

#define DEEPEST 4 /* cuts of starts after cuts */
#define DEEPER_ONE_IN 64 /* states whose start is cut at each write; squared for those in a start */
#define STARVED_ONE_IN 12 /* ... is short of memory */
#define FAILED_ONE_IN 4 /* writes that fail as well */
#define CHILD_SECONDS 120

/* What a fork costs counts: little memory that is not in use. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:malloc_context_size=4:allocator_release_to_os_interval_ms=-1";
}

struct workload {
	const char *name;
	struct sim_format f;
	struct sim_load l;
	u64 warm; /* steps before the first cut */
	u64 steps;
	u64 node_memory;
	u32 gc_delay;
	u8 first_gen;
};

static const struct workload workloads[] = {
	{
		.name = "mixed",
		.f = { 8, 64, 200, 0 },
		.l = { .inodes = 2, .sectors = 1000, .max_sectors = 16, .workers = 4 },
		.warm = 400,
		.steps = 150,
	},
	{
		.name = "fsync",
		.f = { 1, 16, 200, 0 },
		.l = { .sectors = 400,
		       .max_sectors = 2,
		       .workers = 3,
		       .flushes = 400,
		       .no_reads = true },
		.warm = 100,
		.steps = 150,
	},
	{
		.name = "large",
		.f = { 8, 64, 200, 1 },
		.l = { .sectors = 3000, .max_sectors = 256, .workers = 4, .flushes = 100 },
		.warm = 100,
		.steps = 120,
	},
	{
		.name = "splits",
		.f = { 1, 16, 300, 0 },
		.l = { .sectors = 1500, .max_sectors = 1, .workers = 6, .no_reads = true },
		.warm = 2500,
		.steps = 200,
	},
	{
		.name = "gc",
		.f = { 1, 16, 200, 2 },
		.l = { .sectors = 1000, .max_sectors = 2, .workers = 4, .rare = 60 },
		.warm = 1500,
		.steps = 150,
	},
	{
		/* two journal buckets of four blocks: the ring goes round all the time */
		.name = "journal wrap",
		.f = { 8, 32, 200, 0 },
		.l = { .sectors = 500, .max_sectors = 4, .workers = 4, .flushes = 200 },
		.warm = 200,
		.steps = 150,
	},
	{
		/* ... of two */
		.name = "tiny ring",
		.f = { 8, 16, 200, 0 },
		.l = { .sectors = 500, .max_sectors = 2, .workers = 4, .flushes = 200 },
		.warm = 200,
		.steps = 150,
	},
	{
		.name = "four journal buckets",
		.f = { 1, 16, 512, 0 },
		.l = { .sectors = 600, .max_sectors = 2, .workers = 4, .flushes = 150 },
		.warm = 300,
		.steps = 150,
	},
	{
		/* a small cache and late gc: buckets go round, generations come past 255 */
		.name = "generations",
		.f = { 1, 16, 140, 1 },
		.l = { .sectors = 2500, .max_sectors = 16, .workers = 4 },
		.warm = 2500,
		.steps = 120,
		.gc_delay = 3600 * HZ,
		.first_gen = 250,
	},
	{
		.name = "beyond 2^32",
		.f = { 8, 32, 200, 0 },
		.l = { .base = (1ULL << 32) - 300,
		       .sectors = 600,
		       .max_sectors = 32,
		       .workers = 4 },
		.warm = 100,
		.steps = 120,
	},
	{
		.name = "far out",
		.f = { 1, 16, 200, 0 },
		.l = { .base = 1ULL << 62, .sectors = 500, .max_sectors = 32, .workers = 4 },
		.warm = 100,
		.steps = 120,
	},
};

struct run {
	const struct workload *w;
	u64 seed;
	u64 only; /* cut at this write and no other */
	struct sim_store s;
	struct sim_load l;
	u64 writes; /* of this process, through all starts */
	u32 latency;
	bool child; /* its power is gone, or soon */
	int depth;
};

/* Seen by all processes. */
static struct {
	u64 states, replay_states, deepest[DEEPEST + 1], failed_writes, starved, writes;
} * count;

/* ---- one state of the medium --------------------------------------------------------- */

static void watch(struct run *run);

/* In a child the medium is what it is now: everything that ran over it ends. */
static void power_off(struct run *run)
{
	sim_disk_cut_now(run->s.store.io);
	if (run->s.store.steps_up)
		sim_store_close(&run->s);
}

static void open_starved(struct run *run)
{
	int r, tries = 20;

	count->starved++;
	do {
		sim_fail_allocations(tries ? 2 + sim_random_below(100) : 0);
		r = sim_store_open(&run->s);
		sim_fail_allocations(0);
	} while (r == -ENOMEM && tries--);
	if (r)
		shim_die(SHIM_PLACE, "starts without memory: %s", run->s.why.text);
}

static void judge(struct run *run);

/* A start of which each write may be the last; the children judge what it leaves. */
static void open_cut(struct run *run)
{
	run->depth++;
	watch(run);
	sim_store_open(&run->s);
	if (run->child)
		judge(run);
	sim_disk_on_arrival(run->s.store.io, NULL, NULL);
	run->depth--;
}

static void open_again(struct run *run)
{
	u32 deeper = run->depth ? DEEPER_ONE_IN * DEEPER_ONE_IN : DEEPER_ONE_IN;

	if (run->depth < DEEPEST && !sim_random_below(deeper))
		open_cut(run);
	else if (!sim_random_below(STARVED_ONE_IN))
		open_starved(run);
	else
		sim_store_open(&run->s);
	if (!run->s.store.steps_up)
		shim_die(SHIM_PLACE, "does not start: %s", run->s.why.text);
}

static void judge_state(struct run *run, struct sim_image *image)
{
	run->s.store.io = sim_disk_reopen(image);
	sim_disk_set_latency(run->s.store.io, run->latency);
	open_again(run);
	sim_load_recover(&run->l);
	sim_load_check(&run->l);
	sim_store_close(&run->s);
	dmbc_blockio_destroy(run->s.store.io);
	count->states++;
	count->replay_states += run->depth > 0;
	count->deepest[run->depth]++;
}

/* The end of a child: what its writes may have left. */
static void judge(struct run *run)
{
	static const enum sim_survivors which[] = {
		SIM_SURVIVE_NONE, SIM_SURVIVE_ALL,  SIM_SURVIVE_TORN, SIM_SURVIVE_TORN,
		SIM_SURVIVE_SOME, SIM_SURVIVE_SOME, SIM_SURVIVE_SOME, SIM_SURVIVE_SOME,
	};
	size_t bytes = (size_t)run->l.inodes * run->l.sectors * sizeof(*run->l.map);
	u32 i, nr = run->depth ? 4 : ARRAY_SIZE(which);
	struct dmbc_blockio *cut = run->s.store.io;
	struct sim_load before = run->l;
	void *map = kmalloc(bytes, GFP_KERNEL | __GFP_NOFAIL);

	run->child = false;
	power_off(run);
	memcpy(map, run->l.map, bytes);
	for (i = 0; i < nr; i++) {
		judge_state(run, sim_disk_crash_image_with(cut, which[i]));
		memcpy(run->l.map, map, bytes); /* the past is still there */
		run->l.volumes = before.volumes;
	}
	fflush(NULL);
	_exit(0);
}

/* ---- forking --------------------------------------------------------------------------- */

static void wait_for(struct run *run, pid_t child, const char *what)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) < 0)
		shim_die(SHIM_PLACE, "fork failed");
	if (!status)
		return;
	fprintf(stderr, "%s at write %llu: crash_every 1 %llu '%s' %llu\n", what, run->writes,
		run->seed, run->w->name, run->writes);
	_exit(1);
}

static bool fork_child(struct run *run, const char *what)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid) {
		wait_for(run, pid, what);
		return false;
	}
	alarm(CHILD_SECONDS);
	sim_disk_on_arrival(run->s.store.io, NULL, NULL);
	run->child = true;
	return true;
}

/* A write meets the disk. */
static void arrived(void *ctx)
{
	struct run *run = ctx;
	bool fails = !sim_random_below(FAILED_ONE_IN); /* drawn for all: it can be repeated */

	run->writes++;
	if (run->only && !run->depth && run->only != run->writes)
		return;
	count->writes += !run->depth;
	if (fork_child(run, "power cut")) {
		sim_disk_cut_now(run->s.store.io);
		return;
	}
	if (fails && fork_child(run, "failed write")) {
		sim_disk_fail_this(run->s.store.io);
		count->failed_writes++;
	}
}

static void watch(struct run *run)
{
	sim_disk_on_arrival(run->s.store.io, arrived, run);
}

/* ---- the workload ------------------------------------------------------------------------- */

static void open_first(struct run *run)
{
	sim_store_open(&run->s);
	if (run->child)
		judge(run);
	if (!run->s.store.steps_up)
		shim_die(SHIM_PLACE, "%s", run->s.why.text);
}

static void work(void *arg)
{
	struct run *run = arg;

	run->latency = sim_random_below(3) ? 1 : 1 << sim_random_below(5);
	sim_set_preemption(4 + sim_random_below(60));
	sim_load_init(&run->l);
	sim_store_format(run->s.store.io, &run->w->f);
	sim_disk_set_latency(run->s.store.io, run->latency);
	watch(run);
	open_first(run);
	sim_disk_on_arrival(run->s.store.io, NULL, NULL);
	sim_load_run(&run->l, run->w->warm);
	watch(run);
	sim_load_run(&run->l, run->w->steps);
	if (run->child)
		judge(run);
	sim_store_close(&run->s);
	if (run->child)
		judge(run);
	open_first(run);
	sim_disk_on_arrival(run->s.store.io, NULL, NULL);
	sim_load_check(&run->l);
	watch(run);
	sim_store_close(&run->s);
	if (run->child)
		judge(run);
	dmbc_blockio_destroy(run->s.store.io);
	sim_load_exit(&run->l);
}

static void run_workload(const struct workload *w, u64 seed, u64 only)
{
	struct run run = { .w = w, .seed = seed, .only = only, .l = w->l };
	u64 before = count->states;

	printf("seed %llu, %s: ", seed, w->name);
	fflush(stdout);
	run.l.history = true;
	run.l.inodes = max(w->l.inodes, 1U);
	run.l.store = &run.s;
	run.s.store.io = sim_disk_create(w->f.nbuckets * w->f.bucket_sectors);
	run.s.node_memory = w->node_memory;
	run.s.gc_delay = w->gc_delay;
	run.s.first_gen = w->first_gen;
	sim_run(work, &run, seed);
	printf("%llu writes, %llu states\n", run.writes, count->states - before);
}

int main(int argc, char **argv)
{
	u64 cuts = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	const char *name = argc > 3 ? argv[3] : NULL;
	u64 only = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
	struct timespec from, to;
	u32 i;

	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	sim_set_quiet(!only);
	do {
		for (i = 0; i < ARRAY_SIZE(workloads); i++)
			if (!name || !strcmp(name, workloads[i].name))
				run_workload(&workloads[i], seed, only);
		seed++;
	} while (count->states < cuts);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%llu cuts at %llu writes and %llu failed writes: %llu in a start after a cut, "
	       "%llu starved starts; 0 failures; %ld s\n",
	       count->states, count->writes, count->failed_writes, count->replay_states,
	       count->starved, to.tv_sec - from.tv_sec);
	return 0;
}
