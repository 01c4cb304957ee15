/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A new index for a cache, beside what is there: nodes, uuid table and prio sets
 * go to buckets that nothing uses, and one journal entry makes them the valid
 * ones. Until that is written, the device is as it was; data is not touched.
 *
 * In time order: dmbc_build_begin() finds room, dmbc_build_ranges() tells what
 * will be overwritten, dmbc_build_add() takes the extents in order of disk and
 * sector, dmbc_build_end() completes the index and writes the entry.
 */
#ifndef DMBC_BUILD_H
#define DMBC_BUILD_H

#include "set.h"

struct dmbc_build {
	/* the caller's */
	struct dmbc_device *dev; /* open for writing */
	struct dmbc_geometry g;
	struct dmbc_set_bucket *bucket; /* generations, priorities; use: all that must be kept */
	const struct dmbc_disk_uuid *uuid;
	__u32 slots;
	__u64 prio_seq, journal_seq; /* larger than any on the device */
	__u32 journal_bucket; /* for the entry: 0 .. njournal - 1 */

	/* its own */
	__u64 *room; /* buckets, in the order they are used */
	__u64 nr_room, used_room;
	__u64 evicted; /* buckets of clean data that had to give way */
	struct dmbc_nodekeys *node;
	char *buf; /* of one node */
	__u32 fill; /* keys that a node gets */
	__u32 nr; /* in the node being filled */
	struct dmbc_keys parents; /* keys of the nodes written on this level */
	__u64 skipped; /* extents in evicted buckets */
};

/* @extents: at least as many as will come. DMBC_REFUSED: no room. */
enum dmbc_result dmbc_build_begin(struct dmbc_build *b, __u64 extents, struct dmbc_error *err);
/* Calls @fn for each piece of the device that will be written; stops when it fails. */
enum dmbc_result dmbc_build_ranges(const struct dmbc_build *b,
				   enum dmbc_result (*fn)(void *ctx, __u64 sector, __u32 sectors,
							  struct dmbc_error *err),
				   void *ctx, struct dmbc_error *err);
enum dmbc_result dmbc_build_add(struct dmbc_build *b, const struct dmbc_key *k,
				struct dmbc_error *err);
enum dmbc_result dmbc_build_end(struct dmbc_build *b, struct dmbc_error *err);
/* Frees what is its own; after success and failure. */
void dmbc_build_exit(struct dmbc_build *b);

#endif
