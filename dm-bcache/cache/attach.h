/* SPDX-License-Identifier: GPL-2.0 */
/* Joining an origin to its set, once, before its first I/O. */
#ifndef DMBC_CACHE_ATTACH_H
#define DMBC_CACHE_ATTACH_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_set;
struct dmbc_why;

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

#endif
