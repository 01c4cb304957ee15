// SPDX-License-Identifier: GPL-2.0
/*
 * The writeback rate controller.
 *
 * dmbc_pd_update() works in four steps: target_of() (how much dirty data this
 * origin may hold), the proportional answer to the error, which
 * fragment_term() may raise, the integral, kept from winding up by
 * integrate(), and the sum as the new rate between its bounds.
 */
#include "lib/pd.h"

#include "lib/port.h"

#define START_RATE 1024 /* sectors per second */
#define RATE_MAX 1000000000LL

/* in-use percentages above which scattered dirty data is worth hurrying for */
#define FRAGMENT_LOW 50
#define FRAGMENT_MID 57
#define FRAGMENT_HIGH 64
/* a dirty bucket holds little if less than 1/3 of it is dirty */
#define FRAGMENT_RATIO 3

#define SHARE_SHIFT 14

static __s64 clamp_s64(__s64 v, __s64 low, __s64 high)
{
	if (v < low)
		return low;
	return v > high ? high : v;
}

static __s64 at_least_one(__u32 v)
{
	return v ? v : 1;
}

void dmbc_pd_init(struct dmbc_pd *pd)
{
	memset(pd, 0, sizeof(*pd));
	pd->rate = START_RATE;
}

/* The cache's allowance, divided among the origins by their sizes. */
static __s64 target_of(const struct dmbc_pd_config *c, const struct dmbc_pd_input *in)
{
	__u64 all = in->all_origin_sectors ? in->all_origin_sectors : 1;
	__u64 allowed = dmbc_div_u64(in->cache_sectors * c->percent, 100);
	__u64 share = dmbc_div_u64(in->origin_sectors << SHARE_SHIFT, all);

	if (share > 1ULL << SHARE_SHIFT)
		share = 1ULL << SHARE_SHIFT;
	/* in two parts: the product must not pass 64 bits */
	return (allowed >> SHARE_SHIFT) * share +
	       ((allowed & ((1 << SHARE_SHIFT) - 1)) * share >> SHARE_SHIFT);
}

/* How strongly fullness presses: per percent above the threshold passed. */
static __s64 fragment_pressure(const struct dmbc_pd_config *c, __u32 in_use)
{
	if (in_use <= FRAGMENT_MID)
		return (__s64)c->fp_low * (in_use - FRAGMENT_LOW);
	if (in_use <= FRAGMENT_HIGH)
		return (__s64)c->fp_mid * (in_use - FRAGMENT_MID);
	return (__s64)c->fp_high * (in_use - FRAGMENT_HIGH);
}

/* The rate that scattered dirty data asks for; 0: it does not. */
static __s64 fragment_term(const struct dmbc_pd_config *c, const struct dmbc_pd_input *in)
{
	__u64 bucket, held;
	__s64 pressure;

	if (!c->consider_fragment || in->in_use_percent <= FRAGMENT_LOW || !in->dirty ||
	    !in->dirty_buckets || !in->nbuckets)
		return 0;
	bucket = dmbc_div_u64(in->cache_sectors, in->nbuckets);
	held = dmbc_div_u64(in->dirty, in->dirty_buckets); /* sectors per dirty bucket */
	if (dmbc_div_u64(in->dirty_buckets * bucket, in->dirty) <= FRAGMENT_RATIO)
		return 0;
	pressure = clamp_s64(fragment_pressure(c, in->in_use_percent), 0, RATE_MAX);
	return clamp_s64(held, 0, RATE_MAX) * pressure;
}

/*
 * The sum grows only while the device follows the rate, shrinks only down to
 * zero, and never past the value that asks for the highest rate.
 */
static void integrate(struct dmbc_pd *pd, const struct dmbc_pd_config *c, __s64 error, bool behind)
{
	__s64 step = error * at_least_one(c->update_seconds);
	__s64 inverse = at_least_one(c->i_term_inverse);

	if (error > 0 && behind)
		return;
	pd->integral_sum = clamp_s64(pd->integral_sum + step, 0, RATE_MAX * inverse);
}

void dmbc_pd_update(struct dmbc_pd *pd, const struct dmbc_pd_config *c,
		    const struct dmbc_pd_input *in)
{
	__s64 error, fragment, rate;

	pd->target = target_of(c, in);
	error = (__s64)in->dirty - pd->target;
	pd->proportional = dmbc_div_s64(error, at_least_one(c->p_term_inverse));
	fragment = fragment_term(c, in);
	if (fragment && fragment > pd->proportional)
		pd->proportional = fragment;

	integrate(pd, c, error, in->behind);
	pd->integral = dmbc_div_s64(pd->integral_sum, at_least_one(c->i_term_inverse));

	rate = clamp_s64(pd->proportional + pd->integral, at_least_one(c->rate_minimum), RATE_MAX);
	pd->change = rate - (__s64)pd->rate;
	pd->rate = rate;
}
