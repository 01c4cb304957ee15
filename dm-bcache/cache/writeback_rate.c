// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the pace of one origin's writeback: gathers what lib/pd wants to know
 * once a period, and keeps the account: every copy moves the time at which the
 * next is due, by MAX_AHEAD_NS at most, so that one large key does not stop all.
 *
 * After QUIET_UPDATES periods without user I/O there is no limit but the
 * maximum; the first request brings it back.
 */
#include "cache/writeback_rate.h"

#include <linux/ktime.h>

#include "cache/context.h"
#include "store/alloc.h"
#include "store/index.h"

#define QUIET_UPDATES 6
#define NO_MAXIMUM 0xffffffff
#define MAX_AHEAD_NS (5 * NSEC_PER_SEC / 2)

static u64 option(const struct dmbc_origin *o, enum dmbc_option which)
{
	return READ_ONCE(o->option[which]);
}

void dmbc_writeback_rate_init(struct dmbc_writeback_rate *r, struct dmbc_origin *origin)
{
	memset(r, 0, sizeof(*r));
	r->origin = origin;
	dmbc_pd_init(&r->pd);
	r->rate = r->pd.rate;
	r->updated = jiffies;
}

static struct dmbc_pd_config config_of(const struct dmbc_origin *o)
{
	return (struct dmbc_pd_config){
		.percent = option(o, DMBC_OPT_WRITEBACK_PERCENT),
		.update_seconds = option(o, DMBC_OPT_WRITEBACK_RATE_UPDATE),
		.p_term_inverse = option(o, DMBC_OPT_WRITEBACK_P_TERM_INVERSE),
		.i_term_inverse = option(o, DMBC_OPT_WRITEBACK_I_TERM_INVERSE),
		.rate_minimum = option(o, DMBC_OPT_WRITEBACK_RATE_MINIMUM),
		.consider_fragment = option(o, DMBC_OPT_CONSIDER_FRAGMENT),
		.fp_low = option(o, DMBC_OPT_FP_TERM_LOW),
		.fp_mid = option(o, DMBC_OPT_FP_TERM_MID),
		.fp_high = option(o, DMBC_OPT_FP_TERM_HIGH),
	};
}

static u64 all_origin_sectors(struct dmbc_set *set, struct dmbc_origin *me)
{
	struct dmbc_origin *o;
	u64 sum = 0;

	/* The lock may be held for long; alone is close enough for one period. */
	if (!mutex_trylock(&set->lock))
		return bdev_nr_sectors(me->bdev);
	list_for_each_entry(o, &set->origins, link)
		sum += bdev_nr_sectors(o->bdev);
	mutex_unlock(&set->lock);
	return sum;
}

static struct dmbc_pd_input input_of(struct dmbc_writeback_rate *r, u32 seconds)
{
	struct dmbc_origin *o = r->origin;
	struct dmbc_set *set = o->set;
	struct dmbc_bucket_counts n;

	dmbc_buckets_get_counts(&set->buckets, &n);
	return (struct dmbc_pd_input){
		.dirty = dmbc_index_dirty_sectors(set->index, o->inode),
		.cache_sectors = set->g.nbuckets * set->g.bucket_sectors,
		.origin_sectors = bdev_nr_sectors(o->bdev),
		.all_origin_sectors = all_origin_sectors(set, o),
		.dirty_buckets = n.dirty_buckets,
		.nbuckets = set->g.nbuckets,
		.in_use_percent = dmbc_alloc_in_use_percent(set->alloc),
		.behind = r->sent < r->rate * seconds,
	};
}

static void note_quiet(struct dmbc_writeback_rate *r)
{
	int requests = atomic_read(&r->origin->requests);

	r->quiet = requests == r->seen_requests ? r->quiet + 1 : 0;
	r->seen_requests = requests;
}

void dmbc_writeback_rate_update(struct dmbc_writeback_rate *r)
{
	u32 seconds = option(r->origin, DMBC_OPT_WRITEBACK_RATE_UPDATE);
	struct dmbc_pd_config config;
	struct dmbc_pd_input input;

	if (time_before(jiffies, r->updated + seconds * HZ))
		return;
	r->updated = jiffies;
	note_quiet(r);
	config = config_of(r->origin);
	input = input_of(r, seconds);
	dmbc_pd_update(&r->pd, &config, &input);
	WRITE_ONCE(r->rate, min(r->pd.rate, option(r->origin, DMBC_OPT_WRITEBACK_RATE_MAXIMUM)));
	r->sent = 0;
}

bool dmbc_writeback_rate_idle(struct dmbc_writeback_rate *r)
{
	return option(r->origin, DMBC_OPT_IDLE_MAX_RATE) && r->quiet >= QUIET_UPDATES &&
	       atomic_read(&r->origin->requests) == r->seen_requests;
}

unsigned long dmbc_writeback_rate_delay(struct dmbc_writeback_rate *r, bool all)
{
	u64 now = ktime_get_ns();

	r->unlimited = all || !option(r->origin, DMBC_OPT_WRITEBACK_PERCENT) ||
		       dmbc_writeback_rate_idle(r);
	if (r->next_ns <= now ||
	    (r->unlimited && option(r->origin, DMBC_OPT_WRITEBACK_RATE_MAXIMUM) == NO_MAXIMUM))
		return 0;
	return nsecs_to_jiffies(r->next_ns - now) + 1;
}

void dmbc_writeback_rate_spend(struct dmbc_writeback_rate *r, u32 sectors)
{
	u64 now = ktime_get_ns(), rate = max_t(u64, r->rate, 1);

	if (r->unlimited)
		rate = option(r->origin, DMBC_OPT_WRITEBACK_RATE_MAXIMUM);

	r->sent += sectors;
	if (r->next_ns < now)
		r->next_ns = now;
	r->next_ns += div64_u64((u64)sectors * NSEC_PER_SEC, rate);
	r->next_ns = min_t(u64, r->next_ns, now + MAX_AHEAD_NS);
}
