/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The format's checksum: CRC-64, polynomial 0x42F0E1EBA9EA3693, most
 * significant bit first, inverted at the end (bcache-format.md section 1).
 * The kernel has the inner loop (crc64_be); userspace gets ours from crc64.c.
 */
#ifndef DMBC_LIB_CHECKSUM_H
#define DMBC_LIB_CHECKSUM_H

#ifdef __KERNEL__
#include <linux/crc64.h>
#else
#include <linux/types.h>
#include <stddef.h>
__u64 crc64_be(__u64 crc, const void *data, size_t bytes);
#endif

/* Checksum of the super block, journal entries, prio sets and version-0 sets. */
static inline __u64 dmbc_checksum(const void *data, size_t bytes)
{
	return ~crc64_be(~0ULL, data, bytes);
}

/* Checksum of a version-1 set: seeded with the pointer word of the node's own key. */
static inline __u64 dmbc_checksum_seeded(__u64 ptr_word, const void *data, size_t bytes)
{
	return ~crc64_be(ptr_word, data, bytes);
}

#endif
