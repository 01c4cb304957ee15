// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-64 for userspace, eight bytes per step. The kernel has its own.
 *
 * One table of 8 x 256 words, filled before main() by fill_tables():
 * table[k][b] is the effect of byte b followed by k zero bytes.
 */
#ifndef __KERNEL__

#include "lib/checksum.h"

#include <asm/byteorder.h>
#include <string.h>

#define POLYNOMIAL 0x42F0E1EBA9EA3693ULL

static __u64 table[8][256];

static __u64 one_byte(__u64 crc)
{
	int bit;

	for (bit = 0; bit < 8; bit++)
		crc = crc & (1ULL << 63) ? crc << 1 ^ POLYNOMIAL : crc << 1;
	return crc;
}

__attribute__((constructor)) static void fill_tables(void)
{
	int byte, k;

	for (byte = 0; byte < 256; byte++)
		table[0][byte] = one_byte((__u64)byte << 56);
	for (k = 1; k < 8; k++)
		for (byte = 0; byte < 256; byte++)
			table[k][byte] =
				table[k - 1][byte] << 8 ^ table[0][table[k - 1][byte] >> 56];
}

static __u64 eight_bytes(__u64 crc)
{
	return table[7][crc >> 56] ^ table[6][crc >> 48 & 0xff] ^ table[5][crc >> 40 & 0xff] ^
	       table[4][crc >> 32 & 0xff] ^ table[3][crc >> 24 & 0xff] ^
	       table[2][crc >> 16 & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[0][crc & 0xff];
}

__u64 crc64_be(__u64 crc, const void *data, size_t bytes)
{
	const __u8 *p = data;
	__be64 word;

	for (; bytes >= 8; bytes -= 8, p += 8) {
		memcpy(&word, p, 8);
		crc = eight_bytes(crc ^ __be64_to_cpu(word));
	}
	for (; bytes; bytes--, p++)
		crc = crc << 8 ^ table[0][(crc >> 56) ^ *p];
	return crc;
}

#endif
