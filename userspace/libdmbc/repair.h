/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A damaged cache made one that starts: everything that can be had is read, with
 * single wrong bits set right and nodes that nothing names any more looked for,
 * and a new index is written over it beside the old one.
 *
 * What is kept: all dirty data whose key can be read. Clean data only where
 * nothing can have changed it unseen: not of nodes found by search or with sets
 * missing, not in buckets of unknown generation, and none if journal entries are
 * missing. Clean data is on the disk; wrong data would be worse than none.
 *
 * Memory: that of a check, and 48 bytes per extent.
 */
#ifndef DMBC_REPAIR_H
#define DMBC_REPAIR_H

#include "check.h"

struct dmbc_repair_params {
	struct dmbc_set *set; /* fresh from dmbc_set_open(), of a device open for writing, or dry */
	const struct dmbc_check_origin *origin; /* helps to find a lost table of disks */
	unsigned int origins;
	struct dmbc_findings *findings;
	/* What may be lost: dirty data of the range, or of anywhere (NULL); why. */
	void (*lost)(void *ctx, const struct dmbc_range *range, const char *why);
	/* Asked to keep each piece of the device before it is overwritten. May be NULL. */
	enum dmbc_result (*save)(void *ctx, __u64 sector, __u32 sectors, struct dmbc_error *err);
	void (*progress)(void *ctx, __u64 done, __u64 total); /* may be NULL */
	void *ctx;
	bool dry_run;
};

struct dmbc_repair_report {
	__u64 extents, dirty; /* of the new index; sectors */
	__u64 dropped; /* sectors of clean data given up */
	__u64 orphans; /* nodes found by search that were used */
	__u64 lost; /* ranges told */
};

/* DMBC_REFUSED or DMBC_DAMAGED: cannot be repaired; nothing was written. */
enum dmbc_result dmbc_repair_run(const struct dmbc_repair_params *params,
				 struct dmbc_repair_report *report, struct dmbc_error *err);
/* Sets a single wrong bit of a cache's super block right. False: there is none, or more. */
bool dmbc_repair_super(struct dmbc_disk_super *sb);

#endif
