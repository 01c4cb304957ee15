// SPDX-License-Identifier: GPL-2.0
/*
 * The checksum is linear: wrong bits change it by the sum of what each changes
 * alone. find_bit() goes from the last byte to the first and computes what each
 * bit would have changed, until it meets what did change. Of 2^64 values a
 * megabyte has 2^23 bits, so a wrong answer is as unlikely as a wrong checksum.
 */
#include "bitfix.h"

#include "lib/checksum.h"

#include <asm/byteorder.h>
#include <string.h>

/* Flips the bit that changes the checksum by @change. */
static bool find_bit(unsigned char *data, size_t bytes, __u64 change)
{
	static const unsigned char zero;
	__u64 effect[8];
	unsigned int bit;
	size_t i;

	for (bit = 0; bit < 8; bit++) {
		unsigned char byte = (unsigned char)(1 << bit);

		effect[bit] = crc64_be(0, &byte, 1);
	}
	for (i = bytes; i-- > 0;)
		for (bit = 0; bit < 8; bit++) {
			if (effect[bit] == change) {
				data[i] ^= (unsigned char)(1 << bit);
				return true;
			}
			effect[bit] = crc64_be(effect[bit], &zero, 1);
		}
	return false;
}

bool dmbc_bitfix_run(void *structure, size_t bytes, __u64 seed)
{
	unsigned char *data = structure;
	__le64 stored;
	__u64 right, change;

	memcpy(&stored, data, sizeof(stored));
	right = ~crc64_be(seed, data + 8, bytes - 8);
	change = __le64_to_cpu(stored) ^ right;
	if (change && !(change & (change - 1))) {
		stored = __cpu_to_le64(right);
		memcpy(data, &stored, sizeof(stored));
		return true;
	}
	return change && find_bit(data + 8, bytes - 8, change);
}
