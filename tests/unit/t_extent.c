// SPDX-License-Identifier: GPL-2.0
/* Extents: every kind of overlap, cuts, joins, and "still the same data". */
#include "lib_fixture.h"

#include "lib/extent.h"

#define SHIFT 10

static struct dmbc_key extent(__u64 start, __u64 end, __u64 sector)
{
	return dmbc_key_make(1, end, end - start, false, dmbc_ptr_make(sector, 3));
}

static void overlaps(void **state)
{
	struct dmbc_key old = extent(100, 200, 5000), dead = dmbc_key_make_hole(1, 150, 0);

	(void)state;
	assert_int_equal(dmbc_extent_overlap(&old, 0, 100), DMBC_OVERLAP_NONE);
	assert_int_equal(dmbc_extent_overlap(&old, 200, 300), DMBC_OVERLAP_NONE);
	assert_int_equal(dmbc_extent_overlap(&old, 100, 200), DMBC_OVERLAP_ALL);
	assert_int_equal(dmbc_extent_overlap(&old, 99, 201), DMBC_OVERLAP_ALL);
	assert_int_equal(dmbc_extent_overlap(&old, 50, 101), DMBC_OVERLAP_HEAD);
	assert_int_equal(dmbc_extent_overlap(&old, 100, 199), DMBC_OVERLAP_HEAD);
	assert_int_equal(dmbc_extent_overlap(&old, 199, 300), DMBC_OVERLAP_TAIL);
	assert_int_equal(dmbc_extent_overlap(&old, 101, 200), DMBC_OVERLAP_TAIL);
	assert_int_equal(dmbc_extent_overlap(&old, 101, 199), DMBC_OVERLAP_MIDDLE);
	assert_int_equal(dmbc_extent_overlap(&dead, 100, 200), DMBC_OVERLAP_NONE);
}

static void cuts(void **state)
{
	struct dmbc_key k = extent(100, 200, 5000), hole = dmbc_key_make_hole(1, 200, 100);

	(void)state;
	dmbc_extent_cut_front(&k, 130);
	assert_int_equal(dmbc_key_start(&k), 130);
	assert_int_equal(k.low, 200);
	assert_int_equal(dmbc_ptr_sector(k.ptr), 5030);
	dmbc_extent_cut_back(&k, 150);
	assert_int_equal(dmbc_key_start(&k), 130);
	assert_int_equal(k.low, 150);
	assert_int_equal(dmbc_ptr_sector(k.ptr), 5030);
	assert_int_equal(dmbc_ptr_gen(k.ptr), 3);
	dmbc_extent_cut_front(&hole, 150);
	assert_int_equal(hole.ptr, 0);
	assert_int_equal(dmbc_key_size(&hole), 50);
}

static void joins(void **state)
{
	struct dmbc_key left = extent(0, 8, 1024), right = extent(8, 20, 1032);

	(void)state;
	assert_true(dmbc_extent_merge(&left, &right, SHIFT));
	assert_int_equal(dmbc_key_size(&left), 20);
	assert_int_equal(left.low, 20);
	assert_int_equal(dmbc_ptr_sector(left.ptr), 1024);
	left = dmbc_key_make_hole(1, 10, 10);
	right = dmbc_key_make_hole(1, 30, 20);
	assert_true(dmbc_extent_merge(&left, &right, SHIFT));
	assert_int_equal(dmbc_key_size(&left), 30);
}

static void refuse(struct dmbc_key left, struct dmbc_key right)
{
	struct dmbc_key before = left;

	assert_false(dmbc_extent_merge(&left, &right, SHIFT));
	assert_memory_equal(&left, &before, sizeof(left));
}

static void refused_joins(void **state)
{
	struct dmbc_key left = extent(0, 8, 1024), right = extent(8, 20, 1032), k;

	(void)state;
	refuse(left, extent(9, 20, 1032)); /* a gap on the origin */
	refuse(left, extent(8, 20, 1033)); /* a gap on the SSD */
	refuse(left, dmbc_key_make_hole(1, 20, 12));
	refuse(dmbc_key_make_hole(1, 8, 8), right);
	k = right;
	dmbc_key_set_dirty(&k, true);
	refuse(left, k);
	k = right;
	k.ptr++; /* another generation */
	refuse(left, k);
	k = right;
	k.high++; /* another inode */
	refuse(left, k);
	refuse(extent(0, 8, 2040), extent(8, 20, 2048)); /* two buckets */
	refuse(extent(0, 8, 2040), extent(8, 9, 2048));
	refuse(dmbc_key_make_hole(1, 65535, 65535), dmbc_key_make_hole(1, 65536, 1));
	refuse(left, dmbc_key_make_hole(1, 8, 0));
}

static void same_data(void **state)
{
	struct dmbc_key old = extent(100, 200, 5000), k = extent(120, 300, 5020);

	(void)state;
	assert_true(dmbc_extent_same_data(&k, &old));
	assert_true(dmbc_extent_same_data(&old, &k));
	k.ptr += 1 << 8;
	assert_false(dmbc_extent_same_data(&k, &old));
	k = extent(120, 300, 5020);
	k.ptr++;
	assert_false(dmbc_extent_same_data(&k, &old));
	k = extent(120, 300, 5020);
	dmbc_key_set_dirty(&k, true);
	assert_false(dmbc_extent_same_data(&k, &old));
	k = extent(200, 300, 5100); /* nothing shared */
	assert_false(dmbc_extent_same_data(&k, &old));
	k = dmbc_key_make_hole(1, 200, 100);
	assert_false(dmbc_extent_same_data(&k, &old));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps),  cmocka_unit_test(cuts),
		cmocka_unit_test(joins),     cmocka_unit_test(refused_joins),
		cmocka_unit_test(same_data),
	};

	return cmocka_run_group_tests_name("extent", tests, NULL, NULL);
}
