/* SPDX-License-Identifier: GPL-2.0 */
/* What a cache would cost and how it should be made, for sizes of SSD and disk. Pure. */
#ifndef DMBC_ESTIMATE_H
#define DMBC_ESTIMATE_H

#include "dmbc.h"

struct dmbc_estimate {
	/* given */
	__u64 ssd_bytes;
	__u64 disk_bytes; /* 0: not known */
	__u64 bucket_bytes; /* 0: to be chosen */
	__u64 block_bytes; /* 0: 4 KiB */
	__u64 extent_bytes; /* average, on the SSD; 0: 16 KiB */

	/* found */
	__u64 buckets, node_bytes;
	__u32 journal_buckets;
	__u64 journal_bytes, prio_bytes; /* on the SSD */
	__u64 extents; /* when it is full */
	__u64 index_bytes; /* of them, on the SSD, nodes two thirds full */
	__u64 bucket_memory, index_memory; /* in the kernel; the index as far as it is kept */
	__u64 check_memory; /* of dmbcache check */
	__u64 data_bytes; /* left for data */
};

/* DMBC_REFUSED: too small for these. */
enum dmbc_result dmbc_estimate_run(struct dmbc_estimate *e, struct dmbc_error *err);

#endif
