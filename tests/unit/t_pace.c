// SPDX-License-Identifier: GPL-2.0
/*
 * A day in the life of writeback, on a clock of our own: burst, quiet, remainder, scattered data.
 * What each must not do is what users of other caches complain of (users.md H19).
 */
#include "lib_fixture.h"
#include "pd_fixture.h"

#include "lib/pace.h"

#define SECOND 1000000000ULL
#define PIECE 8 /* sectors */
#define MIB 2048 /* sectors */
#define CACHE (8192ULL * MIB)
#define BUCKET 1024

struct world {
	struct dmbc_pace pace;
	struct dmbc_pace_config config;
	__u64 now, dirty, disk; /* ns, sectors, sectors per second */
	__u64 copied; /* sectors, in the last second */
	__u32 requests, seconds;
	__u32 piece; /* sectors that a dirty bucket holds */
};

static void begin(struct world *w, __u64 dirty)
{
	*w = (struct world){
		.config = {
			.pd = pd_config(),
			.maximum = DMBC_PACE_NO_MAXIMUM,
			.hurry_when_idle = true,
		},
		.now = SECOND,
		.dirty = dirty,
		.disk = 100 * MIB,
		.piece = BUCKET,
	};
	dmbc_pace_init(&w->pace);
}

static __u64 in_use(const struct world *w)
{
	return 100 * (w->dirty / w->piece) / (CACHE / BUCKET);
}

static void update(struct world *w)
{
	struct dmbc_pd_input in = {
		.dirty = w->dirty,
		.cache_sectors = CACHE,
		.origin_sectors = 1,
		.all_origin_sectors = 1,
		.dirty_buckets = w->dirty / w->piece,
		.nbuckets = CACHE / BUCKET,
		.in_use_percent = in_use(w),
	};

	dmbc_pace_update(&w->pace, &w->config, &in, w->requests);
}

/* A second in which users write @written sectors in @requests; the thread looks 100 times. */
static void second(struct world *w, __u64 written, __u32 requests)
{
	int look;

	w->dirty += written;
	w->requests += requests;
	w->copied = 0;
	for (look = 0; look < 100; look++) {
		while (w->dirty >= PIECE && w->copied < w->disk * (look + 1) / 100 &&
		       !dmbc_pace_delay(&w->pace, &w->config, w->now, w->requests, false)) {
			dmbc_pace_spend(&w->pace, &w->config, w->now, PIECE);
			w->copied += PIECE;
			w->dirty -= PIECE;
		}
		w->now += SECOND / 100;
	}
	if (++w->seconds % w->config.pd.update_seconds == 0)
		update(w);
}

/* Two minutes of more than the target, then few requests: back to the target, and no further at that speed. */
static void burst(void **state)
{
	const __u64 target = CACHE / 10;
	struct world w;
	__u64 most = 0;
	int i;

	(void)state;
	begin(&w, 0);
	for (i = 0; i < 120; i++) {
		second(&w, 20 * MIB, 1000);
		most = most < w.dirty ? w.dirty : most;
	}
	assert_in_range(most, target, 2 * target);
	for (i = 0; i < 3600 && w.dirty > target + target / 10; i++)
		second(&w, 0, 1);
	assert_true(i < 1200);
	for (i = 0; i < 4 * 3600; i++)
		second(&w, 0, 1);
	assert_true(w.dirty > target / 2);
	assert_true(w.copied <= 2 * PIECE);
}

/* Nobody there: all is written at the disk's speed or at the maximum; who comes back is not in a queue. */
static void quiet(void **state)
{
	struct world w;
	int i;

	(void)state;
	begin(&w, 2000 * MIB);
	w.config.maximum = 50 * MIB;
	second(&w, 0, 1);
	for (i = 0; i < 40; i++)
		second(&w, 0, 0);
	assert_in_range(w.copied, 49 * MIB, 51 * MIB);
	second(&w, 0, 1);
	assert_true(w.copied < 50 * MIB);
	for (i = 0; i < 10; i++)
		second(&w, 0, 1);
	assert_true(w.copied <= w.pace.pd.rate + PIECE);
	w.config.maximum = DMBC_PACE_NO_MAXIMUM;
	for (i = 0; i < 60; i++)
		second(&w, 0, 0);
	assert_int_equal(w.dirty, 0);
	begin(&w, 100 * MIB);
	w.config.hurry_when_idle = false;
	for (i = 0; i < 600; i++)
		second(&w, 0, 0);
	assert_true(w.dirty > 90 * MIB);
}

/* The last MiB under a few reads is gone in a minute; under rewrites it is left where it is. */
static void tail(void **state)
{
	struct world w;
	__u64 sum = 0;
	int i;

	(void)state;
	begin(&w, 1 * MIB);
	for (i = 0; i < 60 && w.dirty; i++)
		second(&w, 0, 1);
	assert_int_equal(w.dirty, 0);
	begin(&w, 1 * MIB);
	for (i = 0; i < 3600; i++) {
		second(&w, w.copied, 1); /* what was copied is written again */
		sum += w.copied;
	}
	assert_true(sum < 3600 * 2 * w.config.pd.rate_minimum);
}

/* A little in each bucket: few bytes are dirty, but the cache must not fill up with such buckets. */
static void scattered(void **state)
{
	struct world w;
	int i;

	(void)state;
	begin(&w, 0);
	w.piece = PIECE;
	w.disk = 200 * PIECE;
	for (i = 0; i < 3600; i++) {
		second(&w, 100 * PIECE, 100);
		assert_true(in_use(&w) < 75);
	}
	begin(&w, 0);
	w.piece = PIECE;
	w.disk = 200 * PIECE;
	w.config.pd.consider_fragment = false;
	for (i = 0; i < 3600 && in_use(&w) < 95; i++)
		second(&w, 100 * PIECE, 100);
	assert_true(i < 3600); /* the test sees what the terms are for */
}

/* Requests are counted in 32 bits. */
static void count_wraps(void **state)
{
	struct world w;
	int i;

	(void)state;
	begin(&w, 500 * MIB);
	w.requests = ~0U;
	second(&w, 0, 1);
	for (i = 0; i < 60; i++)
		second(&w, 0, 0);
	assert_int_equal(w.dirty, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst),     cmocka_unit_test(quiet),	    cmocka_unit_test(tail),
		cmocka_unit_test(scattered), cmocka_unit_test(count_wraps),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
