/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The notes on disks without a super block (lib/note.h), on the SSD behind its
 * own super block. All functions sleep; one lock of their own, taken inside of
 * any other and held over I/O.
 */
#ifndef DMBC_STORE_NOTES_H
#define DMBC_STORE_NOTES_H

#include <dm-bcache/format.h>

#include "lib/geometry.h"

struct dmbc_blockio;
struct dmbc_notes;
struct dmbc_why;

/* ERR_PTR(-ENOMEM). Nothing is read yet. */
struct dmbc_notes *dmbc_notes_create(struct dmbc_blockio *io, const struct dmbc_geometry *g);
void dmbc_notes_destroy(struct dmbc_notes *t);

/*
 * Copies the note of @uuid. -ENOENT: none; -ENOSPC: the SSD has no room for
 * notes; others: they cannot be read, or are not for us. Reason in @why for all
 * but -ENOENT.
 */
int dmbc_notes_get(struct dmbc_notes *t, const __u8 uuid[16], struct dmbc_disk_note *note,
		   struct dmbc_why *why);
/* Makes @note (by its uuid) durable, in place of an older one. -ENOSPC: too many; -EIO. */
int dmbc_notes_put(struct dmbc_notes *t, const struct dmbc_disk_note *note);
/* Durably there is no note of @uuid. */
int dmbc_notes_remove(struct dmbc_notes *t, const __u8 uuid[16]);

/* The hash of region @i of the disk behind @disk. 0, -EIO, -ENOMEM. */
int dmbc_notes_hash(struct dmbc_blockio *disk, unsigned int i, __u64 *hash);

#endif
