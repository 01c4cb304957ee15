/* SPDX-License-Identifier: GPL-2.0 */
/* A cmocka test whose set-up, body and tear-down run in a fiber of the shim. */
#ifndef DMBC_TESTS_FIBER_TEST_H
#define DMBC_TESTS_FIBER_TEST_H

#include "lib_fixture.h"
#include "shim.h"

struct fiber_test {
	void (*fn)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
	void *state;
};

static inline void fiber_test_main(void *arg)
{
	struct fiber_test *t = arg;

	if (t->setup)
		assert_int_equal(t->setup(&t->state), 0);
	t->fn(&t->state);
	if (t->teardown)
		assert_int_equal(t->teardown(&t->state), 0);
}

/* DMBC_SEED=n tries other interleavings. */
static inline void fiber_test_run(void **state)
{
	const char *seed = getenv("DMBC_SEED");

	/* no way to jump from one stack to another: a failure ends the program */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	sim_run(fiber_test_main, *state, seed ? strtoull(seed, NULL, 0) : 1);
}

/* @state: what the three functions find in *state. */
#define fiber_test(fn, setup, teardown, state)                                                     \
	{                                                                                          \
#fn, fiber_test_run, NULL, NULL, &(struct fiber_test)                              \
		{                                                                                  \
			fn, setup, teardown, state                                                 \
		}                                                                                  \
	}

#endif
