/* SPDX-License-Identifier: GPL-2.0 */
/* Slots of the SSD's uuid table and what the index has of them. set->lock held, set RUNNING; all sleep. */
#ifndef DMBC_CACHE_SLOT_H
#define DMBC_CACHE_SLOT_H

#include <linux/types.h>

struct dmbc_set;
struct dmbc_why;

/* Who gets a slot. */
struct dmbc_slot_user {
	u8 uuid[16];
	const u8 *label; /* DMBC_SB_LABEL_BYTES */
};

/* A slot that nobody uses, filled in memory, to be written by the caller; or why there is none. */
int dmbc_slot_take(struct dmbc_set *set, const struct dmbc_slot_user *user, struct dmbc_why *why);
/* Makes holes, durably, of what the SSD has of a slot from @start on; no request is under way there. */
int dmbc_slot_empty(struct dmbc_set *set, u32 slot, u64 start);
/* Nobody uses the slot any more, nor what the SSD holds of it: gives both up. */
int dmbc_slot_retire(struct dmbc_set *set, u32 slot);

#endif
