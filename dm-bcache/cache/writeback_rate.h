/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast dirty data is written back: lib/pace and what it wants to know.
 * Used by the writeback thread alone; status reads the pace's numbers.
 */
#ifndef DMBC_CACHE_WRITEBACK_RATE_H
#define DMBC_CACHE_WRITEBACK_RATE_H

#include "lib/pace.h"

struct dmbc_origin;

struct dmbc_writeback_rate {
	struct dmbc_origin *origin;
	struct dmbc_pace pace; /* rate, unlimited and pd: READ_ONCE */
	unsigned long updated; /* jiffies */
};

void dmbc_writeback_rate_init(struct dmbc_writeback_rate *r, struct dmbc_origin *origin);
/* Recomputes the rate if its period is over. */
void dmbc_writeback_rate_update(struct dmbc_writeback_rate *r);
/* Jiffies to wait before the next copy may be sent; 0: now. @all: only the maximum holds. */
unsigned long dmbc_writeback_rate_delay(struct dmbc_writeback_rate *r, bool all);
/* @sectors were sent. */
void dmbc_writeback_rate_spend(struct dmbc_writeback_rate *r, u32 sectors);

#endif
