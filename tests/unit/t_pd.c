// SPDX-License-Identifier: GPL-2.0
/* The rate controller: target, both terms, limits, fragmentation, and a closed loop. */
#include "lib_fixture.h"
#include "pd_fixture.h"

static struct dmbc_pd_input input(__u64 dirty)
{
	struct dmbc_pd_input in = {
		.dirty = dirty,
		.cache_sectors = 1 << 20,
		.origin_sectors = 1000,
		.all_origin_sectors = 1000,
		.dirty_buckets = 10,
		.nbuckets = 1 << 10,
		.in_use_percent = 20,
	};

	return in;
}

static void target_is_shared(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input(0);
	struct dmbc_pd pd;

	(void)state;
	dmbc_pd_init(&pd);
	assert_int_equal(pd.rate, 1024);
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.target, (1 << 20) / 10);
	assert_int_equal(pd.rate, 8);
	assert_int_equal(pd.change, 8 - 1024);
	in.all_origin_sectors = 4000;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.target, (1 << 20) / 40);
}

static void both_terms(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input((1 << 20) / 10 + 40000);
	struct dmbc_pd pd;

	(void)state;
	dmbc_pd_init(&pd);
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.proportional, 1000);
	assert_int_equal(pd.integral, 20);
	assert_int_equal(pd.rate, 1020);
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.rate, 1040);
	in.behind = true;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.rate, 1040);
}

static void integral_does_not_go_below_zero(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input(0);
	struct dmbc_pd pd;
	int i;

	(void)state;
	dmbc_pd_init(&pd);
	for (i = 0; i < 1000; i++)
		dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.integral_sum, 0);
	assert_int_equal(pd.rate, 8);
}

static void fragments_hurry(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input(8000);
	struct dmbc_pd pd;

	(void)state;
	dmbc_pd_init(&pd);
	in.dirty_buckets = 100; /* 80 of 1024 sectors each */
	in.in_use_percent = 55;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.proportional, 5 * 80);
	in.in_use_percent = 60;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.proportional, 3 * 10 * 80);
	in.in_use_percent = 70;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.proportional, 6 * 1000 * 80);
	in.dirty_buckets = 9; /* well filled buckets: no hurry */
	dmbc_pd_update(&pd, &c, &in);
	assert_true(pd.proportional < 0);
	in.dirty_buckets = 100;
	c.consider_fragment = false;
	dmbc_pd_update(&pd, &c, &in);
	assert_true(pd.proportional < 0);
}

static void extremes_do_not_overflow(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input(1ULL << 42);
	struct dmbc_pd pd;
	int i;

	(void)state;
	in.cache_sectors = 1ULL << 43;
	in.origin_sectors = in.all_origin_sectors = 1ULL << 45;
	in.in_use_percent = 100;
	c.fp_high = ~0U;
	c.i_term_inverse = ~0U;
	dmbc_pd_init(&pd);
	for (i = 0; i < 1000; i++)
		dmbc_pd_update(&pd, &c, &in);
	assert_true(pd.rate >= 8 && pd.rate <= 1000000000);
	in.dirty_buckets = in.nbuckets = 1;
	in.dirty = 1ULL << 40;
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.rate, 1000000000);
	dmbc_pd_init(&pd);
	memset(&c, 0, sizeof(c));
	memset(&in, 0, sizeof(in));
	dmbc_pd_update(&pd, &c, &in);
	assert_int_equal(pd.rate, 1);
}

/* A steady inflow settles near the target. */
static void closed_loop(void **state)
{
	struct dmbc_pd_config c = pd_config();
	struct dmbc_pd_input in = input(0);
	struct dmbc_pd pd;
	__s64 dirty = 0;
	int i;

	(void)state;
	dmbc_pd_init(&pd);
	for (i = 0; i < 20000; i++) {
		dirty += 5 * 3000;
		dirty -= dirty < (__s64)(5 * pd.rate) ? dirty : (__s64)(5 * pd.rate);
		in.dirty = dirty;
		dmbc_pd_update(&pd, &c, &in);
	}
	assert_true(pd.rate > 2900 && pd.rate < 3100);
	assert_true(dirty > pd.target * 9 / 10 && dirty < pd.target * 11 / 10);
}

/* ---- scenarios (H19): a disk that writes what the rate allows, one period at a time ------------ */

struct world {
	struct dmbc_pd pd;
	struct dmbc_pd_config c;
	struct dmbc_pd_input in;
	__s64 dirty;
	__u64 disk; /* sectors per second it can take */
};

static void world_init(struct world *w, __u64 disk)
{
	memset(w, 0, sizeof(*w));
	w->c = pd_config();
	w->in = input(0);
	w->disk = disk;
	dmbc_pd_init(&w->pd);
}

/* One period with so much new dirty data; returns what was written back. */
static __s64 period(struct world *w, __s64 inflow)
{
	__u64 rate = w->pd.rate < w->disk ? w->pd.rate : w->disk;
	__s64 done = w->c.update_seconds * rate;

	w->dirty += inflow;
	if (done > w->dirty)
		done = w->dirty;
	w->dirty -= done;
	w->in.dirty = w->dirty;
	w->in.behind = done < (__s64)(w->c.update_seconds * w->pd.rate);
	dmbc_pd_update(&w->pd, &w->c, &w->in);
	return done;
}

static void a_burst_is_worked_off(void **state)
{
	struct world w;
	__s64 target, peak;
	int i, above = 0;

	(void)state;
	world_init(&w, 4000); /* slower than what the rate will ask for */
	period(&w, 0);
	target = w.pd.target;
	peak = 8 * target;
	period(&w, peak);
	assert_true(w.pd.rate > 1000);
	for (i = 0; w.dirty > target && i < 100000; i++)
		period(&w, 0);
	assert_true(i < 2000); /* less than 3 hours for 400 MiB at up to 2 MiB/s */
	/* what gathered while the disk could not follow does not go on for long */
	for (i = 0; w.pd.rate > w.c.rate_minimum && i < 100000; i++)
		above += period(&w, 0) > 0;
	assert_true(w.dirty >= 0 && above < 500);
	for (i = 0; i < 100; i++)
		period(&w, 0);
	assert_int_equal(w.pd.integral_sum, 0);
}

static void idle_asks_for_the_least(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_init(&w, 1000000);
	for (i = 0; i < 100000; i++) {
		period(&w, 0);
		assert_int_equal(w.pd.rate, w.c.rate_minimum);
	}
	/* and a week later it still answers at once */
	period(&w, 2 * w.pd.target);
	assert_true(w.pd.rate > 1000);
}

static void the_tail_goes_at_the_least_rate(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_init(&w, 1000000);
	w.c.rate_minimum = 64;
	period(&w, 32000);
	for (i = 0; w.dirty && i < 1000; i++) {
		period(&w, 0);
		assert_int_equal(w.pd.rate, 64);
	}
	assert_int_equal(w.dirty, 0);
	assert_true(i <= 32000 / (64 * 5) + 1);
}

/* Dirty sectors lie alone in their buckets: little is dirty, but soon no bucket is left for more. */
static __u32 in_use_after_scattering(bool consider)
{
	struct world w;
	__s64 done, most;
	int i;

	world_init(&w, 1000000);
	w.c.consider_fragment = consider;
	w.in.dirty_buckets = 0;
	for (i = 0; i < 2000; i++) {
		most = 950 - (__s64)w.in.dirty_buckets; /* the rest of it goes past the cache */
		done = period(&w, (most < 20 ? most : 20) * 8);
		w.in.dirty_buckets = w.dirty / 8;
		w.in.in_use_percent = 5 + w.in.dirty_buckets * 95 / w.in.nbuckets;
		assert_true(done >= 0);
	}
	return w.in.in_use_percent;
}

static void scattered_data_does_not_lock_the_cache(void **state)
{
	(void)state;
	assert_true(in_use_after_scattering(true) < 70); /* cutoff_writeback_sync */
	assert_true(in_use_after_scattering(false) > 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_is_shared),
		cmocka_unit_test(both_terms),
		cmocka_unit_test(integral_does_not_go_below_zero),
		cmocka_unit_test(fragments_hurry),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(closed_loop),
		cmocka_unit_test(a_burst_is_worked_off),
		cmocka_unit_test(idle_asks_for_the_least),
		cmocka_unit_test(the_tail_goes_at_the_least_rate),
		cmocka_unit_test(scattered_data_does_not_lock_the_cache),
	};

	return cmocka_run_group_tests_name("pd", tests, NULL, NULL);
}
