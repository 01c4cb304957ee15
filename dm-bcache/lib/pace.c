// SPDX-License-Identifier: GPL-2.0
/*
 * The pace of one origin's writeback.
 *
 * Once a period dmbc_pace_update() asks lib/pd for the rate and notes how the
 * users behave. Before each piece dmbc_pace_delay() says how long to wait, and
 * behind it dmbc_pace_spend() moves the time at which the next one is due: never
 * further than MAX_AHEAD_NS from now, so that one large piece does not stop all,
 * and not from now but from when this one was due, MAX_LATE_NS ago at most: who
 * sleeps for a clock tick per piece must not fall behind the rate.
 *
 * Two things lift the limit. After QUIET_UPDATES periods without a request only
 * the maximum holds; the first request brings the limit back. And a remainder of
 * TAIL_SECTORS that nobody writes to any more is gone in TAIL_SECONDS: at the
 * lowest rate, below the target, it would stay for minutes.
 */
#include "lib/pace.h"

#include "lib/port.h"

#define QUIET_UPDATES 6
#define SETTLED_UPDATES 2
#define TAIL_SECTORS 2048
#define TAIL_SECONDS 5
#define NS_PER_SECOND 1000000000ULL
#define MAX_AHEAD_NS (5 * NS_PER_SECOND / 2)
#define MAX_LATE_NS (NS_PER_SECOND / 4)

void dmbc_pace_init(struct dmbc_pace *p)
{
	memset(p, 0, sizeof(*p));
	dmbc_pd_init(&p->pd);
	p->rate = p->pd.rate;
}

/*
 * Does what was sent become less, or do users make it dirty again? The last
 * pieces may still be on their way, so half is enough. Nothing sent says nothing.
 */
static void note_users(struct dmbc_pace *p, __u64 dirty, __u32 requests)
{
	p->quiet = requests == p->seen_requests ? p->quiet + 1 : 0;
	p->seen_requests = requests;
	if (dirty + p->sent / 2 > p->seen_dirty)
		p->settled = 0;
	else if (p->sent)
		p->settled++;
	p->seen_dirty = dirty;
}

void dmbc_pace_update(struct dmbc_pace *p, const struct dmbc_pace_config *c,
		      struct dmbc_pd_input *in, __u32 requests)
{
	__u64 rate;

	note_users(p, in->dirty, requests);
	in->behind = p->sent < p->rate * c->pd.update_seconds;
	dmbc_pd_update(&p->pd, &c->pd, in);
	rate = p->pd.rate;
	if (p->settled >= SETTLED_UPDATES && in->dirty <= TAIL_SECTORS &&
	    rate < TAIL_SECTORS / TAIL_SECONDS)
		rate = TAIL_SECTORS / TAIL_SECONDS;
	p->rate = rate < c->maximum ? rate : c->maximum;
	p->sent = 0;
}

static bool is_idle(const struct dmbc_pace *p, const struct dmbc_pace_config *c, __u32 requests)
{
	return c->hurry_when_idle && p->quiet >= QUIET_UPDATES && requests == p->seen_requests;
}

__u64 dmbc_pace_delay(struct dmbc_pace *p, const struct dmbc_pace_config *c, __u64 now_ns,
		      __u32 requests, bool all)
{
	p->unlimited = all || !c->pd.percent || is_idle(p, c, requests);
	if (p->next_ns <= now_ns || (p->unlimited && c->maximum == DMBC_PACE_NO_MAXIMUM))
		return 0;
	return p->next_ns - now_ns;
}

void dmbc_pace_spend(struct dmbc_pace *p, const struct dmbc_pace_config *c, __u64 now_ns,
		     __u32 sectors)
{
	__u64 rate = p->unlimited ? c->maximum : p->rate;

	p->sent += sectors;
	if (p->next_ns + MAX_LATE_NS < now_ns)
		p->next_ns = now_ns - MAX_LATE_NS;
	p->next_ns += dmbc_div_u64(sectors * NS_PER_SECOND, rate ? rate : 1);
	if (p->next_ns > now_ns + MAX_AHEAD_NS)
		p->next_ns = now_ns + MAX_AHEAD_NS;
}
