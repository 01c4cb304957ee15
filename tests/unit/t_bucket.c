// SPDX-License-Identifier: GPL-2.0
/* Buckets: pins against invalidation, generations, ages, and counts that stay exact. */
#include "fiber_test.h"

#include "store/bucket.h"

#define BUCKETS 600

static struct dmbc_geometry geometry;
static struct dmbc_buckets bs;

static int setup(void **state)
{
	(void)state;
	geometry = fixture_geometry();
	geometry.nbuckets = BUCKETS;
	return dmbc_buckets_init(&bs, &geometry);
}

static int teardown(void **state)
{
	(void)state;
	dmbc_buckets_exit(&bs);
	return 0;
}

static __u64 ptr_to(__u64 bucket, __u8 gen)
{
	return dmbc_ptr_make(dmbc_geometry_sector(&geometry, bucket), gen);
}

static __u64 current_ptr(__u64 bucket)
{
	return ptr_to(bucket, bs.b[bucket].gen);
}

/* The totals must be what a count of all buckets says. */
static void check_counts(void)
{
	struct dmbc_bucket_counts n, sum = { 0 };
	__u64 i;

	for (i = 0; i < BUCKETS; i++) {
		const struct dmbc_bucket *b = &bs.b[i];

		sum.unused += b->use == DMBC_BUCKET_UNUSED;
		sum.free += b->use == DMBC_BUCKET_FREE;
		sum.data += b->use == DMBC_BUCKET_DATA;
		sum.metadata += b->use == DMBC_BUCKET_METADATA;
		sum.invalidated += b->use == DMBC_BUCKET_INVALIDATED;
		sum.dirty_buckets += b->dirty > 0;
		sum.live_sectors += b->live;
		sum.dirty_sectors += b->dirty;
	}
	dmbc_buckets_get_counts(&bs, &n);
	assert_memory_equal(&n, &sum, sizeof(n));
}

static void a_new_array_is_unused(void **state)
{
	(void)state;
	assert_int_equal(bs.n.unused, BUCKETS - 9);
	assert_int_equal(bs.b[8].use, DMBC_BUCKET_RESERVED);
	assert_int_equal(bs.b[9].use, DMBC_BUCKET_UNUSED);
	check_counts();
}

static void pins_need_the_current_generation(void **state)
{
	(void)state;
	bs.b[20].gen = 7;
	assert_true(dmbc_bucket_pin(&bs, ptr_to(20, 7)));
	assert_false(dmbc_bucket_pin(&bs, ptr_to(20, 6)));
	assert_false(dmbc_bucket_pin(&bs, ptr_to(20, 8)));
	assert_int_equal(atomic_read(&bs.b[20].pins), 1);
	dmbc_bucket_unpin(&bs, ptr_to(20, 7));
	assert_int_equal(atomic_read(&bs.b[20].pins), 0);
	assert_true(dmbc_bucket_stale(&bs, ptr_to(20, 6)));
	assert_false(dmbc_bucket_stale(&bs, ptr_to(20, 7)));
}

static void pinned_dirty_and_metadata_stay(void **state)
{
	__u64 ptr = ptr_to(20, 0);

	(void)state;
	dmbc_bucket_add_live(&bs, ptr, 8, true);
	assert_false(dmbc_bucket_invalidate(&bs, 20));
	dmbc_bucket_sub_live(&bs, ptr, 8, true);
	dmbc_bucket_add_live(&bs, ptr, 8, false);
	assert_true(dmbc_bucket_pin(&bs, ptr));
	assert_false(dmbc_bucket_invalidate(&bs, 20));
	dmbc_bucket_unpin(&bs, ptr);
	assert_true(dmbc_bucket_invalidate(&bs, 20));
	assert_int_equal(bs.b[20].gen, 1);
	assert_int_equal(bs.b[20].live, 0);
	assert_false(dmbc_bucket_pin(&bs, ptr));
	assert_false(dmbc_bucket_invalidate(&bs, 20));

	dmbc_bucket_set_metadata(&bs, 21);
	assert_false(dmbc_bucket_invalidate(&bs, 21));
	dmbc_bucket_free_metadata(&bs, 21);
	assert_int_equal(bs.b[21].gen, 1);
	assert_true(dmbc_bucket_invalidate(&bs, 21));
	assert_int_equal(bs.b[21].gen, 2);
	assert_false(dmbc_bucket_invalidate(&bs, 3));
	check_counts();
}

static void generations_stop_before_they_wrap(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < DMBC_BUCKET_MAX_SPAN; i++) {
		assert_true(dmbc_bucket_invalidate(&bs, 30));
		dmbc_bucket_set_use(&bs, 30, DMBC_BUCKET_UNUSED);
	}
	assert_false(dmbc_bucket_invalidate(&bs, 30));
	assert_int_equal(dmbc_bucket_gen_span(&bs.b[30]), DMBC_BUCKET_MAX_SPAN);
	bs.b[30].oldest = 95; /* gc found nothing older */
	assert_true(dmbc_bucket_invalidate(&bs, 30));
}

static void pointers_raise_generations(void **state)
{
	(void)state;
	bs.b[40].gen = bs.b[40].oldest = 250;
	dmbc_bucket_add_live(&bs, ptr_to(40, 250), 16, true);
	assert_int_equal(dmbc_bucket_raise_gen(&bs, ptr_to(40, 248)), 2);
	assert_int_equal(bs.b[40].oldest, 248);
	assert_int_equal(dmbc_bucket_raise_gen(&bs, ptr_to(40, 250)), 0);
	assert_int_equal(bs.b[40].live, 16);
	/* ahead, over the wrap: what was counted for the old generation is void */
	assert_int_equal(dmbc_bucket_raise_gen(&bs, ptr_to(40, 3)), 0);
	assert_int_equal(bs.b[40].gen, 3);
	assert_int_equal(bs.b[40].use, DMBC_BUCKET_UNUSED);
	assert_int_equal(bs.b[40].live, 0);
	assert_int_equal(dmbc_bucket_gen_span(&bs.b[40]), 11);
	check_counts();
}

static void only_data_buckets_count_sectors(void **state)
{
	(void)state;
	dmbc_bucket_set_metadata(&bs, 50);
	dmbc_bucket_add_live(&bs, ptr_to(50, 0), 8, true);
	dmbc_bucket_add_live(&bs, ptr_to(3, 0), 8, true);
	dmbc_bucket_set_metadata(&bs, 3);
	assert_int_equal(bs.b[3].use, DMBC_BUCKET_RESERVED);
	assert_int_equal(bs.n.live_sectors, 0);
	check_counts();
}

/* ---- ages --------------------------------------------------------------------- */

static void pass_epochs(__u64 bucket, __u32 nr)
{
	__u64 until = (__u16)(bs.epoch + nr);

	while (bs.epoch != until)
		dmbc_bucket_touch(&bs, current_ptr(bucket), bs.epoch_sectors);
}

static void an_epoch_is_a_share_of_the_cache(void **state)
{
	__u32 i;

	(void)state;
	assert_int_equal(bs.epoch_sectors, geometry.bucket_sectors); /* at least one bucket */
	for (i = 0; i < 15; i++)
		dmbc_bucket_touch(&bs, ptr_to(20, 0), 4);
	assert_int_equal(bs.epoch, 0);
	dmbc_bucket_touch(&bs, ptr_to(20, 0), 4);
	assert_int_equal(bs.epoch, 1);
	assert_int_equal(dmbc_bucket_age(&bs, &bs.b[20]), 1);
	dmbc_bucket_touch(&bs, ptr_to(20, 0), 4);
	assert_int_equal(dmbc_bucket_age(&bs, &bs.b[20]), 0);
	assert_int_equal(dmbc_bucket_prio(&bs, &bs.b[20]), 32768);
	assert_int_equal(dmbc_bucket_prio(&bs, &bs.b[21]), 32767);
}

static void the_old_never_look_young(void **state)
{
	__u32 i;

	(void)state;
	dmbc_bucket_touch(&bs, current_ptr(21), 1);
	for (i = 0; i < 40; i++) {
		pass_epochs(20, 5000);
		assert_int_equal(dmbc_bucket_age(&bs, &bs.b[21]), i < 6 ? 5000 * (i + 1) : 32767);
	}
	assert_int_equal(dmbc_bucket_prio(&bs, &bs.b[21]), 1);
	assert_in_range(dmbc_bucket_age(&bs, &bs.b[20]), 0, 1);
}

static void priorities_come_back(void **state)
{
	static const __u16 prios[] = { 1, 2, 1000, 32767, 32768 };
	unsigned int i;

	(void)state;
	pass_epochs(20, 777);
	for (i = 0; i < sizeof(prios) / sizeof(prios[0]); i++) {
		dmbc_bucket_set_prio(&bs, &bs.b[60], prios[i]);
		assert_int_equal(dmbc_bucket_prio(&bs, &bs.b[60]), prios[i]);
	}
	dmbc_bucket_set_prio(&bs, &bs.b[60], 0);
	assert_int_equal(dmbc_bucket_prio(&bs, &bs.b[60]), 1);
	dmbc_bucket_set_prio(&bs, &bs.b[60], DMBC_PRIO_METADATA);
	assert_int_equal(dmbc_bucket_age(&bs, &bs.b[60]), 0);
}

/* ---- random operations against a model ----------------------------------------- */

static struct {
	__u8 use, gen;
	int pins;
	__u32 live, dirty;
} model[BUCKETS];

static void model_bump(__u64 i, __u8 use)
{
	model[i].gen++;
	model[i].live = model[i].dirty = 0;
	model[i].use = use;
}

static void do_live(__u64 i)
{
	__u32 n = 1 + random_below(16);
	bool dirty = random_below(2), data = model[i].use == DMBC_BUCKET_DATA;

	if (random_below(8) == 0) { /* stale: nothing may change */
		dmbc_bucket_add_live(&bs, ptr_to(i, model[i].gen - 1), n, dirty);
		dmbc_bucket_sub_live(&bs, ptr_to(i, model[i].gen - 1), n, dirty);
	} else if (random_below(2)) {
		dmbc_bucket_add_live(&bs, current_ptr(i), n, dirty);
		if (!data && model[i].use != DMBC_BUCKET_UNUSED)
			return;
		model[i].use = DMBC_BUCKET_DATA;
		model[i].live += n;
		model[i].dirty += dirty ? n : 0;
	} else if (data && n <= (dirty ? model[i].dirty : model[i].live - model[i].dirty)) {
		dmbc_bucket_sub_live(&bs, current_ptr(i), n, dirty);
		model[i].live -= n;
		model[i].dirty -= dirty ? n : 0;
	}
}

static void do_pin(__u64 i)
{
	if (random_below(2)) {
		assert_true(dmbc_bucket_pin(&bs, ptr_to(i, model[i].gen)));
		model[i].pins++;
	} else if (model[i].pins) {
		dmbc_bucket_unpin(&bs, current_ptr(i));
		model[i].pins--;
	}
}

static void do_invalidate(__u64 i)
{
	bool may = (model[i].use == DMBC_BUCKET_UNUSED || model[i].use == DMBC_BUCKET_DATA) &&
		   !model[i].dirty && !model[i].pins;

	bs.b[i].oldest = bs.b[i].gen;
	assert_int_equal(dmbc_bucket_invalidate(&bs, i), may);
	if (may)
		model_bump(i, DMBC_BUCKET_INVALIDATED);
}

static void do_use(__u64 i)
{
	static const __u8 taken[] = { DMBC_BUCKET_DATA, DMBC_BUCKET_METADATA };
	__u8 use;

	if (model[i].use == DMBC_BUCKET_METADATA && random_below(2)) {
		dmbc_bucket_free_metadata(&bs, i);
		model_bump(i, DMBC_BUCKET_UNUSED);
	} else if (model[i].use == DMBC_BUCKET_FREE || model[i].use == DMBC_BUCKET_INVALIDATED) {
		use = model[i].use == DMBC_BUCKET_FREE ? taken[random_below(2)] : DMBC_BUCKET_FREE;
		assert_int_equal(dmbc_bucket_set_use(&bs, i, use), model[i].gen);
		model[i].use = use;
	}
}

static void check_model(void)
{
	__u64 i;

	check_counts();
	for (i = 9; i < BUCKETS; i++) {
		assert_int_equal(bs.b[i].use, model[i].use);
		assert_int_equal(bs.b[i].gen, model[i].gen);
		assert_int_equal(bs.b[i].live, model[i].live);
		assert_int_equal(bs.b[i].dirty, model[i].dirty);
		assert_int_equal(atomic_read(&bs.b[i].pins), model[i].pins);
	}
}

static void counts_stay_exact(void **state)
{
	__u32 op;

	(void)state;
	memset(model, 0, sizeof(model));
	for (op = 0; op < 1000000; op++) {
		__u64 i = 9 + random_below(BUCKETS - 9);

		switch (random_below(8)) {
		default: do_live(i); break;
		case 5: do_pin(i); break;
		case 6: do_invalidate(i); break;
		case 7: do_use(i); break;
		}
		if (op % 10000 == 0)
			check_model();
	}
	check_model();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fiber_test(a_new_array_is_unused, setup, teardown, NULL),
		fiber_test(pins_need_the_current_generation, setup, teardown, NULL),
		fiber_test(pinned_dirty_and_metadata_stay, setup, teardown, NULL),
		fiber_test(generations_stop_before_they_wrap, setup, teardown, NULL),
		fiber_test(pointers_raise_generations, setup, teardown, NULL),
		fiber_test(only_data_buckets_count_sectors, setup, teardown, NULL),
		fiber_test(an_epoch_is_a_share_of_the_cache, setup, teardown, NULL),
		fiber_test(the_old_never_look_young, setup, teardown, NULL),
		fiber_test(priorities_come_back, setup, teardown, NULL),
		fiber_test(counts_stay_exact, setup, teardown, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
