// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the pace of one origin's writeback: gathers once a period what lib/pace
 * wants to know, and gives it the time.
 */
#include "cache/writeback_rate.h"

#include <linux/ktime.h>

#include "cache/context.h"
#include "store/alloc.h"
#include "store/index.h"

static u64 option(const struct dmbc_origin *o, enum dmbc_option which)
{
	return READ_ONCE(o->option[which]);
}

void dmbc_writeback_rate_init(struct dmbc_writeback_rate *r, struct dmbc_origin *origin)
{
	memset(r, 0, sizeof(*r));
	r->origin = origin;
	dmbc_pace_init(&r->pace);
	r->updated = jiffies;
}

static struct dmbc_pace_config config_of(const struct dmbc_origin *o)
{
	return (struct dmbc_pace_config){
		.pd.percent = option(o, DMBC_OPT_WRITEBACK_PERCENT),
		.pd.update_seconds = option(o, DMBC_OPT_WRITEBACK_RATE_UPDATE),
		.pd.p_term_inverse = option(o, DMBC_OPT_WRITEBACK_P_TERM_INVERSE),
		.pd.i_term_inverse = option(o, DMBC_OPT_WRITEBACK_I_TERM_INVERSE),
		.pd.rate_minimum = option(o, DMBC_OPT_WRITEBACK_RATE_MINIMUM),
		.pd.consider_fragment = option(o, DMBC_OPT_CONSIDER_FRAGMENT),
		.pd.fp_low = option(o, DMBC_OPT_FP_TERM_LOW),
		.pd.fp_mid = option(o, DMBC_OPT_FP_TERM_MID),
		.pd.fp_high = option(o, DMBC_OPT_FP_TERM_HIGH),
		.maximum = option(o, DMBC_OPT_WRITEBACK_RATE_MAXIMUM),
		.hurry_when_idle = option(o, DMBC_OPT_IDLE_MAX_RATE),
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
		sum += o->volume ? 0 : bdev_nr_sectors(o->bdev);
	mutex_unlock(&set->lock);
	return sum;
}

static struct dmbc_pd_input input_of(struct dmbc_origin *o)
{
	struct dmbc_set *set = o->set;
	struct dmbc_bucket_counts n;

	dmbc_buckets_get_counts(&set->store.buckets, &n);
	return (struct dmbc_pd_input){
		.dirty = dmbc_index_dirty_sectors(set->store.index, o->inode),
		.cache_sectors = set->store.g.nbuckets * set->store.g.bucket_sectors,
		.origin_sectors = bdev_nr_sectors(o->bdev),
		.all_origin_sectors = all_origin_sectors(set, o),
		.dirty_buckets = n.dirty_buckets,
		.nbuckets = set->store.g.nbuckets,
		.in_use_percent = dmbc_alloc_in_use_percent(set->store.alloc),
	};
}

static u32 requests(const struct dmbc_writeback_rate *r)
{
	return atomic_read(&r->origin->requests);
}

void dmbc_writeback_rate_update(struct dmbc_writeback_rate *r)
{
	u32 seconds = option(r->origin, DMBC_OPT_WRITEBACK_RATE_UPDATE);
	struct dmbc_pace_config config;
	struct dmbc_pd_input input;

	if (time_before(jiffies, r->updated + seconds * HZ))
		return;
	r->updated = jiffies;
	config = config_of(r->origin);
	input = input_of(r->origin);
	dmbc_pace_update(&r->pace, &config, &input, requests(r));
}

unsigned long dmbc_writeback_rate_delay(struct dmbc_writeback_rate *r, bool all)
{
	struct dmbc_pace_config config = config_of(r->origin);

	/* less than a tick is no time to sleep: the account makes up for it */
	return nsecs_to_jiffies(
		dmbc_pace_delay(&r->pace, &config, ktime_get_ns(), requests(r), all));
}

void dmbc_writeback_rate_spend(struct dmbc_writeback_rate *r, u32 sectors)
{
	struct dmbc_pace_config config = config_of(r->origin);

	dmbc_pace_spend(&r->pace, &config, ktime_get_ns(), sectors);
}
