/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cache set as found on its device, opened for reading.
 *
 * dmbc_set_open() reads the super block, dmbc_set_read_journal() the journal,
 * dmbc_set_read_prios() generations and priorities, dmbc_set_read_uuids() the
 * table of disks. Each tells what is wrong as findings and leaves the best that
 * could be had; only an enum dmbc_result other than DMBC_OK ends the work.
 *
 * Memory: 4 bytes per bucket, the journal's keys that a start would replay (24
 * bytes each; at most what fits the journal), the uuid table.
 */
#ifndef DMBC_SET_H
#define DMBC_SET_H

#include "dmbc.h"
#include "finding.h"
#include "keys.h"

#include "lib/geometry.h"

/* What a bucket is used for, as far as seen. */
enum dmbc_use {
	DMBC_USE_NONE,
	DMBC_USE_DATA,
	DMBC_USE_NODE,
	DMBC_USE_PRIO,
	DMBC_USE_UUID,
	DMBC_USE_JOURNAL, /* and the super block */
};

struct dmbc_set_bucket {
	__u16 prio;
	__u8 gen;
	__u8 use : 3; /* enum dmbc_use */
	__u8 dirty : 1; /* leaves have dirty data in it */
	__u8 unknown : 1; /* its generation was not readable */
	__u8 raised : 3; /* so far a key was ahead of the saved generation; 7: or more */
};

struct dmbc_set {
	struct dmbc_device *dev; /* the caller's */
	struct dmbc_disk_super super;
	struct dmbc_geometry g;
	bool fresh; /* never started: nothing but a super block */
	bool rescue; /* set by who wants all that can be had: single wrong bits are set right */
	struct dmbc_set_bucket *bucket; /* nbuckets */

	/* the journal */
	bool has_journal; /* the rest of these means something */
	__u64 newest, last_seq;
	__u32 newest_bucket; /* of the journal */
	__u64 entries, replay_keys; /* found; in those that a start replays */
	struct dmbc_key root, uuid_key;
	unsigned int root_level;
	bool uuids_old;
	__u64 prio_bucket;
	struct dmbc_keys journal; /* sorted: what they come to */

	__u64 prio_seq;
	__u32 slots;
	struct dmbc_disk_uuid *uuid; /* slots; zero if the table is not readable */
};

/* dmbc_set_open() with another super block than the one on the device. */
enum dmbc_result dmbc_set_open_as(struct dmbc_device *dev, const struct dmbc_disk_super *sb,
				  struct dmbc_set **set, struct dmbc_error *err);

/* set_journal.c */
enum dmbc_result dmbc_set_read_journal(struct dmbc_set *set, struct dmbc_findings *fs,
				       struct dmbc_error *err);
/* set_tables.c; they need the journal */
enum dmbc_result dmbc_set_read_prios(struct dmbc_set *set, struct dmbc_findings *fs,
				     struct dmbc_error *err);
enum dmbc_result dmbc_set_read_uuids(struct dmbc_set *set, struct dmbc_findings *fs,
				     struct dmbc_error *err);
/* The slot of a device, or -1. */
int dmbc_set_find_slot(const struct dmbc_set *set, const __u8 uuid[16]);
/* A disk or a flash volume that is not detached. */
bool dmbc_set_slot_used(const struct dmbc_set *set, __u32 slot);
bool dmbc_set_slot_detached(const struct dmbc_set *set, __u32 slot);

static inline struct dmbc_set_bucket *dmbc_set_bucket_at(struct dmbc_set_bucket *bucket,
							 const struct dmbc_geometry *g, __u64 ptr)
{
	return &bucket[dmbc_geometry_bucket(g, dmbc_ptr_sector(ptr))];
}

static inline struct dmbc_set_bucket *dmbc_set_bucket_of(const struct dmbc_set *set, __u64 ptr)
{
	return dmbc_set_bucket_at(set->bucket, &set->g, ptr);
}

/* How far the bucket's generation is ahead of the pointer's; 0 where it is not known. */
static inline int dmbc_set_ahead(const struct dmbc_set *set, __u64 ptr)
{
	const struct dmbc_set_bucket *b = dmbc_set_bucket_of(set, ptr);

	return b->unknown ? 0 : dmbc_gen_ahead(b->gen, dmbc_ptr_gen(ptr));
}

#endif
