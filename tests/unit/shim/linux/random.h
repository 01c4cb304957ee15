/* SPDX-License-Identifier: GPL-2.0 */
/* From the run's seed. */
#ifndef SHIM_LINUX_RANDOM_H
#define SHIM_LINUX_RANDOM_H

#include <linux/types.h>
#include "shim.h"

#define get_random_u64() sim_random()
#define get_random_u32() ((u32)sim_random())
#define get_random_u32_below(n) sim_random_below(n)
#define prandom_u32_max(n) sim_random_below(n)
#define get_random_long() ((unsigned long)sim_random())

static inline void get_random_bytes(void *to, size_t bytes)
{
	u8 *p = to;

	while (bytes--)
		*p++ = sim_random();
}

#endif
