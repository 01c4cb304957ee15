// SPDX-License-Identifier: GPL-2.0
/*
 * The refill: which victims, never the wrong ones, generations durable before
 * reuse, and a small set under load that never comes to a stop.
 */
#include "buckets_fixture.h"

#include <linux/mutex.h>

#define BUCKETS 600
#define FIRST 9
#define LAST (BUCKETS - 2) /* the last one is the fixture's */
#define MANY 5000

static struct dmbc_why why;
static __u32 gc_wanted;

static void want_gc(void *ctx)
{
	(void)ctx;
	gc_wanted++;
}

static __u64 ptr_to(struct fixture *f, __u64 bucket)
{
	return dmbc_ptr_make(dmbc_geometry_sector(&f->g, bucket), f->bs.b[bucket].gen);
}

static __u64 bucket_of(struct fixture *f, __u64 ptr)
{
	return dmbc_geometry_bucket(&f->g, dmbc_ptr_sector(ptr));
}

static void fill(struct fixture *f, __u64 bucket, __u32 sectors, bool dirty, __u16 age)
{
	dmbc_bucket_add_live(&f->bs, ptr_to(f, bucket), sectors, dirty);
	f->bs.b[bucket].stamp = f->bs.epoch - age;
}

/* A set as start-up leaves it: a loaded chain, nothing free, the rest marked by the test. */
static void begin_existing(struct fixture *f)
{
	assert_int_equal(dmbc_gens_write(f->gens), 0);
	assert_int_equal(dmbc_gens_load(f->gens, fixture_power_cycle(f, 1), &why), 0);
	gc_wanted = 0;
	dmbc_refill_on_want_gc(f->r, want_gc, NULL);
}

/* Lets the refill work until the list is full; at most for a few seconds. */
static bool wait_full(struct fixture *f)
{
	int i;

	for (i = 0; i < 500 && dmbc_alloc_is_low(f->a); i++)
		sim_sleep(5);
	return !dmbc_alloc_is_low(f->a);
}

/* Format rule 4: of every free bucket the medium knows the generation. Ends the refill. */
static void check_durable(struct fixture *f)
{
	struct dmbc_buckets bs;
	struct dmbc_alloc *a;
	struct dmbc_gens *gens;
	__u64 i;

	dmbc_refill_stop(f->r);
	assert_int_equal(dmbc_buckets_init(&bs, &f->g), 0);
	a = dmbc_alloc_create(&bs);
	gens = dmbc_gens_create(f->io, &bs, a, f->j);
	assert_int_equal(dmbc_gens_load(gens, fixture_named(f).prio_bucket, &why), 0);
	for (i = 0; i < f->g.nbuckets; i++)
		if (f->bs.b[i].use == DMBC_BUCKET_FREE)
			assert_int_equal(bs.b[i].gen, f->bs.b[i].gen);
	dmbc_gens_destroy(gens);
	dmbc_alloc_destroy(a);
	dmbc_buckets_exit(&bs);
}

static void a_new_set_starts_without_writes(struct fixture *f)
{
	__u64 i, writes = sim_disk_writes(f->io);

	assert_int_equal(dmbc_alloc_wanted(f->a), 0);
	assert_int_equal(sim_disk_writes(f->io), writes);
	for (i = 0; i < BUCKETS; i++)
		assert_int_equal(f->bs.b[i].gen, 0);
	assert_int_equal(dmbc_gens_write(f->gens), 0);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	sim_sleep(100);
	check_durable(f);
}

static void an_old_set_starts_with_nothing_free(struct fixture *f)
{
	__u64 i;

	begin_existing(f);
	assert_int_equal(dmbc_alloc_free_count(f->a), 0);
	for (i = 100; i < LAST; i++)
		fill(f, i, 64, false, i);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	assert_true(wait_full(f));
	assert_int_equal(gc_wanted, 0);
	check_durable(f);
}

/* ---- policies ---------------------------------------------------------------------- */

/* Takes free buckets until @n were had; order[] says which. */
static void consume(struct fixture *f, __u32 n, __u64 *order)
{
	__u64 ptr;
	__u32 i;

	for (i = 0; i < n; i++) {
		assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_BTREE, true, &ptr), 0);
		order[i] = bucket_of(f, ptr);
	}
}

static __u16 ages[MANY];

/* All data, clean, ages at random; the lists hold nothing but what comes from now on. */
static void begin_policy(struct fixture *f, enum dmbc_replacement policy)
{
	__u64 i, free;

	begin_existing(f);
	f->bs.epoch = 40000;
	dmbc_refill_set_policy(f->r, policy);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	assert_true(wait_full(f));
	free = dmbc_alloc_free_count(f->a);
	for (i = FIRST; i < f->g.nbuckets; i++) {
		ages[i] = 20000; /* those that are chosen already */
		if (f->bs.b[i].use != DMBC_BUCKET_UNUSED)
			continue;
		ages[i] = 1 + random_below(20000);
		fill(f, i, 8, false, ages[i]);
	}
	consume(f, free - 1, (__u64[MANY]){ 0 });
}

static void the_oldest_go_first(struct fixture *f)
{
	static __u64 order[MANY];
	__u32 tenth = MANY / 10, i, young = 0, old = 0;

	begin_policy(f, DMBC_REPLACE_LRU);
	consume(f, tenth, order);
	for (i = 0; i < tenth; i++) {
		young += ages[order[i]] < 10000;
		old += ages[order[i]] > 16000;
	}
	assert_int_equal(young, 0);
	assert_in_range(old, tenth * 9 / 10, tenth);
	check_durable(f);
}

static void the_emptier_of_equals_go_first(struct fixture *f)
{
	static __u64 order[MANY];
	__u32 i, full = 0;
	__u64 b;

	begin_policy(f, DMBC_REPLACE_LRU);
	for (b = FIRST; b < MANY; b++) {
		f->bs.b[b].stamp = f->bs.epoch - 1000;
		if (f->bs.b[b].use == DMBC_BUCKET_DATA && b % 2)
			dmbc_bucket_sub_live(&f->bs, ptr_to(f, b), 7, false);
	}
	consume(f, 300, order); /* what had been chosen before */
	consume(f, 500, order);
	for (i = 0; i < 500; i++)
		full += order[i] % 2 == 0;
	assert_in_range(full, 0, 10);
}

static void first_in_first_out(struct fixture *f)
{
	static __u64 order[MANY];
	__u32 i, backwards = 0;

	begin_policy(f, DMBC_REPLACE_FIFO);
	consume(f, 500, order);
	for (i = 1; i < 500; i++)
		backwards += order[i] < order[i - 1];
	assert_in_range(backwards, 0, 20); /* once for each chain of prio buckets that comes back */
}

static void at_random(struct fixture *f)
{
	static __u64 order[MANY];
	__u32 i, backwards = 0, young = 0;

	begin_policy(f, DMBC_REPLACE_RANDOM);
	consume(f, 500, order);
	for (i = 1; i < 500; i++) {
		backwards += order[i] < order[i - 1];
		young += ages[order[i]] < 10000;
	}
	assert_in_range(backwards, 150, 350);
	assert_in_range(young, 150, 350);
}

/* ---- what must not be taken ----------------------------------------------------------- */

static void only_what_can_be_had(struct fixture *f)
{
	__u64 i, pinned = ptr_to(f, 20), ptr, open;
	__u32 policy;

	for (policy = DMBC_REPLACE_LRU; policy <= DMBC_REPLACE_RANDOM; policy++) {
		begin_existing(f);
		dmbc_refill_set_policy(f->r, policy);
		for (i = 100; i <= LAST; i++)
			fill(f, i, 8, i % 8, 100);
		pinned = ptr_to(f, 104);
		assert_true(dmbc_bucket_pin(&f->bs, pinned));
		f->bs.b[112].oldest -= DMBC_BUCKET_MAX_SPAN;
		assert_int_equal(dmbc_refill_start(f->r), 0);
		assert_int_equal(dmbc_alloc_wait(f->a, DMBC_RESERVE_NONE, 1), 0);
		assert_in_range(dmbc_alloc_sectors(f->a, DMBC_ALLOC_CLEAN, 1, 8, &open), 8, 8);
		while (!dmbc_alloc_wait(f->a, DMBC_RESERVE_NONE, 1) && f->bs.n.metadata < 130) {
			assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_NONE, true, &ptr), 0);
			assert_true(f->bs.b[bucket_of(f, ptr)].dirty == 0);
		}
		sim_sleep(500);
		for (i = 100; i <= LAST; i++)
			if (i % 8 && f->bs.b[i].use != DMBC_BUCKET_DATA)
				fail_msg("dirty bucket %llu taken", (unsigned long long)i);
		assert_int_equal(f->bs.b[104].use, DMBC_BUCKET_DATA);
		assert_int_equal(f->bs.b[112].use, DMBC_BUCKET_DATA);
		assert_int_equal(f->bs.b[bucket_of(f, open)].use, DMBC_BUCKET_DATA);
		check_durable(f);
		dmbc_bucket_unpin(&f->bs, pinned);
		dmbc_bucket_unpin(&f->bs, open);
	}
}

static void without_victims_gc_is_asked(struct fixture *f)
{
	__u64 i, ptr;

	begin_existing(f);
	for (i = 40; i <= LAST; i++)
		fill(f, i, 8, true, 100);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	sim_sleep(1000);
	assert_true(gc_wanted > 0);
	assert_true(dmbc_alloc_is_low(f->a));
	/* something becomes clean: no need to wait for the next look */
	for (i = 40; i < 140; i++) {
		dmbc_bucket_sub_live(&f->bs, ptr_to(f, i), 8, true);
		dmbc_bucket_add_live(&f->bs, ptr_to(f, i), 8, false);
	}
	dmbc_refill_kick(f->r);
	assert_true(wait_full(f));
	assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_NONE, false, &ptr), 0);
}

static void a_failed_write_ends_it(struct fixture *f)
{
	__u64 i, ptr;

	begin_existing(f);
	for (i = 20; i <= LAST; i++)
		fill(f, i, 8, false, 100);
	sim_disk_fail_write(f->io, 1);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	assert_int_equal(dmbc_alloc_wait(f->a, DMBC_RESERVE_NONE, 1), -ENOSPC);
	/* what was unused is there; no more comes */
	while (!dmbc_alloc_bucket(f->a, DMBC_RESERVE_PRIO, false, &ptr))
		assert_true(bucket_of(f, ptr) < 20);
	assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_PRIO, true, &ptr), -ENOSPC);
	dmbc_refill_stop(f->r);
}

static bool ended;

static void stopping_ends_waiting(void *arg)
{
	struct fixture *f = arg;
	__u64 ptr;

	assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_NONE, true, &ptr), -ENOSPC);
	ended = true;
}

static void stop_and_start(struct fixture *f)
{
	__u64 i;

	ended = false;
	begin_existing(f);
	for (i = 20; i <= LAST; i++)
		fill(f, i, 8, true, 100);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	sim_spawn(stopping_ends_waiting, f, "waiter");
	sim_sleep(5);
	assert_false(ended);
	for (i = 0; i < 10; i++) {
		dmbc_refill_stop(f->r);
		sim_sleep(1);
		assert_true(ended);
		assert_int_equal(dmbc_refill_start(f->r), 0);
	}
}

/* ---- readers beside the refill ----------------------------------------------------------- */

static __u32 readers, reads;

/* While a bucket is pinned with a current pointer, nobody gets it. */
static void reader(void *arg)
{
	struct fixture *f = arg;
	__u32 i, use;

	for (i = 0; i < 400; i++) {
		__u64 b = FIRST + sim_random_below(LAST - FIRST), ptr = ptr_to(f, b);

		if (f->bs.b[b].use != DMBC_BUCKET_DATA || !dmbc_bucket_pin(&f->bs, ptr)) {
			sim_yield();
			continue;
		}
		use = f->bs.b[b].use;
		if (use == DMBC_BUCKET_DATA) {
			sim_sleep(sim_random_below(20));
			use = f->bs.b[b].use;
			assert_true(use == DMBC_BUCKET_DATA || use == DMBC_BUCKET_INVALIDATED);
			reads++;
		}
		dmbc_bucket_unpin(&f->bs, ptr);
	}
	readers--;
}

static void readers_keep_their_buckets(struct fixture *f)
{
	__u64 ptr, b;
	__u32 i;

	begin_existing(f);
	for (b = 20; b <= LAST; b++)
		fill(f, b, 8, false, random_below(1000));
	assert_int_equal(dmbc_refill_start(f->r), 0);
	reads = 0;
	for (readers = 0; readers < 8; readers++)
		sim_spawn(reader, f, "reader");
	for (i = 0; readers; i++) {
		assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_NONE, true, &ptr), 0);
		b = bucket_of(f, ptr);
		assert_int_equal(atomic_read(&f->bs.b[b].pins), 0);
		sim_yield();
		/* as data again, without its older pointers */
		dmbc_bucket_set_use(&f->bs, b, DMBC_BUCKET_DATA);
		dmbc_bucket_add_live(&f->bs, ptr, 8, false);
		f->bs.b[b].oldest = f->bs.b[b].gen;
	}
	assert_true(reads > 500);
	assert_true(i > BUCKETS / 2);
}

static __u64 late;

/* A reader that had looked at the generation just before it grew. */
static void pin_late(void *ctx, u64 sector, u32 sectors, unsigned int flags)
{
	struct fixture *f = ctx;
	__u64 b;

	(void)sector;
	(void)sectors;
	(void)flags;
	for (b = FIRST; !late && b <= LAST; b++)
		if (f->bs.b[b].use == DMBC_BUCKET_INVALIDATED)
			late = b;
	if (late && !atomic_read(&f->bs.b[late].pins))
		f->bs.b[late].pins.counter++;
}

static void late_readers_are_waited_for(struct fixture *f)
{
	__u64 order[300], b;
	__u32 i;

	begin_existing(f);
	late = 0;
	for (b = 20; b <= LAST; b++)
		fill(f, b, 8, false, random_below(1000));
	sim_disk_on_write(f->io, pin_late, f);
	assert_int_equal(dmbc_refill_start(f->r), 0);
	assert_true(wait_full(f));
	sim_disk_on_write(f->io, NULL, NULL);
	assert_true(late);
	consume(f, 100, order);
	for (i = 0; i < 100; i++)
		assert_int_not_equal(order[i], late);
	assert_int_equal(f->bs.b[late].use, DMBC_BUCKET_INVALIDATED);
	atomic_dec(&f->bs.b[late].pins);
	consume(f, 60, order);
	assert_int_not_equal(f->bs.b[late].use, DMBC_BUCKET_INVALIDATED);
}

/* ---- a small set under load ----------------------------------------------------------------- */

#define EXTENTS 3000

struct load {
	struct fixture *f;
	struct mutex lock; /* the index's: extents and their counts agree */
	struct {
		__u64 ptr;
		__u32 sectors;
		bool dirty;
	} extent[EXTENTS];
	__u64 written, refused;
	__u32 metadata_rounds;
	bool stop;
	__u32 running;
};

static void drop_extent(struct load *l, __u32 i)
{
	if (l->extent[i].sectors)
		dmbc_bucket_sub_live(&l->f->bs, l->extent[i].ptr, l->extent[i].sectors,
				     l->extent[i].dirty);
	l->extent[i].sectors = 0;
}

static void load_writer(void *arg)
{
	struct load *l = arg;
	__u32 stream = sim_random(), i, got;
	__u64 ptr;

	while (!l->stop) {
		bool dirty = l->f->bs.n.dirty_buckets < BUCKETS * 7 / 10 && sim_random_below(2);

		got = dmbc_alloc_sectors(l->f->a, dirty ? DMBC_ALLOC_DIRTY : DMBC_ALLOC_CLEAN,
					 stream, 1 + sim_random_below(64), &ptr);
		if (!got) {
			l->refused++;
			sim_sleep(1);
			continue;
		}
		if (sim_random_below(4) == 0)
			sim_sleep(sim_random_below(3)); /* data on its way */
		i = sim_random_below(EXTENTS);
		mutex_lock(&l->lock);
		drop_extent(l, i);
		dmbc_bucket_add_live(&l->f->bs, ptr, got, dirty);
		l->extent[i].ptr = ptr;
		l->extent[i].sectors = got;
		l->extent[i].dirty = dirty;
		mutex_unlock(&l->lock);
		dmbc_bucket_touch(&l->f->bs, ptr, got);
		dmbc_bucket_unpin(&l->f->bs, ptr);
		l->written += got;
	}
	l->running--;
}

static void load_cleaner(void *arg)
{
	struct load *l = arg;
	struct dmbc_buckets *bs = &l->f->bs;
	__u32 i, n = 0;

	while (!l->stop) {
		i = sim_random_below(EXTENTS);
		mutex_lock(&l->lock);
		if (l->extent[i].sectors && l->extent[i].dirty) {
			dmbc_bucket_sub_live(bs, l->extent[i].ptr, l->extent[i].sectors, true);
			dmbc_bucket_add_live(bs, l->extent[i].ptr, l->extent[i].sectors, false);
			l->extent[i].dirty = false;
		}
		mutex_unlock(&l->lock);
		if (++n % 8 == 0)
			sim_sleep(1);
	}
	l->running--;
}

/* Like splits: a few buckets at once, given up later. */
static void load_metadata(void *arg)
{
	struct load *l = arg;
	__u64 ptr[8];
	__u32 i, n;

	while (!l->stop) {
		n = 1 + sim_random_below(8);
		for (i = 0; i < n; i++) {
			if (!dmbc_alloc_wait(l->f->a, DMBC_RESERVE_BTREE, n - i) &&
			    !dmbc_alloc_bucket(l->f->a, DMBC_RESERVE_BTREE, true, &ptr[i]))
				continue;
			assert_true(sim_disk_is_cut(l->f->io));
			n = i;
		}
		sim_sleep(sim_random_below(4));
		for (i = 0; i < n; i++)
			dmbc_bucket_free_metadata(&l->f->bs, bucket_of(l->f, ptr[i]));
		l->metadata_rounds++;
	}
	l->running--;
}

/* Like gc: nothing older than the present is left in the tree. */
static void load_gc(void *arg)
{
	struct load *l = arg;
	__u64 i;

	while (!l->stop) {
		sim_sleep(20);
		if (!gc_wanted)
			continue;
		gc_wanted = 0;
		for (i = 0; i < BUCKETS; i++)
			l->f->bs.b[i].oldest = l->f->bs.b[i].gen;
		dmbc_refill_kick(l->f->r);
	}
	l->running--;
}

static void check_counts(struct load *l)
{
	static __u32 live[BUCKETS], dirty[BUCKETS];
	__u64 i, b;

	memset(live, 0, sizeof(live));
	memset(dirty, 0, sizeof(dirty));
	for (i = 0; i < EXTENTS; i++) {
		b = bucket_of(l->f, l->extent[i].ptr);
		if (!l->extent[i].sectors || dmbc_bucket_stale(&l->f->bs, l->extent[i].ptr)) {
			assert_false(l->extent[i].sectors && l->extent[i].dirty);
			continue;
		}
		live[b] += l->extent[i].sectors;
		dirty[b] += l->extent[i].dirty ? l->extent[i].sectors : 0;
	}
	for (i = 0; i < BUCKETS; i++) {
		assert_int_equal(l->f->bs.b[i].live, live[i]);
		assert_int_equal(l->f->bs.b[i].dirty, dirty[i]);
	}
}

static void start_load(struct load *l)
{
	static void (*const parts[])(void *arg) = { load_writer,  load_writer, load_writer,
						    load_cleaner, load_gc,     load_metadata,
						    load_metadata };
	__u32 i;

	l->stop = false;
	l->running = ARRAY_SIZE(parts);
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		sim_spawn(parts[i], l, "load");
}

static void stop_load(struct load *l)
{
	l->stop = true;
	while (l->running)
		sim_sleep(1);
}

static void run_load(struct load *l)
{
	__u64 written = l->written, rounds = l->metadata_rounds;
	__u32 i;

	start_load(l);
	for (i = 0; i < 4; i++) {
		sim_sleep(400);
		assert_true(l->written > written);
		assert_true(l->metadata_rounds > rounds);
		written = l->written;
		rounds = l->metadata_rounds;
	}
	stop_load(l);
}

static struct load *new_load(struct fixture *f)
{
	struct load *l = calloc(1, sizeof(*l));

	begin_existing(f);
	l->f = f;
	mutex_init(&l->lock);
	return l;
}

static void a_small_set_never_stops(struct fixture *f)
{
	struct load *l = new_load(f);
	__u32 policy, round;

	for (round = 0; round < 2; round++) {
		for (policy = DMBC_REPLACE_LRU; policy <= DMBC_REPLACE_RANDOM; policy++) {
			dmbc_refill_set_policy(f->r, policy);
			assert_int_equal(dmbc_refill_start(f->r), 0);
			run_load(l);
			dmbc_refill_stop(f->r);
			check_counts(l);
			check_durable(f);
		}
	}
	assert_true(l->written > 10 * BUCKETS * 64);
	free(l);
}

/*
 * After a cut the medium may make a pointer current again that was stale. That
 * is right only as long as its bucket was not written again.
 */
static void check_revived(struct load *l, const struct dmbc_bucket *before)
{
	struct dmbc_buckets *bs = &l->f->bs;
	__u32 i;

	for (i = 0; i < EXTENTS; i++) {
		const struct dmbc_bucket *was = &before[bucket_of(l->f, l->extent[i].ptr)];
		__u8 gen = dmbc_ptr_gen(l->extent[i].ptr);

		if (!l->extent[i].sectors || dmbc_bucket_stale(bs, l->extent[i].ptr))
			continue;
		if (was->gen == gen)
			continue;
		assert_int_equal(was->use, DMBC_BUCKET_INVALIDATED);
		assert_int_equal(was->gen, (__u8)(gen + 1));
	}
}

/* What start-up does with what the tree names; the test's extents are the tree. */
static void mark_extents(struct load *l)
{
	struct dmbc_buckets *bs = &l->f->bs;
	__u32 i;

	for (i = 0; i < EXTENTS; i++)
		if (l->extent[i].sectors)
			dmbc_bucket_raise_gen(bs, l->extent[i].ptr);
	for (i = 0; i < EXTENTS; i++) {
		if (l->extent[i].sectors && !dmbc_bucket_stale(bs, l->extent[i].ptr))
			dmbc_bucket_add_live(bs, l->extent[i].ptr, l->extent[i].sectors,
					     l->extent[i].dirty);
		else
			l->extent[i].sectors = 0;
	}
}

static void a_cut_revives_nothing_reused(struct fixture *f)
{
	struct dmbc_bucket *before = calloc(BUCKETS, sizeof(*before));
	struct load *l = new_load(f);
	__u32 round;

	for (round = 0; round < 60; round++) {
		assert_int_equal(dmbc_refill_start(f->r), 0);
		start_load(l);
		sim_sleep(100);
		sim_disk_cut_after(f->io, 1 + sim_random_below(40));
		while (!sim_disk_is_cut(f->io))
			sim_sleep(1);
		sim_sleep(sim_random_below(10));
		stop_load(l);
		dmbc_refill_stop(f->r);
		check_counts(l);
		memcpy(before, f->bs.b, BUCKETS * sizeof(*before));
		assert_int_equal(dmbc_gens_load(f->gens, fixture_power_cycle(f, round), &why), 0);
		dmbc_refill_on_want_gc(f->r, want_gc, NULL);
		check_revived(l, before);
		mark_extents(l);
	}
	free(before);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_new_set_starts_without_writes),
		fixture_test(an_old_set_starts_with_nothing_free),
		fixture_test_sized(the_oldest_go_first, MANY, 8),
		fixture_test_sized(the_emptier_of_equals_go_first, MANY, 8),
		fixture_test_sized(first_in_first_out, MANY, 8),
		fixture_test_sized(at_random, MANY, 8),
		fixture_test(only_what_can_be_had),
		fixture_test(without_victims_gc_is_asked),
		fixture_test(a_failed_write_ends_it),
		fixture_test(stop_and_start),
		fixture_test(readers_keep_their_buckets),
		fixture_test(late_readers_are_waited_for),
		fixture_test(a_small_set_never_stops),
		fixture_test(a_cut_revives_nothing_reused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
