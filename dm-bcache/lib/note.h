/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes on disks that are cached in place, without a backing super block:
 * verified, searched, and judged when such a disk comes back. Pure.
 *
 * The rule of dmbc_note_judge(). The disk is the same if its size is, and every
 * hash that is known. Then: after a clean shutdown everything on the SSD counts;
 * without one, dirty data counts and clean data is dropped, except that beside
 * dirty data it is kept (with dirty data on the SSD, nothing of ours writes to
 * the disk without it). If the disk is another or was changed: dirty data
 * refuses, clean data is dropped.
 */
#ifndef DMBC_LIB_NOTE_H
#define DMBC_LIB_NOTE_H

#include <dm-bcache/format.h>

#include "lib/geometry.h"
#include "lib/verify.h"

/* First sector of a copy of the table, on the SSD. */
static inline __u64 dmbc_note_place(unsigned int copy)
{
	return DMBC_NOTES_SECTOR + copy * DMBC_NOTES_SECTORS;
}

/* Is there room for the copies before the journal? Not with buckets below 8K. */
static inline bool dmbc_note_has_room(const struct dmbc_geometry *g)
{
	return dmbc_geometry_sector(g, g->first_bucket) >= dmbc_note_place(DMBC_NOTES_COPIES);
}

/* 0; -ENOENT: none was ever written for this set; -EILSEQ, -EOPNOTSUPP with @why. */
int dmbc_note_verify(const struct dmbc_disk_notes *t, __u64 set_magic, struct dmbc_why *why);
/* Makes it an empty table; seals one that is about to be written. */
void dmbc_note_init(struct dmbc_disk_notes *t, __u64 set_magic);
void dmbc_note_seal(struct dmbc_disk_notes *t);

/* The note of @uuid, or NULL. */
struct dmbc_disk_note *dmbc_note_find(struct dmbc_disk_notes *t, const __u8 uuid[16]);
/* A note for @uuid, zero but for that, or NULL: the table is full. */
struct dmbc_disk_note *dmbc_note_add(struct dmbc_disk_notes *t, const __u8 uuid[16]);
void dmbc_note_remove(struct dmbc_disk_notes *t, struct dmbc_disk_note *n);

/* First sector of region @i of a disk of @sectors (DMBC_NOTE_REGION_SECTORS or more). */
__u64 dmbc_note_region(__u64 sectors, unsigned int i);

/* The disk as it is now. */
struct dmbc_note_disk {
	__u64 sectors;
	__u64 super_seq;
	__u64 hash[DMBC_NOTE_REGIONS];
	bool dirty; /* the index has dirty data of it */
};

enum dmbc_note_verdict {
	DMBC_NOTE_NEW, /* the SSD has nothing that could count */
	DMBC_NOTE_KEEP,
	DMBC_NOTE_DROP, /* what the SSD has is clean, and may be wrong */
	DMBC_NOTE_REFUSE, /* dirty data that does not belong to this disk; reason given */
};

/* @n: NULL if there is none. */
enum dmbc_note_verdict dmbc_note_judge(const struct dmbc_disk_note *n,
				       const struct dmbc_note_disk *disk, struct dmbc_why *why);

#endif
