// SPDX-License-Identifier: GPL-2.0
/* The rate controller: target, both terms, limits, fragmentation, and a closed loop. */
#include "lib_fixture.h"

#include "lib/pd.h"

static struct dmbc_pd_config config(void)
{
	struct dmbc_pd_config c = {
		.percent = 10,
		.update_seconds = 5,
		.p_term_inverse = 40,
		.i_term_inverse = 10000,
		.rate_minimum = 8,
		.consider_fragment = true,
		.fp_low = 1,
		.fp_mid = 10,
		.fp_high = 1000,
	};

	return c;
}

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
	struct dmbc_pd_config c = config();
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
	struct dmbc_pd_config c = config();
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
	struct dmbc_pd_config c = config();
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
	struct dmbc_pd_config c = config();
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
	struct dmbc_pd_config c = config();
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
	struct dmbc_pd_config c = config();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_is_shared),
		cmocka_unit_test(both_terms),
		cmocka_unit_test(integral_does_not_go_below_zero),
		cmocka_unit_test(fragments_hurry),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(closed_loop),
	};

	return cmocka_run_group_tests_name("pd", tests, NULL, NULL);
}
