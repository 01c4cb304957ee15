/* SPDX-License-Identifier: GPL-2.0 */
/* How often something was done and how long it took. Pure; the caller serialises. */
#ifndef DMBC_LIB_TIMING_H
#define DMBC_LIB_TIMING_H

#include <linux/types.h>

struct dmbc_timing {
	__u64 count, sum_ns, max_ns;
	__u64 last_ns; /* the clock when it was last over */
};

static inline void dmbc_timing_note(struct dmbc_timing *t, __u64 began_ns, __u64 now_ns)
{
	__u64 took = now_ns > began_ns ? now_ns - began_ns : 0;

	t->count++;
	t->sum_ns += took;
	t->last_ns = now_ns;
	if (took > t->max_ns)
		t->max_ns = took;
}

#endif
