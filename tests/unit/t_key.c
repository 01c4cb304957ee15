// SPDX-License-Identifier: GPL-2.0
/* Keys: fields, order, generations, and the way to disk words and back. */
#include "lib_fixture.h"

static void fields(void **state)
{
	struct dmbc_key k = dmbc_key_make(77, 1000, 24, true, dmbc_ptr_make(4096, 9));

	(void)state;
	assert_true(k.high == (1ULL << 63 | 1ULL << 60 | 1ULL << 36 | 24ULL << 20 | 77));
	assert_true(k.ptr == (4096ULL << 8 | 9));
	assert_int_equal(dmbc_key_inode(&k), 77);
	assert_int_equal(dmbc_key_size(&k), 24);
	assert_int_equal(dmbc_key_start(&k), 976);
	assert_int_equal(dmbc_key_end(&k), 1000);
	assert_true(dmbc_key_dirty(&k) && dmbc_key_has_ptr(&k));
	assert_int_equal(dmbc_ptr_sector(k.ptr), 4096);
	assert_int_equal(dmbc_ptr_gen(k.ptr), 9);
	assert_int_equal(dmbc_ptr_dev(k.ptr), 0);
	dmbc_key_set_size(&k, 65535);
	dmbc_key_set_dirty(&k, false);
	assert_int_equal(dmbc_key_size(&k), 65535);
	assert_int_equal(dmbc_key_inode(&k), 77);
	assert_false(dmbc_key_dirty(&k));
	assert_true(dmbc_key_has_ptr(&k));
}

static void order(void **state)
{
	struct dmbc_key a = dmbc_key_make_hole(1, 50, 5), b = dmbc_key_make_hole(2, 10, 5);
	struct dmbc_key max = dmbc_key_make(DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET, 8, false, 0);
	struct dmbc_key zero = dmbc_key_make(0, 0, 8, false, 0);

	(void)state;
	assert_true(dmbc_key_cmp(&a, &b) < 0 && dmbc_key_cmp(&b, &a) > 0);
	assert_int_equal(dmbc_key_cmp(&a, &a), 0);
	assert_true(dmbc_key_is_max(&max) && !dmbc_key_is_max(&a));
	assert_true(dmbc_key_is_zero(&zero) && !dmbc_key_is_zero(&a));
	assert_true(dmbc_key_cmp(&zero, &a) < 0 && dmbc_key_cmp(&a, &max) < 0);
}

static void generations(void **state)
{
	(void)state;
	assert_int_equal(dmbc_gen_ahead(5, 5), 0);
	assert_int_equal(dmbc_gen_ahead(6, 5), 1);
	assert_int_equal(dmbc_gen_ahead(4, 5), -1);
	assert_int_equal(dmbc_gen_ahead(0, 255), 1);
	assert_int_equal(dmbc_gen_ahead(128, 0), 128);
	assert_int_equal(dmbc_gen_ahead(129, 0), -127);
}

static void words(void **state)
{
	struct dmbc_key k = dmbc_key_make(3, 99, 8, true, dmbc_ptr_make(640, 1)), back;
	struct dmbc_key hole = dmbc_key_make_hole(3, 99, 8);
	__le64 w[3];

	(void)state;
	assert_int_equal(dmbc_verify_pack_key(&k, w), 3);
	assert_int_equal(dmbc_verify_unpack_key(w, 3, &back), 3);
	assert_memory_equal(&k, &back, sizeof(k));
	assert_int_equal(dmbc_verify_unpack_key(w, 2, &back), 0);
	assert_int_equal(dmbc_verify_pack_key(&hole, w), 2);
	assert_int_equal(dmbc_verify_unpack_key(w, 2, &back), 2);
	assert_memory_equal(&hole, &back, sizeof(hole));
	assert_int_equal(dmbc_verify_unpack_key(w, 1, &back), 0);
	assert_int_equal(dmbc_verify_unpack_key(w, 0, &back), 0);
}

static void check_pointer_is_a_hole(void **state)
{
	struct dmbc_key k = dmbc_key_make(3, 99, 8, false, (__u64)DMBC_PTR_DEV_CHECK << 51), back;
	__le64 w[3];

	(void)state;
	dmbc_verify_pack_key(&k, w);
	assert_int_equal(dmbc_verify_unpack_key(w, 3, &back), 3);
	assert_false(dmbc_key_has_ptr(&back));
	assert_int_equal(dmbc_key_size(&back), 8);
}

static void more_pointers_are_refused(void **state)
{
	__le64 w[8] = { __cpu_to_le64(DMBC_KEY_MARK | 2ULL << DMBC_KEY_PTRS_SHIFT) };
	struct dmbc_key k;

	(void)state;
	assert_int_equal(dmbc_verify_unpack_key(w, 8, &k), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(order),
		cmocka_unit_test(generations),
		cmocka_unit_test(words),
		cmocka_unit_test(check_pointer_is_a_hole),
		cmocka_unit_test(more_pointers_are_refused),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
