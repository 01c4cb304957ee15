/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file with pieces of a device as they were, so that what overwrites them can
 * be undone. A header with the device's uuid, then for each piece its sector, its
 * length and its bytes; the end is a piece of length 0. Integers are little-endian.
 */
#ifndef DMBC_BACKUP_H
#define DMBC_BACKUP_H

#include "dmbc.h"

struct dmbc_backup;

/* A new file; it must not exist yet. */
enum dmbc_result dmbc_backup_create(const char *path, struct dmbc_device *dev,
				    const struct dmbc_disk_super *sb, struct dmbc_backup **backup,
				    struct dmbc_error *err);
/* Adds a piece; @sectors 0: writes the end and makes the file durable. */
enum dmbc_result dmbc_backup_add(struct dmbc_backup *b, __u64 sector, __u32 sectors,
				 struct dmbc_error *err);
void dmbc_backup_close(struct dmbc_backup *b); /* NULL is allowed */
/* Writes all pieces of a complete file back; *@pieces: how many. @check: to see if it could. */
enum dmbc_result dmbc_backup_undo(const char *path, struct dmbc_device *dev, bool check,
				  __u64 *pieces, struct dmbc_error *err);

#endif
