/* SPDX-License-Identifier: GPL-2.0 */
/* Joining an origin to its set, once, before its first I/O. */
#ifndef DMBC_CACHE_ATTACH_H
#define DMBC_CACHE_ATTACH_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_set;
struct dmbc_why;

/* Who gets a slot. */
struct dmbc_attach_who {
	u8 uuid[16];
	const u8 *label; /* DMBC_SB_LABEL_BYTES */
};

/*
 * set->lock held, set RUNNING. Finds or makes the origin's uuid slot and puts
 * its super block in order (bcache-format.md section 8). Sleeps. A refusal has
 * its reason in @why.
 */
int dmbc_attach(struct dmbc_origin *origin, struct dmbc_why *why);
/*
 * set->lock held. Nobody uses the slot any more, nor what the SSD holds of it:
 * gives both up. Sleeps. 0, or an error of the SSD.
 */
int dmbc_attach_retire(struct dmbc_set *set, u32 slot);
/* set->lock held: makes holes, durably, of all that the SSD has of a slot without requests. Sleeps. */
int dmbc_attach_empty(struct dmbc_set *set, u32 slot);

/* set->lock held: a slot that nobody uses, filled in memory. Sleeps. Or why there is none. */
int dmbc_attach_take_slot(struct dmbc_set *set, const struct dmbc_attach_who *who,
			  struct dmbc_why *why);

#endif
