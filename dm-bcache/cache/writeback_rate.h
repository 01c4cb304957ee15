/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast dirty data is written back: the controller of lib/pd and its inputs,
 * and the account of what was sent. Used by the writeback thread alone; rate is
 * read by status.
 */
#ifndef DMBC_CACHE_WRITEBACK_RATE_H
#define DMBC_CACHE_WRITEBACK_RATE_H

#include "lib/pd.h"

struct dmbc_origin;

struct dmbc_writeback_rate {
	struct dmbc_origin *origin;
	struct dmbc_pd pd;
	u64 rate; /* sectors per second, READ_ONCE */
	bool unlimited; /* but for the maximum */
	unsigned long updated; /* jiffies */
	u64 next_ns; /* when the next copy is due */
	u64 sent; /* sectors since the last update */
	int seen_requests;
	u32 quiet; /* updates without user I/O */
};

void dmbc_writeback_rate_init(struct dmbc_writeback_rate *r, struct dmbc_origin *origin);
/* Recomputes the rate if its period is over. */
void dmbc_writeback_rate_update(struct dmbc_writeback_rate *r);
/* Jiffies to wait before the next copy may be sent; 0: now. @all: only the maximum holds. */
unsigned long dmbc_writeback_rate_delay(struct dmbc_writeback_rate *r, bool all);
/* @sectors were sent. */
void dmbc_writeback_rate_spend(struct dmbc_writeback_rate *r, u32 sectors);
/* No user I/O for some time: the limit is off. */
bool dmbc_writeback_rate_idle(struct dmbc_writeback_rate *r);

#endif
