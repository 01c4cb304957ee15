/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk that is cached in place: data from sector 0 on, and no super block of
 * ours. What the super block would say is in a note on the SSD, and with it how
 * to know the disk again (lib/note.h).
 *
 * While dirty data is on the SSD, the note holds hashes of some regions of the
 * disk. Before anything of ours writes to such a region, its hash is taken off
 * the note, durably; when that is over, writeback hashes it again.
 */
#ifndef DMBC_CACHE_INPLACE_H
#define DMBC_CACHE_INPLACE_H

#include <linux/types.h>

#include <dm-bcache/format.h>

struct dmbc_origin;
struct dmbc_why;

/* What a table says of such a disk. */
struct dmbc_inplace_id {
	u8 uuid[16]; /* of its slot */
	bool forget; /* what the SSD has of another state of the disk is given up, dirty data too */
};

/*
 * Instead of loading a super block, when the origin is made: its super block in
 * memory. The origin has its I/O client. Sleeps. 0; an error with its reason.
 */
int dmbc_inplace_create(struct dmbc_origin *origin, const struct dmbc_inplace_id *id,
			struct dmbc_why *why);
void dmbc_inplace_destroy(struct dmbc_origin *origin); /* also of one that has none */
/*
 * set->lock held, set RUNNING: compares the disk with its note; afterwards the
 * super block in memory says whether the slot may be used. Sleeps.
 */
int dmbc_inplace_load(struct dmbc_origin *origin, struct dmbc_why *why);
/* Makes the super block in memory durable, as a note. Sleeps. */
int dmbc_inplace_save(struct dmbc_origin *origin);
/* The last target is gone, all is durable: a clean end. Sleeps. */
void dmbc_inplace_close(struct dmbc_origin *origin);

/* Any context, a range is entered: must dmbc_inplace_touch() come before a write to the disk? */
bool dmbc_inplace_guards(struct dmbc_origin *origin, u64 start, u32 sectors);
/* The hashes of what is about to be written do not count any more. Sleeps. 0, -EIO. */
int dmbc_inplace_touch(struct dmbc_origin *origin, u64 start, u32 sectors);
/* The writeback thread's, with no batch open: hashes what it can of what is not known. Sleeps. */
void dmbc_inplace_refresh(struct dmbc_origin *origin);

#endif
