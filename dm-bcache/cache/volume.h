/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Thin volumes that live on the SSD alone: bcache's flash-only volumes. A volume
 * is a uuid slot with a size; all its data is dirty keys, what was never written
 * reads as zeros. In use it is an origin without a disk.
 */
#ifndef DMBC_CACHE_VOLUME_H
#define DMBC_CACHE_VOLUME_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_request;
struct dmbc_set;
struct dmbc_why;

struct dmbc_volume; /* an origin's; NULL: it has a disk */

/* What a table says of a volume. */
struct dmbc_volume_ask {
	const char *name; /* uuid or label */
	u64 sectors; /* if it does not exist it is made with this size; 0: refused */
};

/* When the origin is made. 0, -ENOMEM. */
int dmbc_volume_init(struct dmbc_origin *origin, const struct dmbc_volume_ask *ask);
void dmbc_volume_exit(struct dmbc_origin *origin);
const char *dmbc_volume_name(const struct dmbc_origin *origin); /* as asked for */
u64 dmbc_volume_sectors(const struct dmbc_origin *origin); /* U64_MAX before it is attached */
/* set->lock held, set RUNNING: finds its slot or makes one. Sleeps. A reason in @why. */
int dmbc_volume_attach(struct dmbc_origin *origin, struct dmbc_why *why);
/* Process context, a write found no space: waits a moment, or ends it with -ENOSPC: false. */
bool dmbc_volume_wait_space(struct dmbc_set *set);

/* ---- messages; any origin of the set may be asked; sleep; a reason in @why ------------------ */

int dmbc_volume_create(struct dmbc_origin *origin, const char *label, u64 sectors,
		       struct dmbc_why *why);
/* A volume in use may grow only; its target's length is its user's matter. */
int dmbc_volume_resize(struct dmbc_origin *origin, const char *name, u64 sectors,
		       struct dmbc_why *why);
/* With all that is in it. Not while it is in use. */
int dmbc_volume_remove(struct dmbc_origin *origin, const char *name, struct dmbc_why *why);
/* Calls @fn for each volume of the set. */
struct dmbc_disk_uuid;
int dmbc_volume_list(struct dmbc_origin *origin,
		     void (*fn)(void *ctx, const struct dmbc_disk_uuid *u, u64 used_sectors),
		     void *ctx, struct dmbc_why *why);

#endif
