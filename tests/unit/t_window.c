// SPDX-License-Identifier: GPL-2.0
/* Fading counters against exact arithmetic, over two days of simulated time. */
#include "lib_fixture.h"

#include "lib/window.h"

#define TICKS_A_DAY (24 * 3600 * 22 / 300)

static const __u32 period[DMBC_NR_WINDOWS] = { 1, 12, 288 };

static void half_is_left(void **state)
{
	static const __u32 ticks[DMBC_NR_WINDOWS] = { 22, 22 * 12, 22 * 288 };
	int w;

	(void)state;
	assert_in_range(ticks[0] * DMBC_WINDOW_TICK_MS, 299000, 301000);
	assert_in_range(ticks[1] * DMBC_WINDOW_TICK_MS, 3598000, 3602000);
	assert_in_range(ticks[2] * DMBC_WINDOW_TICK_MS, 86350000, 86450000);
	for (w = 0; w < DMBC_NR_WINDOWS; w++) {
		__u64 value = 1000000ULL << DMBC_WINDOW_SHIFT, nothing = 0;
		__u32 i;

		for (i = 1; i <= ticks[w]; i++)
			dmbc_window_tick(w, i, &value, &nothing, 1);
		assert_in_range(dmbc_window_value(value), 490000, 500000);
	}
}

static void follows_the_model(void **state)
{
	double model[DMBC_NR_WINDOWS][3] = {};
	__u64 value[DMBC_NR_WINDOWS][3] = {}, tick;
	int w, i;

	(void)state;
	for (tick = 1; tick <= 2 * TICKS_A_DAY; tick++) {
		/* steady, rare, and a flood for a while */
		__u64 delta[3] = { 5, tick % 100 == 7, tick < 1000 ? 1ULL << 30 : 0 };

		for (w = 0; w < DMBC_NR_WINDOWS; w++) {
			dmbc_window_tick(w, tick, value[w], delta, 3);
			for (i = 0; i < 3; i++) {
				model[w][i] += delta[i];
				if (tick % period[w] == 0)
					model[w][i] = model[w][i] * 31 / 32;
				assert_true((double)dmbc_window_value(value[w][i]) <=
					    model[w][i] + 1);
				assert_true((double)dmbc_window_value(value[w][i]) >=
					    model[w][i] * 0.999 - 2);
			}
		}
	}
	/* of the flood nothing is left but in the day's */
	assert_int_equal(dmbc_window_value(value[DMBC_WINDOW_FIVE_MINUTE][2]), 0);
	assert_true(dmbc_window_value(value[DMBC_WINDOW_DAY][2]) > 1ULL << 35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_is_left),
		cmocka_unit_test(follows_the_model),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
