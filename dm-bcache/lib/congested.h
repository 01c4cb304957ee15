/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is the SSD too slow for what it gets? A score that slow requests raise by
 * the milliseconds they took, and quick ones and time bring down again. Pure; the
 * caller serialises and gives the time.
 */
#ifndef DMBC_LIB_CONGESTED_H
#define DMBC_LIB_CONGESTED_H

#include <linux/types.h>

#define DMBC_CONGESTED_MAX 1024 /* milliseconds without a slow request until all is well again */

struct dmbc_congested {
	__u32 score; /* at `last_us`; at most DMBC_CONGESTED_MAX */
	__u64 last_us;
};

/* A request took @took_us; more than @threshold_us is slow. */
void dmbc_congested_note(struct dmbc_congested *c, __u64 took_us, __u64 threshold_us, __u64 now_us);
/* Largest stream in sectors that should still go to the SSD; ~0: any. */
__u32 dmbc_congested_limit(const struct dmbc_congested *c, __u64 now_us);

#endif
