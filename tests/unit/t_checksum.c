// SPDX-License-Identifier: GPL-2.0
/* The checksum: known answers, and the fast loop against the definition. */
#include "lib_fixture.h"

static __u64 bit_by_bit(__u64 crc, const __u8 *p, size_t bytes)
{
	int bit;

	for (; bytes; bytes--, p++) {
		crc ^= (__u64)*p << 56;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 63 ? crc << 1 ^ 0x42F0E1EBA9EA3693ULL : crc << 1;
	}
	return crc;
}

static void known_answers(void **state)
{
	(void)state;
	assert_true(dmbc_checksum("123456789", 9) == 0x62EC59E3F1A4F00AULL);
	assert_true(dmbc_checksum("", 0) == 0);
	assert_true(crc64_be(0, "123456789", 9) == 0x6C40DF5F0B497347ULL); /* CRC-64/ECMA-182 */
}

static void agrees_with_the_definition(void **state)
{
	__u8 data[300];
	__u32 i, start, len;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = random_u64();
	for (i = 0; i < 5000; i++) {
		__u64 seed = random_u64();

		start = random_below(20);
		len = random_below(sizeof(data) - start);
		assert_true(crc64_be(seed, data + start, len) ==
			    bit_by_bit(seed, data + start, len));
		assert_true(dmbc_checksum_seeded(seed, data, len) == ~bit_by_bit(seed, data, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(agrees_with_the_definition),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
