/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which SSD and HDD are in use: tables of one mapped device share the cache
 * that the first of them created, so a reload finds it alive.
 */
#ifndef DMBC_TARGET_REGISTRY_H
#define DMBC_TARGET_REGISTRY_H

#include "cache/cache.h"
#include "lib/verify.h"

struct block_device;
struct dmbc_origin;

/* Who asks: for the rule of one cache per HDD. Compared only. */
struct dmbc_registry_user {
	const void *device; /* the mapped device */
	const void *table; /* the table being loaded */
};

/* What is asked for. */
struct dmbc_registry_ask {
	struct block_device *ssd;
	struct dmbc_origin_ask origin;
};

/*
 * Finds the cache of the HDD (or the volume) on the SSD or creates it (reads super blocks, writes
 * nothing). Both devices stay open until after the put. Sleeps. -EBUSY where one
 * of them is used otherwise; the reason is in @why.
 */
int dmbc_registry_get(const struct dmbc_registry_ask *ask, const struct dmbc_registry_user *user,
		      struct dmbc_origin **origin, struct dmbc_why *why);
/* Drops one use; the last one destroys, first the origin, then a set without origins. Sleeps. */
void dmbc_registry_put(struct dmbc_origin *origin, const struct dmbc_registry_user *user);

#endif
