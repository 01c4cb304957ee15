/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the recent past. Every tick (300 / 22 s) what was counted since
 * the last is added; every `period` ticks all of it loses 1/32, so that it
 * halves in 22 periods: about 5 minutes, an hour or a day. Pure.
 */
#ifndef DMBC_LIB_WINDOW_H
#define DMBC_LIB_WINDOW_H

#include <linux/types.h>

#define DMBC_WINDOW_TICK_MS (300 * 1000 / 22)
#define DMBC_WINDOW_SHIFT 16 /* fraction bits, or small counts would never fade */

enum dmbc_window { DMBC_WINDOW_FIVE_MINUTE, DMBC_WINDOW_HOUR, DMBC_WINDOW_DAY, DMBC_NR_WINDOWS };

/*
 * One tick, the @tick-th (from 1): @value has @nr fixed-point numbers, @delta
 * what came since the last tick.
 */
void dmbc_window_tick(enum dmbc_window window, __u64 tick, __u64 *value, const __u64 *delta,
		      __u32 nr);

static inline __u64 dmbc_window_value(__u64 value)
{
	return value >> DMBC_WINDOW_SHIFT;
}

#endif
