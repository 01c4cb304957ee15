// SPDX-License-Identifier: GPL-2.0
/*
 * Which buckets are given up: the three replacement policies.
 *
 * UNUSED buckets come first, found by a hand that goes round the array. Then
 *   LRU:    a sample of buckets tells from which score on the oldest 1/8 of
 *           the candidates lies (or as many as are needed, if more); the hand
 *           goes round and takes those, and if a whole turn was not enough,
 *           whatever else can be taken;
 *   FIFO:   the hand takes what comes, in bucket order, which is the order of
 *           filling;
 *   RANDOM: random buckets, and the hand's when too many are missed.
 *
 * The score is the age, up to doubled by the part of the bucket that is no
 * longer live: an emptier bucket costs less to lose. A bucket without live data
 * beats all.
 *
 * What is looked at without lock is a guess; dmbc_bucket_invalidate() decides.
 */
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "lib/port.h"
#include "store/refill_internal.h"

#define SAMPLES 1024
#define OLDEST_SHARE 8
#define MISSES 32 /* random tries for one victim */
#define STEPS_PER_BREAK 4096

typedef bool (*likes_fn)(const struct dmbc_refill *r, const struct dmbc_bucket *b, __u32 least);

static __u64 next_bucket(const struct dmbc_refill *r, __u64 bucket)
{
	return bucket + 1 < r->bs->g->nbuckets ? bucket + 1 : dmbc_geometry_first_free(r->bs->g);
}

static bool is_unused(const struct dmbc_refill *r, const struct dmbc_bucket *b, __u32 least)
{
	return READ_ONCE(b->use) == DMBC_BUCKET_UNUSED;
}

static bool is_candidate(const struct dmbc_refill *r, const struct dmbc_bucket *b, __u32 least)
{
	return READ_ONCE(b->use) == DMBC_BUCKET_DATA && !READ_ONCE(b->dirty) &&
	       !atomic_read(&b->pins);
}

/* Eight steps to each power of two, from 0 to DMBC_REFILL_SCORES - 1. */
static __u32 compress(__u32 value)
{
	__u32 shift = 0;

	while (value >> shift >= 16)
		shift++;
	return shift * 8 + (value >> shift);
}

static __u32 score_of(const struct dmbc_refill *r, const struct dmbc_bucket *b)
{
	__u32 age = dmbc_bucket_age(r->bs, b) + 1, live = READ_ONCE(b->live);
	__u32 bucket = r->bs->g->bucket_sectors;

	if (!live)
		return DMBC_REFILL_SCORES - 1;
	live = min(live, bucket);
	return compress(age + ((__u64)age * (bucket - live) >> r->bs->g->bucket_shift));
}

static bool is_old(const struct dmbc_refill *r, const struct dmbc_bucket *b, __u32 least)
{
	return is_candidate(r, b, 0) && score_of(r, b) >= least;
}

static void take(struct dmbc_refill *r, __u64 bucket)
{
	if (!dmbc_bucket_invalidate(r->bs, bucket)) {
		if (dmbc_bucket_gen_span(&r->bs->b[bucket]) >= DMBC_BUCKET_MAX_SPAN)
			r->near_limit = true;
		return;
	}
	if (dmbc_bucket_gen_span(&r->bs->b[bucket]) >= DMBC_BUCKET_GC_SPAN)
		r->near_limit = true;
	r->pending[r->nr_pending++] = bucket;
}

/* Moves a hand on by at most one turn. */
static void turn(struct dmbc_refill *r, __u64 *hand, __u32 target, likes_fn likes, __u32 least)
{
	__u64 steps = r->bs->g->nbuckets - dmbc_geometry_first_free(r->bs->g);

	for (; steps && r->nr_pending < target; steps--) {
		__u64 bucket = *hand;

		*hand = next_bucket(r, bucket);
		if (likes(r, &r->bs->b[bucket], least))
			take(r, bucket);
		if (steps % STEPS_PER_BREAK == 0)
			cond_resched();
	}
}

static __u64 random_bucket(struct dmbc_refill *r)
{
	__u64 first = dmbc_geometry_first_free(r->bs->g), nr = r->bs->g->nbuckets - first;

	/* xorshift: good enough to choose buckets with */
	r->random ^= r->random << 13;
	r->random ^= r->random >> 17;
	r->random ^= r->random << 5;
	return first + (r->random * nr >> 32);
}

/*
 * The score from which on the oldest share of the candidates lies, or @need of
 * them if that is more. Small sets are counted whole.
 */
static __u32 oldest_scores(struct dmbc_refill *r, __u32 need)
{
	__u64 first = dmbc_geometry_first_free(r->bs->g), nr = r->bs->g->nbuckets - first, i;
	__u64 samples = min_t(__u64, nr, SAMPLES);
	__u32 candidates = 0, older = 0, enough, score;

	memset(r->histogram, 0, sizeof(r->histogram));
	for (i = 0; i < samples; i++) {
		__u64 bucket = nr <= SAMPLES ? first + i : random_bucket(r);
		const struct dmbc_bucket *b = &r->bs->b[bucket];

		if (!is_candidate(r, b, 0))
			continue;
		r->histogram[score_of(r, b)]++;
		candidates++;
	}
	enough = max_t(__u32, candidates / OLDEST_SHARE, dmbc_div_u64(need * samples, nr) + 1);
	for (score = DMBC_REFILL_SCORES - 1; score > 0; score--) {
		older += r->histogram[score];
		if (older >= enough)
			break;
	}
	return score;
}

static void pick_random(struct dmbc_refill *r, __u32 target)
{
	__u32 misses = 0;

	while (r->nr_pending < target && misses < MISSES) {
		__u64 bucket = random_bucket(r);
		__u32 before = r->nr_pending;

		if (is_candidate(r, &r->bs->b[bucket], 0))
			take(r, bucket);
		misses = r->nr_pending == before ? misses + 1 : 0;
		cond_resched();
	}
}

void dmbc_refill_pick_unused(struct dmbc_refill *r, __u32 target)
{
	if (READ_ONCE(r->bs->n.unused))
		turn(r, &r->unused_hand, target, is_unused, 0);
}

void dmbc_refill_pick(struct dmbc_refill *r, __u32 target)
{
	dmbc_refill_pick_unused(r, target);
	/* clean data buckets, if any: saves a turn that finds nothing when all is dirty */
	if (r->nr_pending >= target ||
	    READ_ONCE(r->bs->n.data) <= READ_ONCE(r->bs->n.dirty_buckets))
		return;
	switch (READ_ONCE(r->policy)) {
	case DMBC_REPLACE_LRU:
		turn(r, &r->hand, target, is_old, oldest_scores(r, target - r->nr_pending));
		break;
	case DMBC_REPLACE_RANDOM: pick_random(r, target); break;
	case DMBC_REPLACE_FIFO: break;
	}
	turn(r, &r->hand, target, is_candidate, 0);
}
