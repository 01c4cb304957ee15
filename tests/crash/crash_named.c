// SPDX-License-Identifier: GPL-2.0
/*
 * Failure classes that random work seldom meets, each brought about on purpose:
 *
 *   generations    D24: buckets go round hundreds of times over a leaf that nobody rewrites
 *   reuse          D10: buckets go round under slow reads
 *   replay-loop    H1: power fails in one start after the other, behind each journal write
 *   starved        D9: each allocation of a start that replays many keys fails once
 *   rotten-set     a damaged last set of a leaf whose keys the journal has forgotten
 *   torn-set       ... and one whose keys it still has
 *   hidden-entry   a damaged journal entry with newer ones behind it in its bucket
 *
 *   crash_named [TEST [ROUNDS [SEED]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <linux/slab.h>

#include "shim.h"
#include "sim/sim_load.h"

#define ROUND_SECONDS 60

static void open_store(struct sim_store *s)
{
	if (sim_store_open(s))
		shim_die(SHIM_PLACE, "does not start: %s", s->why.text);
}

/* Power returns to what is on the medium. */
static void reopen_disk(struct sim_store *s, enum sim_survivors which)
{
	struct sim_image *image;

	sim_disk_cut_now(s->store.io);
	if (s->store.steps_up)
		sim_store_close(s);
	image = sim_disk_crash_image_with(s->store.io, which);
	dmbc_blockio_destroy(s->store.io);
	s->store.io = sim_disk_reopen(image);
}

/* ---- generations ------------------------------------------------------------------------ */

#define OLD_SECTORS 1200 /* every second one has a key: more than a leaf holds */
#define TURNS 400 /* of all buckets */
#define LATE 300 /* from here on gc runs */
#define STALLS 40
#define NEW_SECTORS 1024 /* written all the time; each says which one it is */
#define NEW_STAMP (1ULL << 32)

static void put(struct sim_store *s, u32 inode, u64 pos, u32 sectors, u64 ptr)
{
	struct dmbc_insert op = { .how = DMBC_INSERT_SET }, *ops = &op;

	op.key = dmbc_key_make(inode, pos + sectors, sectors, false, ptr);
	if (dmbc_index_insert(s->store.index, &ops, 1))
		shim_die(SHIM_PLACE, "insert failed");
	dmbc_bucket_unpin(&s->store.buckets, ptr);
}

/* Clean data of stamps @stamp, @stamp + 1, ...; false: no bucket is free. */
static bool write_clean(struct sim_store *s, u32 inode, u64 pos, u32 want, u64 stamp)
{
	u64 ptr, stamps[16];
	u32 i, n = dmbc_alloc_sectors(s->store.alloc, DMBC_ALLOC_CLEAN, inode, want, &ptr);

	if (!n)
		return false;
	for (i = 0; i < n; i++)
		stamps[i] = stamp + i;
	if (sim_disk_write_stamps(s->store.io, dmbc_ptr_sector(ptr), n, stamps))
		shim_die(SHIM_PLACE, "write failed");
	put(s, inode, pos, n, ptr);
	return true;
}

/* Each old sector is what it was, or gone. */
static void check_old(struct sim_store *s)
{
	struct dmbc_fragment f;
	u64 pos, stamp;

	for (pos = 0; pos < OLD_SECTORS; pos++) {
		if (dmbc_index_lookup(s->store.index, 0, pos, 1, true, &f))
			shim_die(SHIM_PLACE, "lookup failed");
		if (f.kind == DMBC_FRAGMENT_HOLE)
			continue;
		if (sim_disk_read_stamps(s->store.io, dmbc_ptr_sector(f.ptr), 1, &stamp) ||
		    stamp != 1000 + pos)
			shim_die(SHIM_PLACE, "sector %llu came back as %llu", pos, stamp);
		dmbc_bucket_unpin(&s->store.buckets, f.ptr);
	}
}

/* Buckets of data until one turn is through, or none can be had any more. */
static bool turn_buckets(struct sim_store *s)
{
	u64 left = s->store.g.nbuckets;
	u32 stalls = 0;

	while (left && stalls < STALLS) {
		u64 pos = 16 * sim_random_below(NEW_SECTORS / 16);

		if (write_clean(s, 1, pos, 16, NEW_STAMP + pos)) {
			left--;
			stalls = 0;
		} else {
			sim_sleep(HZ / 10);
			stalls++;
		}
	}
	return !left;
}

static void generations(void)
{
	struct sim_format f = { 1, 16, 160, DMBC_REPLACE_FIFO };
	struct sim_store s = {
		.store.io = sim_disk_create(f.nbuckets * f.bucket_sectors),
		.gc_delay = ~0U / 4, /* never */
		.first_gen = sim_random(),
	};
	u32 turn, turned = 0;
	u64 pos;

	sim_disk_set_latency(s.store.io, 0);
	sim_store_format(s.store.io, &f);
	open_store(&s);
	for (pos = 0; pos < OLD_SECTORS;)
		pos += 2 * write_clean(&s, 0, pos, 1, 1000 + pos);
	for (turn = 0; turn < TURNS; turn++) {
		turned += turn_buckets(&s);
		check_old(&s);
		if (turn % 40 == 39) { /* what was known of generations is found out again */
			sim_store_close(&s);
			open_store(&s);
			check_old(&s);
		}
		if (turn == LATE) { /* now it is the index that has to let go */
			sim_store_close(&s);
			s.gc_delay = 1;
			open_store(&s);
		}
	}
	if (turned < TURNS / 2)
		shim_die(SHIM_PLACE, "only %u turns of %u: gc did not help", turned, TURNS);
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
}

/* ---- slow reads --------------------------------------------------------------------------- */

#define READERS 8

struct reuse {
	struct sim_store *s;
	u32 readers; /* that have not ended */
};

/* What a lookup has found is there as long as the bucket is pinned. */
static void slow_reader(void *arg)
{
	struct reuse *u = arg;
	struct dmbc_fragment f;
	u64 pos, stamp;
	u32 reads;

	for (reads = 0; reads < 50; reads++) {
		pos = sim_random_below(NEW_SECTORS);
		if (dmbc_index_lookup(u->s->store.index, 1, pos, 1, true, &f))
			shim_die(SHIM_PLACE, "lookup failed");
		if (f.kind == DMBC_FRAGMENT_HOLE) {
			sim_sleep(1);
			continue;
		}
		sim_sleep(sim_random_below(4 * HZ));
		if (sim_disk_read_stamps(u->s->store.io, dmbc_ptr_sector(f.ptr), 1, &stamp) ||
		    stamp != NEW_STAMP + pos)
			shim_die(SHIM_PLACE, "read of sector %llu finds %llu", pos, stamp);
		dmbc_bucket_unpin(&u->s->store.buckets, f.ptr);
	}
	u->readers--;
}

static void reuse(void)
{
	struct sim_format f = { 1, 16, 160, DMBC_REPLACE_FIFO };
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	struct reuse u = { .s = &s, .readers = READERS };
	u32 i;

	sim_store_format(s.store.io, &f);
	open_store(&s);
	turn_buckets(&s);
	for (i = 0; i < READERS; i++)
		sim_spawn(slow_reader, &u, "reader");
	while (u.readers)
		turn_buckets(&s);
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
}

/* ---- starts that never come to their end -------------------------------------------------- */

struct loop {
	struct sim_store s;
	u64 first, end; /* sectors of the journal */
	bool written; /* an entry was, or is about to be */
};

static void watch_writes(void *ctx, u64 sector, u32 sectors, unsigned int flags)
{
	struct loop *p = ctx;

	p->written |= sector >= p->first && sector < p->end;
}

/* The first write behind one of the journal does not come to the disk. */
static void cut_behind_journal(void *ctx)
{
	struct loop *p = ctx;

	if (p->written && !sim_random_below(2))
		sim_disk_cut_now(p->s.store.io);
}

/* As many starts as there is any way to cut, and one that is left alone. */
static void start_in_a_loop(struct loop *p, u32 starts)
{
	int r;

	while (starts--) {
		p->written = false;
		sim_disk_on_write(p->s.store.io, watch_writes, p);
		sim_disk_on_arrival(p->s.store.io, cut_behind_journal, p);
		r = sim_store_open(&p->s);
		if (r && !sim_disk_is_cut(p->s.store.io))
			shim_die(SHIM_PLACE, "does not start: %s", p->s.why.text);
		sim_sleep(sim_random_below(3));
		reopen_disk(&p->s, sim_random_below(2) ? SIM_SURVIVE_ALL : SIM_SURVIVE_TORN);
	}
	open_store(&p->s);
}

static void replay_loop(void)
{
	bool large = sim_random_below(2);
	struct sim_format f = { large ? 8 : 1, large ? 16 << sim_random_below(2) : 16, 200, 0 };
	struct loop p = { .s.store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	struct sim_load l = {
		.store = &p.s,
		.inodes = 1,
		.sectors = 1500,
		.max_sectors = 1,
		.workers = 4,
		.flushes = 1 + sim_random_below(200),
		.history = true,
		.no_reads = true,
	};
	u32 rounds = 4;

	sim_load_init(&l);
	sim_store_format(p.s.store.io, &f);
	open_store(&p.s);
	p.first = dmbc_geometry_sector(&p.s.store.g, p.s.store.g.first_bucket);
	p.end = dmbc_geometry_sector(&p.s.store.g, dmbc_geometry_first_free(&p.s.store.g));
	while (rounds--) {
		sim_disk_cut_after(p.s.store.io, 50 + sim_random_below(500));
		sim_load_run(&l, 3000);
		reopen_disk(&p.s, SIM_SURVIVE_SOME);
		start_in_a_loop(&p, sim_random_below(60));
		sim_load_recover(&l);
		sim_load_check(&l);
	}
	sim_store_close(&p.s);
	dmbc_blockio_destroy(p.s.store.io);
	sim_load_exit(&l);
}

/* ---- starts without memory ---------------------------------------------------------------- */

/* A start in which the @n-th allocation fails, and another; false: it has fewer. */
static bool start_starved(struct sim_load *l, const struct sim_image *image, u64 n)
{
	struct sim_store *s = l->store;
	size_t bytes = (size_t)l->inodes * l->sectors * sizeof(*l->map);
	void *map = kmemdup(l->map, bytes, GFP_KERNEL | __GFP_NOFAIL);
	bool failed;
	int r;

	s->store.io = sim_disk_reopen(sim_image_copy(image));
	sim_fail_allocation(n);
	r = sim_store_open(s);
	failed = sim_fail_allocation(0);
	if (r && (r != -ENOMEM || !failed))
		shim_die(SHIM_PLACE, "allocation %llu: error %d: %s", n, r, s->why.text);
	if (r)
		open_store(s);
	sim_load_recover(l);
	sim_load_check(l);
	sim_store_close(s);
	dmbc_blockio_destroy(s->store.io);
	memcpy(l->map, map, bytes); /* the past is still there */
	kfree(map);
	return failed;
}

static void starved(void)
{
	struct sim_format f = { 1, 16, 900, 0 };
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors),
			       .node_memory = 1 };
	struct sim_load l = {
		.store = &s,
		.inodes = 1,
		.sectors = 8000,
		.max_sectors = 1,
		.workers = 4,
		.flushes = 5,
		.history = true,
		.no_reads = true,
	};
	struct sim_image *image;
	u32 volumes;
	u64 n;

	sim_load_init(&l);
	sim_store_format(s.store.io, &f);
	open_store(&s);
	sim_load_run(&l, 5000 + sim_random_below(1000));
	image = sim_disk_crash_image_with(s.store.io, SIM_SURVIVE_TORN);
	sim_disk_cut_now(s.store.io);
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
	volumes = l.volumes;
	for (n = 1; start_starved(&l, image, n); n++)
		l.volumes = volumes;
	sim_image_free(image);
	sim_load_exit(&l);
}

/* ---- damaged last sets --------------------------------------------------------------------- */

#define SET_KEYS 100

/* A root whose last set has many keys; returns its sector and the set's block. */
static u64 make_last_set(struct sim_store *s, u32 *block)
{
	u32 i;

	for (i = 0; i < SET_KEYS; i++)
		while (!write_clean(s, 0, 4 * i, 1, 1000 + 4 * i))
			sim_sleep(1); /* until the refill has begun */
	if (dmbc_journal_flush(s->store.journal) || dmbc_nodes_write_all(s->store.nodes))
		shim_die(SHIM_PLACE, "I/O error");
	*block = 1; /* behind the first set, which is empty */
	return dmbc_ptr_sector(s->store.found.root.ptr);
}

static void flip(struct sim_store *s, u64 sector)
{
	struct sim_image *image;
	u8 data[SECTOR_SIZE];

	image = sim_disk_crash_image_with(s->store.io, SIM_SURVIVE_ALL);
	sim_image_read(image, sector, data);
	data[64 + sim_random_below(256)] ^= 1 << sim_random_below(8);
	sim_image_write(image, sector, data);
	dmbc_blockio_destroy(s->store.io);
	s->store.io = sim_disk_reopen(image);
}

static void damage_set(bool forgotten)
{
	struct sim_format f = { 1, 64, 200, 0 };
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	u64 sector;
	u32 block;

	sim_store_format(s.store.io, &f);
	open_store(&s);
	sim_store_close(&s);
	open_store(&s); /* now s.store.found.root says where the root is */
	sector = make_last_set(&s, &block);
	if (!forgotten)
		sim_disk_cut_now(s.store.io);
	sim_store_close(&s); /* with power, the journal says that it is not needed */
	flip(&s, sector + block + sim_random_below(3));
	if (forgotten) {
		if (!sim_store_open(&s))
			shim_die(SHIM_PLACE, "keys were dropped that the journal has not");
		if (!strstr(s.why.text, "node at sector"))
			shim_die(SHIM_PLACE, "no good reason: %s", s.why.text);
	} else {
		open_store(&s);
		check_old(&s);
		sim_store_close(&s);
	}
	dmbc_blockio_destroy(s.store.io);
}

static void rotten_set(void)
{
	damage_set(true);
}

static void torn_set(void)
{
	damage_set(false);
}

/* ---- damaged journal entries --------------------------------------------------------------- */

#define ENTRIES 6 /* of one block, in one bucket */

/* Flips a bit of the entry before the last in the bucket that was written last. */
static void damage_entry(struct sim_store *s)
{
	u64 sector = dmbc_geometry_sector(&s->store.g, s->store.g.first_bucket), newest = 0, at = 0,
	    i;
	u64 end = dmbc_geometry_sector(&s->store.g, dmbc_geometry_first_free(&s->store.g));
	struct sim_image *image = sim_disk_crash_image_with(s->store.io, SIM_SURVIVE_ALL);
	u8 data[SECTOR_SIZE];
	u32 used;

	for (i = sector; i < end; i++) {
		const struct dmbc_disk_jset *j = (const void *)data;

		sim_image_read(image, i, data);
		if (dmbc_verify_jset(&s->store.g, data, sizeof(data), &used, NULL) ||
		    __le64_to_cpu(j->seq) < newest)
			continue;
		newest = __le64_to_cpu(j->seq);
		at = i;
	}
	sim_image_read(image, at - 1, data);
	data[sim_random_below(200)] ^= 1 << sim_random_below(8);
	sim_image_write(image, at - 1, data);
	dmbc_blockio_destroy(s->store.io);
	s->store.io = sim_disk_reopen(image);
}

static void hidden_entry(void)
{
	struct sim_format f = { 1, 64, 200, 0 };
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	u32 i;

	sim_store_format(s.store.io, &f);
	open_store(&s);
	for (i = 0; i < ENTRIES; i++) {
		while (!write_clean(&s, 0, 4 * i, 1, 1000 + 4 * i))
			sim_sleep(1);
		if (dmbc_journal_flush(s.store.journal))
			shim_die(SHIM_PLACE, "I/O error");
	}
	sim_disk_cut_now(s.store.io);
	sim_store_close(&s);
	damage_entry(&s);
	if (!sim_store_open(&s))
		shim_die(SHIM_PLACE, "newer entries were dropped");
	if (!strstr(s.why.text, "dmbcache repair"))
		shim_die(SHIM_PLACE, "no good reason: %s", s.why.text);
	dmbc_blockio_destroy(s.store.io);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(void);
	u32 rounds;
} tests[] = {
	/* clang-format off */
	{ "generations", generations, 2 },
	{ "reuse", reuse, 20 },
	{ "replay-loop", replay_loop, 20 },
	{ "starved", starved, 2 },
	{ "rotten-set", rotten_set, 50 },
	{ "torn-set", torn_set, 50 },
	{ "hidden-entry", hidden_entry, 50 },
	/* clang-format on */
};

static void run(void *arg)
{
	void (*fn)(void) = *(void (**)(void))arg;

	sim_set_preemption(2 + sim_random_below(60));
	fn();
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	u64 rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	u64 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (u64)time(NULL), i, n;
	bool found = false;

	sim_set_quiet(true);
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		void (*fn)(void) = tests[i].fn;

		if (name && strcmp(name, tests[i].name))
			continue;
		found = true;
		n = rounds ? rounds : tests[i].rounds;
		printf("%s: %llu rounds from seed %llu\n", tests[i].name, n, seed);
		fflush(stdout);
		while (n--) {
			alarm(ROUND_SECONDS); /* a start that hangs */
			sim_run(run, &fn, seed + n);
		}
	}
	return !found;
}
