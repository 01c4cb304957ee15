// SPDX-License-Identifier: GPL-2.0
/* Congestion of the SSD: the limit falls with slow requests, and rises with quick ones and time. */
#include "lib_fixture.h"

#include "lib/congested.h"

static void quick_requests_change_nothing(void **state)
{
	struct dmbc_congested c = {};
	__u64 now;

	(void)state;
	for (now = 0; now < 1000000; now += 500) {
		dmbc_congested_note(&c, 2000, 2000, now);
		assert_int_equal(dmbc_congested_limit(&c, now), ~0U);
	}
}

static void slow_requests_lower_the_limit(void **state)
{
	struct dmbc_congested c = {};
	__u32 before = ~0U, limit;
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		dmbc_congested_note(&c, 10000, 2000, 1000000);
		limit = dmbc_congested_limit(&c, 1000000);
		assert_true(limit <= before && limit >= 1);
		before = limit;
	}
	assert_int_equal(before, 1);
	/* more cannot make it worse, and one long stall is forgotten as fast */
	dmbc_congested_note(&c, ~0ULL, 2000, 1000000);
	assert_int_equal(c.score, DMBC_CONGESTED_MAX);
	assert_int_equal(dmbc_congested_limit(&c, 1000000 + 1024 * 1000), ~0U);
	assert_true(dmbc_congested_limit(&c, 1000000 + 1023 * 1000) < ~0U);
}

static void quick_ones_raise_it(void **state)
{
	struct dmbc_congested c = {};
	__u32 i;

	(void)state;
	dmbc_congested_note(&c, 500000, 2000, 5);
	for (i = 0; dmbc_congested_limit(&c, 5) != ~0U; i++)
		dmbc_congested_note(&c, 10, 2000, 5);
	assert_int_equal(i, 501);
}

static void a_clock_that_goes_back(void **state)
{
	struct dmbc_congested c = {};

	(void)state;
	dmbc_congested_note(&c, 100000, 1000, 1ULL << 60);
	assert_true(dmbc_congested_limit(&c, 0) < ~0U);
	dmbc_congested_note(&c, 10, 1000, 0);
	assert_int_equal(c.score, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_requests_change_nothing),
		cmocka_unit_test(slow_requests_lower_the_limit),
		cmocka_unit_test(quick_ones_raise_it),
		cmocka_unit_test(a_clock_that_goes_back),
	};

	return cmocka_run_group_tests_name("congested", tests, NULL, NULL);
}
