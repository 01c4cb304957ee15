// SPDX-License-Identifier: GPL-2.0
/* Free list, floors of the reserves, open buckets, waiting for buckets. */
#include "fiber_test.h"

#include <linux/err.h>

#include "store/alloc.h"
#include "store/gens.h"

#define BUCKETS 600
#define NONE DMBC_RESERVE_NONE
#define CLEAN DMBC_ALLOC_CLEAN

static struct dmbc_geometry geometry;
static struct dmbc_buckets bs;
static struct dmbc_alloc *a;
static __u64 next_free; /* bucket for feed() */

static void begin(__u64 nbuckets)
{
	geometry = fixture_geometry();
	geometry.nbuckets = nbuckets;
	geometry.block_sectors = 8;
	assert_int_equal(dmbc_buckets_init(&bs, &geometry), 0);
	a = dmbc_alloc_create(&bs);
	assert_false(IS_ERR(a));
	next_free = dmbc_geometry_first_free(&geometry);
}

static void end(void)
{
	__u64 i;

	dmbc_alloc_destroy(a);
	for (i = 0; i < geometry.nbuckets; i++)
		assert_int_equal(atomic_read(&bs.b[i].pins), 0);
	dmbc_buckets_exit(&bs);
}

static int setup(void **state)
{
	(void)state;
	begin(BUCKETS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end();
	return 0;
}

static void feed(__u32 n)
{
	while (n-- > 0)
		dmbc_alloc_add_free(a, next_free++);
}

static __u64 bucket_of(__u64 ptr)
{
	return dmbc_geometry_bucket(&geometry, dmbc_ptr_sector(ptr));
}

/* Buckets that a class can take now. */
static __u32 can_take(enum dmbc_reserve reserve)
{
	static __u64 ptr[1 << 17];
	__u32 n = 0, i;

	while (!dmbc_alloc_bucket(a, reserve, false, &ptr[n]))
		n++;
	for (i = 0; i < n; i++)
		dmbc_alloc_return(a, ptr[i]);
	return n;
}

static void reserves_are_a_small_part(void **state)
{
	static const __u64 sizes[] = { 513, 600, 1000, 5000, 20000, 1000000 };
	__u32 i, prio, none;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin(sizes[i]);
		prio = dmbc_geometry_prio_sets(&geometry);
		feed(dmbc_alloc_wanted(a));
		assert_int_equal(dmbc_alloc_wanted(a), 0);
		assert_in_range(dmbc_alloc_size(a), 1, sizes[i] * 12 / 100);
		assert_int_equal(can_take(DMBC_RESERVE_PRIO), dmbc_alloc_size(a));
		none = can_take(NONE);
		assert_in_range(none, 16 * prio, dmbc_alloc_size(a));
		assert_int_equal(bs.n.free, dmbc_alloc_size(a));
		end();
	}
}

static void each_class_leaves_its_betters_something(void **state)
{
	__u64 ptr;

	(void)state;
	feed(dmbc_alloc_size(a));
	while (!dmbc_alloc_bucket(a, NONE, false, &ptr))
		assert_int_equal(bs.b[bucket_of(ptr)].use, DMBC_BUCKET_METADATA);
	assert_in_range(can_take(DMBC_RESERVE_MOVE), 1, 4);
	assert_in_range(can_take(DMBC_RESERVE_BTREE), 17, 20);
	while (!dmbc_alloc_bucket(a, DMBC_RESERVE_BTREE, false, &ptr))
		;
	assert_int_equal(dmbc_alloc_free_count(a), dmbc_geometry_prio_sets(&geometry));
	assert_int_equal(can_take(DMBC_RESERVE_MOVE), 0);
	assert_int_equal(can_take(DMBC_RESERVE_PRIO), dmbc_geometry_prio_sets(&geometry));
}

static void an_empty_list_says_why(void **state)
{
	__u64 ptr;

	(void)state;
	assert_int_equal(dmbc_alloc_bucket(a, NONE, false, &ptr), -ENOSPC);
	assert_int_equal(dmbc_alloc_bucket(a, NONE, true, &ptr), -ENOSPC);
	assert_int_equal(dmbc_alloc_wait(a, NONE, 1), -ENOSPC);
	dmbc_alloc_set_failed(a, false);
	assert_int_equal(dmbc_alloc_bucket(a, NONE, false, &ptr), -EAGAIN);
}

static void a_returned_bucket_is_free_at_once(void **state)
{
	__u64 ptr;
	__u32 i;

	(void)state;
	feed(dmbc_alloc_size(a));
	bs.b[9].gen = bs.b[9].oldest = 5;
	assert_int_equal(dmbc_alloc_bucket(a, NONE, false, &ptr), 0);
	assert_int_equal(ptr, dmbc_ptr_make(9 * 64, 5));
	dmbc_alloc_return(a, ptr);
	assert_int_equal(bs.b[9].gen, 5);
	assert_int_equal(bs.b[9].use, DMBC_BUCKET_FREE);
	/* more than the ring holds: the refill will see them again */
	for (i = 0; i < 100; i++)
		feed(1);
	assert_int_equal(bs.n.free, dmbc_alloc_free_count(a));
	assert_in_range(bs.n.free, dmbc_alloc_size(a) + 1, dmbc_alloc_size(a) + 99);
}

/* ---- data --------------------------------------------------------------------- */

static __u64 get(enum dmbc_alloc_kind kind, __u32 stream, __u32 want, __u32 got)
{
	__u64 ptr = 0;

	assert_int_equal(dmbc_alloc_sectors(a, kind, stream, want, &ptr), got);
	if (got)
		dmbc_bucket_unpin(&bs, ptr);
	return ptr;
}

static void a_stream_stays_together(void **state)
{
	__u64 one, two;

	(void)state;
	feed(dmbc_alloc_size(a));
	one = get(CLEAN, 1, 8, 8);
	two = get(CLEAN, 2, 8, 8);
	assert_int_not_equal(bucket_of(one), bucket_of(two));
	assert_int_equal(dmbc_ptr_sector(get(CLEAN, 1, 8, 8)), dmbc_ptr_sector(one) + 8);
	assert_int_equal(dmbc_ptr_sector(get(CLEAN, 2, 8, 8)), dmbc_ptr_sector(two) + 8);
	assert_int_not_equal(bucket_of(get(DMBC_ALLOC_DIRTY, 1, 8, 8)), bucket_of(one));
	assert_int_not_equal(bucket_of(get(DMBC_ALLOC_MOVED, 1, 8, 8)), bucket_of(one));
}

static void what_does_not_fit_gets_the_rest(void **state)
{
	__u64 ptr;

	(void)state;
	feed(dmbc_alloc_size(a));
	ptr = get(CLEAN, 1, 1000, 64);
	assert_int_equal(dmbc_ptr_sector(ptr) % 64, 0);
	get(CLEAN, 1, 40, 40);
	ptr = get(CLEAN, 1, 40, 24);
	assert_int_equal(dmbc_ptr_sector(ptr) % 64, 40);
	/* an odd size: the next one still begins on a block */
	get(CLEAN, 1, 3, 3);
	assert_int_equal(dmbc_ptr_sector(get(CLEAN, 1, 8, 8)) % 64, 8);
	assert_int_equal(dmbc_ptr_sector(get(CLEAN, 1, 45, 45)) % 64, 16);
	assert_int_equal(dmbc_ptr_sector(get(CLEAN, 1, 8, 8)) % 64, 0);
}

static void open_buckets_are_pinned_until_full(void **state)
{
	__u64 first, ptr;

	(void)state;
	feed(dmbc_alloc_size(a));
	first = get(CLEAN, 1, 8, 8);
	assert_int_equal(bs.b[bucket_of(first)].use, DMBC_BUCKET_DATA);
	assert_int_equal(atomic_read(&bs.b[bucket_of(first)].pins), 1);
	assert_int_equal(dmbc_alloc_sectors(a, CLEAN, 1, 56, &ptr), 56);
	assert_int_equal(bucket_of(ptr), bucket_of(first));
	assert_int_equal(atomic_read(&bs.b[bucket_of(first)].pins), 1); /* the caller's */
	assert_false(dmbc_bucket_invalidate(&bs, bucket_of(first)));
	dmbc_bucket_unpin(&bs, ptr);
	assert_true(dmbc_bucket_invalidate(&bs, bucket_of(first))); /* nothing was written */
}

static void the_idlest_stream_is_taken_over(void **state)
{
	__u64 ptr[4], other;
	__u32 i;

	(void)state;
	feed(dmbc_alloc_size(a));
	for (i = 0; i < 4; i++) /* 600 / 128 */
		ptr[i] = get(CLEAN, i, 8, 8);
	get(CLEAN, 0, 8, 8);
	other = get(CLEAN, 100, 8, 8);
	assert_int_equal(dmbc_ptr_sector(other), dmbc_ptr_sector(ptr[1]) + 8);
	other = get(CLEAN, 101, 8, 8);
	assert_int_equal(dmbc_ptr_sector(other), dmbc_ptr_sector(ptr[2]) + 8);
	assert_int_equal(bs.n.data, 4);
}

static void without_free_buckets_the_open_ones_serve(void **state)
{
	__u32 granted = 0, free, got, stream;
	__u64 ptr;

	(void)state;
	feed(dmbc_alloc_size(a));
	free = can_take(NONE);
	for (stream = 0;; stream++) {
		got = dmbc_alloc_sectors(a, CLEAN, stream, 8, &ptr);
		if (!got)
			break;
		dmbc_bucket_unpin(&bs, ptr);
		granted += got;
	}
	assert_int_equal(granted, free * 64);
	assert_int_equal(bs.n.data, free);
	get(DMBC_ALLOC_DIRTY, 0, 8, 0);
	get(DMBC_ALLOC_MOVED, 0, 8, 8);
}

static void in_use_counts_what_cannot_be_had(void **state)
{
	__u64 i;

	(void)state;
	assert_int_equal(dmbc_alloc_in_use_percent(a), 9 * 100 / BUCKETS);
	for (i = 100; i < 250; i++)
		dmbc_bucket_set_metadata(&bs, i);
	for (i = 250; i < 400; i++)
		dmbc_bucket_add_live(&bs, dmbc_ptr_make(i * 64, 0), 1, i % 2);
	assert_int_equal(dmbc_alloc_in_use_percent(a), (9 + 150 + 75) * 100 / BUCKETS);
}

/* ---- waiting -------------------------------------------------------------------- */

static void count_low(void *ctx)
{
	++*(__u32 *)ctx;
}

static void low_is_told_in_time(void **state)
{
	__u32 told = 0, half, i;

	(void)state;
	feed(dmbc_alloc_size(a));
	half = can_take(NONE) / 2;
	dmbc_alloc_on_low(a, count_low, &told);
	for (i = 0; i < half; i++)
		get(CLEAN, 1, 64, 64);
	assert_int_equal(told, 0);
	get(CLEAN, 1, 64, 64);
	assert_int_equal(told, 1);
	assert_true(dmbc_alloc_is_low(a));
	assert_false(dmbc_alloc_has_waiters(a));
}

static int answer[4];
static int answered;

static void waiter(void *arg)
{
	long n = (long)arg;
	__u64 ptr;

	if (n == 0)
		answer[0] = dmbc_alloc_wait(a, DMBC_RESERVE_BTREE, 5);
	else
		answer[n] = dmbc_alloc_bucket(a, NONE, true, &ptr);
	answered++;
}

static void waiting_run(void *arg)
{
	__u32 told = 0;
	long i;

	(void)arg;
	begin(BUCKETS);
	answered = 0;
	dmbc_alloc_on_low(a, count_low, &told);
	dmbc_alloc_set_failed(a, false);
	for (i = 0; i < 4; i++)
		sim_spawn(waiter, (void *)i, "waiter");
	sim_sleep(10);
	assert_int_equal(answered, 0);
	assert_true(told >= 4);
	assert_true(dmbc_alloc_is_low(a));
	feed(6); /* one for PRIO, five for BTREE */
	sim_sleep(10);
	assert_int_equal(answered, 1);
	assert_int_equal(answer[0], 0);
	feed(15); /* NONE may take what is above 19 */
	sim_sleep(10);
	assert_int_equal(answered, 3);
	dmbc_alloc_set_failed(a, true);
	sim_sleep(10);
	assert_int_equal(answered, 4);
	assert_int_equal(answer[1] + answer[2] + answer[3], -ENOSPC);
	end();
}

static void waiters_are_woken(void **state)
{
	__u64 seed;

	(void)state;
	for (seed = 1; seed <= 50; seed++)
		sim_run(waiting_run, NULL, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fiber_test(reserves_are_a_small_part, NULL, NULL, NULL),
		fiber_test(each_class_leaves_its_betters_something, setup, teardown, NULL),
		fiber_test(an_empty_list_says_why, setup, teardown, NULL),
		fiber_test(a_returned_bucket_is_free_at_once, setup, teardown, NULL),
		fiber_test(a_stream_stays_together, setup, teardown, NULL),
		fiber_test(what_does_not_fit_gets_the_rest, setup, teardown, NULL),
		fiber_test(open_buckets_are_pinned_until_full, setup, teardown, NULL),
		fiber_test(the_idlest_stream_is_taken_over, setup, teardown, NULL),
		fiber_test(without_free_buckets_the_open_ones_serve, setup, teardown, NULL),
		fiber_test(in_use_counts_what_cannot_be_had, setup, teardown, NULL),
		fiber_test(low_is_told_in_time, setup, teardown, NULL),
		cmocka_unit_test(waiters_are_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
