// SPDX-License-Identifier: GPL-2.0
/* The score of dmbc_congested_note() and what dmbc_congested_limit() makes of it. */
#include "lib/congested.h"

#include "lib/port.h"

#define US_PER_MS 1000
#define LIMIT_SHIFT 16 /* the highest limit: 32 MiB; halved for each 1/16 of the score */

static __u32 score_now(const struct dmbc_congested *c, __u64 now_us)
{
	__u64 idle_ms = now_us > c->last_us ? dmbc_div_u64(now_us - c->last_us, US_PER_MS) : 0;

	return idle_ms < c->score ? c->score - (__u32)idle_ms : 0;
}

void dmbc_congested_note(struct dmbc_congested *c, __u64 took_us, __u64 threshold_us, __u64 now_us)
{
	__u64 ms = dmbc_div_u64(took_us, US_PER_MS) + 1;

	c->score = score_now(c, now_us);
	c->last_us = now_us;
	if (took_us <= threshold_us)
		c->score -= c->score > 0;
	else if (ms < DMBC_CONGESTED_MAX - c->score)
		c->score += ms;
	else
		c->score = DMBC_CONGESTED_MAX;
}

__u32 dmbc_congested_limit(const struct dmbc_congested *c, __u64 now_us)
{
	__u32 score = score_now(c, now_us);

	if (!score)
		return ~0U;
	return 1U << (LIMIT_SHIFT - score * LIMIT_SHIFT / DMBC_CONGESTED_MAX);
}
