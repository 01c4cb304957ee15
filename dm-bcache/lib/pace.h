/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the next piece of dirty data is due: lib/pd's rate, what quiet times and
 * small remainders change of it, and the account of what was sent. Pure; time is
 * an argument.
 */
#ifndef DMBC_LIB_PACE_H
#define DMBC_LIB_PACE_H

#include "lib/pd.h"

#define DMBC_PACE_NO_MAXIMUM 0xffffffff

struct dmbc_pace_config {
	struct dmbc_pd_config pd;
	__u64 maximum; /* sectors per second, or DMBC_PACE_NO_MAXIMUM */
	bool hurry_when_idle;
};

struct dmbc_pace {
	struct dmbc_pd pd;
	__u64 rate; /* sectors per second */
	bool unlimited; /* but for the maximum */
	__u64 next_ns; /* when the next piece is due */
	__u64 sent; /* sectors since the last update */
	__u64 seen_dirty; /* sectors, at the last update */
	__u32 seen_requests; /* at the last update */
	__u32 quiet; /* updates without requests of users */
	__u32 settled; /* updates in which what was written back stayed so */
};

void dmbc_pace_init(struct dmbc_pace *p);
/*
 * One period of pd.update_seconds is over. @requests counts the users' requests
 * and may wrap. @in->behind is set here.
 */
void dmbc_pace_update(struct dmbc_pace *p, const struct dmbc_pace_config *c,
		      struct dmbc_pd_input *in, __u32 requests);
/* Nanoseconds until the next piece may be sent; 0: now. @all: only the maximum holds. */
__u64 dmbc_pace_delay(struct dmbc_pace *p, const struct dmbc_pace_config *c, __u64 now_ns,
		      __u32 requests, bool all);
/* @sectors were sent. */
void dmbc_pace_spend(struct dmbc_pace *p, const struct dmbc_pace_config *c, __u64 now_ns,
		     __u32 sectors);

#endif
