// SPDX-License-Identifier: GPL-2.0
/*
 * The workload of sim_load.h with power cuts, many for each seed: at a random
 * write the disk stops; what was not durable survives in parts, sector by
 * sector. After the next start every sector must be what it was at the last
 * completed flush or later, with the right data, the tree must be whole and all
 * counts exact. Some cuts hit the start itself; some runs end with a failed
 * write instead.
 *
 *   crash_store [CUTS [SEED]]    SEED: only this one
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shim.h"
#include "sim/sim_load.h"

#define CUTS_PER_SEED 50
#define MOST_STARTS 40 /* in a row */
#define DEEP_CUTS 10 /* of a set with many nodes */
#define DEEP_STEPS 60000 /* until they are there */

struct run {
	u64 seed, cuts;
	u32 latency; /* of the disk */
	u64 done, starts_cut, replayed;
};

static struct sim_format random_format(void)
{
	struct sim_format f = {
		.block_sectors = sim_random_below(2) ? 1 : 8,
		.bucket_sectors = 16 << sim_random_below(4),
		.nbuckets = 550 + sim_random_below(200),
		.policy = sim_random_below(3),
	};

	if (!sim_random_below(4)) {
		f.nbuckets = 200 + sim_random_below(300); /* two or three journal buckets */
		f.bucket_sectors *= 4;
	}
	return f;
}

static struct sim_load random_load(const struct sim_format *f, struct sim_store *s)
{
	struct sim_load l = {
		.store = s,
		.inodes = 1 + sim_random_below(3),
		.max_sectors = 1 << sim_random_below(7),
		.workers = 1 + sim_random_below(8),
		.history = true,
	};

	l.sectors = f->nbuckets * f->bucket_sectors / l.inodes / (1 + sim_random_below(16));
	return l;
}

/* 1 .. 2^10, small ones as often as large ones. */
static u32 random_distance(void)
{
	return 1 + sim_random_below(1 << sim_random_below(11));
}

/* What the store left, on a disk that has power again. */
static void lose_power(struct sim_store *s)
{
	struct sim_image *image;

	sim_disk_cut_now(s->store.io);
	image = sim_disk_crash_image(s->store.io, 0);
	dmbc_blockio_destroy(s->store.io);
	s->store.io = sim_disk_reopen(image);
}

static void start(struct run *run, struct sim_store *s)
{
	int r;

	for (;;) {
		if (!sim_random_below(4))
			sim_disk_cut_after(s->store.io, random_distance());
		sim_disk_set_latency(s->store.io, run->latency);
		r = sim_store_open(s);
		sim_disk_cut_after(s->store.io, 0);
		if (!sim_disk_is_cut(s->store.io)) {
			if (!r)
				return;
			shim_die(SHIM_PLACE, "%s", s->why.text);
		}
		if (!r)
			sim_store_close(s);
		run->starts_cut++;
		lose_power(s);
	}
}

/* A machine that loses power soon after each start. */
static void crash_in_a_loop(struct run *run, struct sim_store *s)
{
	u32 n = 1 + sim_random_below(MOST_STARTS);

	while (n--) {
		start(run, s);
		sim_sleep(sim_random_below(3));
		sim_disk_cut_now(s->store.io);
		sim_store_close(s);
		lose_power(s);
	}
}

static void work_until_cut(struct sim_load *l)
{
	struct sim_store *s = l->store;
	u32 n = random_distance();

	switch (sim_random_below(8)) {
	case 0: sim_disk_fail_write(s->store.io, n); break;
	case 1: break;
	default: sim_disk_cut_after(s->store.io, n);
	}
	sim_load_run(l, 100 + sim_random_below(4000));
	if (sim_random_below(2))
		sim_disk_cut_now(s->store.io);
}

static void crash(void *arg)
{
	struct run *run = arg;
	bool deep = !sim_random_below(16);
	struct sim_format f = deep ? (struct sim_format){ 8, 16, 8000, 0 } : random_format();
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	struct sim_load l = random_load(&f, &s);

	run->latency = 1 << sim_random_below(6); /* wide windows between steps */

	if (deep) {
		l.sectors = 60000 / l.inodes;
		l.max_sectors = 1;
		run->cuts = min(run->cuts, (u64)DEEP_CUTS);
	}
	if (run->seed)
		printf("seed %llu: %llu buckets of %u sectors, block %u; %u x %u sectors, "
		       "operations up to %u, %u workers\n",
		       run->seed, f.nbuckets, f.bucket_sectors, f.block_sectors, l.inodes,
		       l.sectors, l.max_sectors, l.workers);
	fflush(stdout);
	sim_set_preemption(2 + sim_random_below(60));
	sim_load_init(&l);
	sim_store_format(s.store.io, &f);
	start(run, &s);
	if (deep)
		sim_load_run(&l, DEEP_STEPS);
	for (; run->done < run->cuts; run->done++) {
		work_until_cut(&l);
		sim_store_close(&s);
		lose_power(&s);
		if (!deep && !sim_random_below(16))
			crash_in_a_loop(run, &s);
		start(run, &s);
		run->replayed += s.store.found.keys;
		sim_load_recover(&l);
		sim_load_check(&l);
	}
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
	sim_load_exit(&l);
}

int main(int argc, char **argv)
{
	u64 cuts = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	u64 done = 0, starts_cut = 0, replayed = 0;

	sim_set_quiet(true);
	for (; done < cuts; seed++) {
		struct run run = { .seed = seed, .cuts = CUTS_PER_SEED };

		if (argc > 2)
			run.cuts = cuts;
		sim_run(crash, &run, run.seed);
		done += run.done;
		starts_cut += run.starts_cut;
		replayed += run.replayed;
	}
	printf("%llu cuts, %llu of them in a start; %llu keys replayed\n", done + starts_cut,
	       starts_cut, replayed);
	return 0;
}
