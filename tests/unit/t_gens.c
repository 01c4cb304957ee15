// SPDX-License-Identifier: GPL-2.0
/* Generations on the medium: chains come back, are replaced in the right order, refuse damage. */
#include "buckets_fixture.h"

#include <linux/slab.h>

/* 8-sector buckets: 1352 to a set, so 3 sets */
#define SMALL_BUCKETS 3000
#define SETS 3

static struct dmbc_why why;

/* Another pair of eyes on the same disk. */
struct reader {
	struct dmbc_buckets bs;
	struct dmbc_alloc *a;
	struct dmbc_gens *gens;
};

static int reader_load(struct reader *r, struct fixture *f, __u64 bucket)
{
	assert_int_equal(dmbc_buckets_init(&r->bs, &f->g), 0);
	r->a = dmbc_alloc_create(&r->bs);
	r->gens = dmbc_gens_create(f->io, &r->bs, r->a, f->j);
	assert_false(IS_ERR(r->gens));
	why.text[0] = 0;
	return dmbc_gens_load(r->gens, bucket, &why);
}

static void reader_end(struct reader *r)
{
	dmbc_gens_destroy(r->gens);
	dmbc_alloc_destroy(r->a);
	dmbc_buckets_exit(&r->bs);
}

static void check_load(struct fixture *f, __u64 bucket, int error)
{
	struct reader r;

	assert_int_equal(reader_load(&r, f, bucket), error);
	if (error)
		assert_true(strlen(why.text) > 10);
	reader_end(&r);
}

static void scatter(struct fixture *f)
{
	__u64 i;

	f->bs.epoch = 50000;
	for (i = 0; i < f->g.nbuckets; i++) {
		f->bs.b[i].gen = random_below(256);
		dmbc_bucket_set_prio(&f->bs, &f->bs.b[i], 1 + random_below(32768));
		if (random_below(8) == 0 && f->bs.b[i].use == DMBC_BUCKET_UNUSED)
			dmbc_bucket_set_metadata(&f->bs, i);
	}
}

static void a_chain_comes_back(struct fixture *f)
{
	__u32 chain = 0;
	struct reader r;
	__u64 i;

	assert_int_equal(dmbc_geometry_prio_sets(&f->g), SETS);
	scatter(f);
	assert_int_equal(dmbc_gens_write(f->gens), 0);
	assert_int_equal(reader_load(&r, f, fixture_named(f).prio_bucket), 0);
	for (i = 0; i < f->g.nbuckets; i++) {
		const struct dmbc_bucket *was = &f->bs.b[i], *is = &r.bs.b[i];

		assert_int_equal(is->gen, was->gen);
		assert_int_equal(is->oldest, was->gen);
		if (was->use == DMBC_BUCKET_METADATA)
			assert_int_equal(dmbc_bucket_age(&r.bs, is), 0);
		else
			assert_int_equal(dmbc_bucket_prio(&r.bs, is),
					 dmbc_bucket_prio(&f->bs, was));
		chain += is->use == DMBC_BUCKET_METADATA;
	}
	assert_int_equal(chain, SETS);
	reader_end(&r);
}

static void a_write_leaves_what_it_found(struct fixture *f)
{
	__u64 free = dmbc_alloc_free_count(f->a), before, seq = 0;
	struct dmbc_disk_prio_set *set = kmalloc(4096, GFP_KERNEL);
	int i;

	assert_int_equal(dmbc_gens_write(f->gens), 0);
	assert_int_equal(dmbc_alloc_free_count(f->a), free - SETS);
	for (i = 0; i < 300; i++) {
		before = fixture_named(f).prio_bucket;
		assert_int_equal(dmbc_gens_write(f->gens), 0);
		assert_int_not_equal(fixture_named(f).prio_bucket, before);
		assert_int_equal(dmbc_alloc_free_count(f->a), free - SETS);
		assert_int_equal(dmbc_blockio_read(f->io, before * 8, 8, set), 0);
		assert_int_equal(__le64_to_cpu(set->seq), ++seq);
	}
	assert_int_equal(f->bs.n.metadata, SETS + 1);
	kfree(set);
}

/* A chain that was found takes the long way: it may be mainline's. */
static void a_loaded_chain_is_bumped(struct fixture *f)
{
	__u64 bucket;

	assert_int_equal(dmbc_gens_write(f->gens), 0);
	bucket = fixture_power_cycle(f, 1);
	assert_int_equal(dmbc_gens_load(f->gens, bucket, &why), 0);
	assert_int_equal(f->bs.n.metadata, SETS + 1);
	dmbc_refill_seed(f->r);
	assert_int_equal(dmbc_gens_write(f->gens), 0);
	assert_int_equal(f->bs.b[bucket].use, DMBC_BUCKET_UNUSED);
	assert_int_equal(f->bs.b[bucket].gen, 1);
	assert_int_equal(f->bs.n.metadata, SETS + 1);
}

static void too_few_buckets_change_nothing(struct fixture *f)
{
	__u64 ptr[2], free, named;

	assert_int_equal(dmbc_gens_write(f->gens), 0);
	named = fixture_named(f).prio_bucket;
	while (dmbc_alloc_free_count(f->a) > SETS - 1)
		assert_int_equal(dmbc_alloc_bucket(f->a, DMBC_RESERVE_PRIO, false, ptr), 0);
	free = dmbc_alloc_free_count(f->a);
	assert_int_equal(dmbc_gens_write(f->gens), -ENOSPC);
	assert_int_equal(dmbc_alloc_free_count(f->a), free);
	assert_int_equal(fixture_named(f).prio_bucket, named);
	dmbc_alloc_return(f->a, ptr[0]);
	assert_int_equal(dmbc_gens_write(f->gens), 0);
}

/* Wherever the power goes, a whole chain is named. */
static void a_cut_leaves_one_chain_or_the_other(struct fixture *f)
{
	__u8 was;
	int cut, r;

	scatter(f);
	assert_int_equal(dmbc_gens_write(f->gens), 0);
	for (cut = 1;; cut++) {
		was = f->bs.b[100].gen++;
		sim_disk_cut_after(f->io, cut);
		r = dmbc_gens_write(f->gens);
		assert_int_equal(dmbc_gens_load(f->gens, fixture_power_cycle(f, cut), &why), 0);
		assert_in_range((__u8)(f->bs.b[100].gen - was), r == 0, 1);
		if (r == 0)
			break;
		dmbc_refill_seed(f->r);
	}
	assert_int_equal(cut, SETS + 2); /* the sets, the journal entry, one more */
}

static void damage_is_refused(struct fixture *f)
{
	struct dmbc_disk_prio_set *set = kmalloc(4096, GFP_KERNEL);
	__u64 first, second;

	assert_int_equal(dmbc_gens_write(f->gens), 0);
	first = fixture_named(f).prio_bucket;
	assert_int_equal(dmbc_blockio_read(f->io, first * 8, 8, set), 0);
	second = __le64_to_cpu(set->next_bucket);
	check_load(f, 0, -EINVAL);
	check_load(f, f->g.nbuckets, -EINVAL);
	check_load(f, f->g.nbuckets - 1, -EINVAL); /* nothing there */

	assert_int_equal(dmbc_blockio_read(f->io, second * 8, 8, set), 0);
	set->data[77].gen ^= 4;
	assert_int_equal(dmbc_blockio_write(f->io, second * 8, 8, set, 0), 0);
	check_load(f, first, -EILSEQ);

	set->data[77].gen ^= 4;
	set->next_bucket = __cpu_to_le64(first); /* a loop */
	set->csum = __cpu_to_le64(dmbc_checksum((char *)set + 8, 4096 - 8));
	assert_int_equal(dmbc_blockio_write(f->io, second * 8, 8, set, 0), 0);
	check_load(f, first, -EINVAL);

	sim_disk_fail_reads(f->io, second * 8, 1);
	check_load(f, first, -EIO);
	kfree(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test_sized(a_chain_comes_back, SMALL_BUCKETS, 8),
		fixture_test_sized(a_write_leaves_what_it_found, SMALL_BUCKETS, 8),
		fixture_test_sized(a_loaded_chain_is_bumped, SMALL_BUCKETS, 8),
		fixture_test_sized(too_few_buckets_change_nothing, SMALL_BUCKETS, 8),
		fixture_test_sized(a_cut_leaves_one_chain_or_the_other, SMALL_BUCKETS, 8),
		fixture_test_sized(damage_is_refused, SMALL_BUCKETS, 8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
