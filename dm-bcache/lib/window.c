// SPDX-License-Identifier: GPL-2.0
/* Fading sums, see window.h. */
#include "lib/window.h"

#include "lib/port.h"

#define LOSS 32 /* 1/32 for each period */

static const __u32 period[DMBC_NR_WINDOWS] = { 1, 12, 288 };

void dmbc_window_tick(enum dmbc_window window, __u64 tick, __u64 *value, const __u64 *delta,
		      __u32 nr)
{
	bool fade = dmbc_div_u64(tick, period[window]) * period[window] == tick;
	__u32 i;

	for (i = 0; i < nr; i++) {
		value[i] += delta[i] << DMBC_WINDOW_SHIFT;
		if (fade)
			value[i] -= value[i] / LOSS;
	}
}
