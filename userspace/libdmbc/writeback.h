/* SPDX-License-Identifier: GPL-2.0 */
/* Data between a cache and its disks: dirty data written back, clean data compared. */
#ifndef DMBC_WRITEBACK_H
#define DMBC_WRITEBACK_H

#include "check.h"

struct dmbc_writeback {
	struct dmbc_set *set; /* after dmbc_check_run() */
	const struct dmbc_check_origin *origin;
	struct dmbc_device **disk; /* open; of origin[i] */
	unsigned int origins;
	struct dmbc_findings *findings; /* what cannot be read, or differs */
	bool dry_run;
	void (*progress)(void *ctx, __u64 done, __u64 total); /* sectors; may be NULL */
	void *progress_ctx;
	__u64 total; /* for progress */

	__u64 done; /* sectors written, or compared */
};

/* Writes all dirty data of the disks given to them; durable after return. The cache is not changed. */
enum dmbc_result dmbc_writeback_run(struct dmbc_writeback *w, struct dmbc_error *err);
/* Compares all clean data with the disks. */
enum dmbc_result dmbc_writeback_verify(struct dmbc_writeback *w, struct dmbc_error *err);
/* The disk needs its cache no more and forgets it: state none, no set. Durable after return. */
enum dmbc_result dmbc_writeback_detach(struct dmbc_device *disk, struct dmbc_error *err);

#endif
