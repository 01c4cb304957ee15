/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks a whole cache: every structure and every reference between them.
 *
 * Memory: that of dmbc_set, of dmbc_walk, one bit per block of the SSD (32 MiB
 * per TiB with blocks of 4 KiB, 256 MiB with 512 bytes), 40 bytes per uuid slot.
 */
#ifndef DMBC_CHECK_H
#define DMBC_CHECK_H

#include "dmbc.h"
#include "finding.h"

enum dmbc_check_level {
	DMBC_CHECK_QUICK = 1, /* super block, journal, tables, the index without its leaves */
	DMBC_CHECK_ALL, /* every node and every reference */
	DMBC_CHECK_DATA, /* and reads all data that only the cache has */
};

/* A disk that the caller has opened and read. */
struct dmbc_check_origin {
	const char *path;
	__u8 uuid[16], set_uuid[16];
	__u64 sectors; /* of the device */
	__u64 data_offset;
	unsigned int state; /* enum dmbc_state */
	bool in_place, noted; /* no super block: named by an origin_id; the SSD has a note on it */
};

struct dmbc_check_params {
	enum dmbc_check_level level;
	const struct dmbc_check_origin *origin;
	unsigned int origins;
	struct dmbc_findings *findings;
	/* Now and then: nodes visited and how many there are about; NULL: nobody looks. */
	void (*progress)(void *ctx, __u64 done, __u64 total);
	void *progress_ctx;
};

/* What is cached of one disk. */
struct dmbc_check_tally {
	__u64 extents, sectors, dirty;
	bool before, beyond; /* extents outside of the disk's data were told of */
};

struct dmbc_check_report {
	__u64 nodes, extents, sectors, dirty;
	__u32 slots;
	struct dmbc_check_tally *tally; /* by slot; for dmbc_check_report_free() */
};

/*
 * Reads tables and index; the findings tell the verdict. The set's generations
 * are afterwards those that a start would use, so that dmbc_extents_run() sees
 * what a start would serve. Not for a fresh set.
 */
enum dmbc_result dmbc_check_run(struct dmbc_set *set, const struct dmbc_check_params *params,
				struct dmbc_check_report *report, struct dmbc_error *err);
void dmbc_check_report_free(struct dmbc_check_report *report);
/* The exit code for the worst of the findings. */
enum dmbc_result dmbc_check_verdict(const struct dmbc_findings *fs);
/* Reads the super block of a disk; @path must stay. */
enum dmbc_result dmbc_check_read_origin(const char *path, struct dmbc_check_origin *origin,
					struct dmbc_error *err);
/* The same of a disk that is cached in place as @id; whether it still is that disk is for the check. */
enum dmbc_result dmbc_check_read_in_place(const struct dmbc_set *set, const __u8 id[16],
					  const char *path, struct dmbc_check_origin *origin,
					  struct dmbc_error *err);

#endif
