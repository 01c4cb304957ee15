// SPDX-License-Identifier: GPL-2.0
/*
 * Owns what there is to tell: dmbc_origin_get_status() for the status line, all
 * of it counted beforehand; dmbc_origin_get_internal() for those who look at the
 * engine itself, where ages of buckets cost a walk over all of them, without a
 * lock and giving way.
 */
#include "cache/status.h"

#include <linux/mm.h>
#include <linux/sched.h>

#include "cache/bypass.h"
#include "cache/cache.h"
#include "cache/context.h"
#include "cache/gc.h"
#include "cache/origin.h"
#include "cache/stats.h"
#include "cache/writeback.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/node.h"

/* The set's components exist from its bring-up on, until it is destroyed. */
static bool is_up(struct dmbc_origin *o)
{
	return smp_load_acquire(&o->set->state) != DMBC_SET_NEW && READ_ONCE(o->attached);
}

static const char *state_text(struct dmbc_origin *o)
{
	if (!is_up(o))
		return DMBC_STATE_TEXT_LOADING;
	if (READ_ONCE(o->tie) == DMBC_TIE_PLAIN)
		return DMBC_STATE_TEXT_DETACHED;
	if (READ_ONCE(o->set->state) == DMBC_SET_FAILED)
		return dmbc_errors_write_allowed(o) ? DMBC_STATE_TEXT_FAILED
						    : DMBC_STATE_TEXT_FAILED_DIRTY;
	if (o->volume)
		return DMBC_STATE_TEXT_VOLUME;
	if (READ_ONCE(o->tie) == DMBC_TIE_LEAVING)
		return DMBC_STATE_TEXT_DETACHING;
	if (dmbc_writeback_flushing(o))
		return DMBC_STATE_TEXT_FLUSHING;
	return READ_ONCE(o->dirty_marked) ? DMBC_STATE_TEXT_DIRTY : DMBC_STATE_TEXT_CLEAN;
}

static void status_buckets(struct dmbc_set *set, struct dmbc_status *st)
{
	struct dmbc_bucket_counts n;

	dmbc_buckets_get_counts(&set->store.buckets, &n);
	st->free_buckets = n.free;
	st->in_use_percent = dmbc_alloc_in_use_percent(set->store.alloc);
	st->used_percent =
		div64_u64((set->store.g.nbuckets - n.unused - n.free) * 100, set->store.g.nbuckets);
}

static void status_store(struct dmbc_origin *o, struct dmbc_status *st)
{
	struct dmbc_set *set = o->set;
	struct dmbc_nodes_stats nodes;
	struct dmbc_journal_stats journal;

	status_buckets(set, st);
	dmbc_nodes_get_stats(set->store.nodes, &nodes);
	st->node_bytes = nodes.pinned_bytes;
	st->node_cap_bytes = nodes.cap_bytes;
	dmbc_journal_get_stats(set->store.journal, &journal);
	st->journal_seq = journal.seq;
	st->journal_pending = journal.seq - journal.last_seq;
	if (!READ_ONCE(o->let_go)) /* else what the lost SSD holds does not count any more */
		st->dirty_bytes = dmbc_index_dirty_sectors(set->store.index, o->inode)
				  << SECTOR_SHIFT;
	st->all_dirty_bytes = dmbc_index_all_dirty_sectors(set->store.index) << SECTOR_SHIFT;
	st->tree_depth = dmbc_index_depth(set->store.index);
	st->gc_running = dmbc_gc_running(set->gc);
	st->gc_passes = dmbc_gc_passes(set->gc);
}

void dmbc_origin_get_status(struct dmbc_origin *o, struct dmbc_status *st)
{
	struct dmbc_set *set = o->set;

	memset(st, 0, sizeof(*st));
	st->state = state_text(o);
	st->mode = READ_ONCE(o->mode);
	memcpy(st->set_uuid, set->store.super.disk.set_uuid, sizeof(st->set_uuid));
	st->bucket_bytes = (u64)set->store.g.bucket_sectors << SECTOR_SHIFT;
	st->block_bytes = (u64)set->store.g.block_sectors << SECTOR_SHIFT;
	st->nbuckets = set->store.g.nbuckets;
	st->ssd_errors = atomic_read(&set->ssd_errors);
	st->origin_errors = atomic_read(&o->origin_errors);
	dmbc_writeback_get(o, st);
	st->verified_bytes = atomic64_read(&o->verified) << SECTOR_SHIFT;
	st->differing_bytes = atomic64_read(&o->differing) << SECTOR_SHIFT;
	st->metadata_bytes = dmbc_blockio_written(set->store.io) << SECTOR_SHIFT;
	dmbc_stats_get(o, st);
	if (is_up(o))
		status_store(o, st);
}

/* ---- internals ------------------------------------------------------------------ */

#define AGES 32768
#define STEPS_PER_BREAK 4096

/* How many data buckets there are of each age. */
static u64 count_ages(struct dmbc_set *set, u32 *by_age, u64 *sum)
{
	struct dmbc_buckets *bs = &set->store.buckets;
	u64 i, nr = 0;

	for (i = dmbc_geometry_first_free(&set->store.g); i < set->store.g.nbuckets; i++) {
		const struct dmbc_bucket *b = &bs->b[i];
		u16 age;

		if (i % STEPS_PER_BREAK == 0)
			cond_resched();
		if (READ_ONCE(b->use) != DMBC_BUCKET_DATA || !READ_ONCE(b->live))
			continue;
		age = min_t(u16, dmbc_bucket_age(bs, b), AGES - 1);
		by_age[age]++;
		*sum += age;
		nr++;
	}
	return nr;
}

static int internal_ages(struct dmbc_set *set, struct dmbc_internal *in)
{
	u32 *by_age = kvcalloc(AGES, sizeof(*by_age), GFP_KERNEL);
	u64 sum = 0, nr, seen = 0;
	u32 age, quantile = 0;

	if (!by_age)
		return -ENOMEM;
	nr = count_ages(set, by_age, &sum);
	in->age_average = nr ? div64_u64(sum, nr) : 0;
	for (age = 0; age < AGES && nr; age++) {
		seen += by_age[age];
		while (quantile < DMBC_AGE_QUANTILES &&
		       seen * (DMBC_AGE_QUANTILES + 1) >= nr * (quantile + 1))
			in->age_quantile[quantile++] = age;
	}
	kvfree(by_age);
	return 0;
}

static void internal_buckets(struct dmbc_set *set, struct dmbc_internal *in)
{
	struct dmbc_bucket_counts n;

	dmbc_buckets_get_counts(&set->store.buckets, &n);
	in->buckets_unused = n.unused + n.free + n.invalidated;
	in->buckets_dirty = n.dirty_buckets;
	in->buckets_clean = n.data - min(n.data, n.dirty_buckets);
	in->buckets_metadata = n.metadata;
	in->live_bytes = n.live_sectors << SECTOR_SHIFT;
}

static void internal_store(struct dmbc_set *set, struct dmbc_internal *in)
{
	struct dmbc_nodes_stats nodes;
	struct dmbc_journal_stats journal;

	dmbc_nodes_get_stats(set->store.nodes, &nodes);
	in->nodes = nodes.nodes;
	in->dirty_nodes = nodes.dirty_nodes;
	in->node_appends = nodes.appends;
	in->node_evictions = nodes.evictions;
	in->btree_bytes = nodes.written_sectors << SECTOR_SHIFT;
	in->read = nodes.read;
	in->sort = nodes.sort;
	in->split = dmbc_index_rewrites(set->store.index);
	in->gc = dmbc_gc_times(set->gc);
	in->tree_depth = dmbc_index_depth(set->store.index);
	in->root_percent = dmbc_index_root_percent(set->store.index);
	dmbc_journal_get_stats(set->store.journal, &journal);
	in->journal_pending = journal.seq - journal.last_seq;
	in->journal_free_buckets = journal.free_buckets;
	in->journal_writes = journal.writes;
	in->journal_full_waits = journal.full_waits;
	in->journal_reclaims = journal.reclaims;
	in->memory_bytes = nodes.pinned_bytes + set->store.g.nbuckets * sizeof(struct dmbc_bucket) +
			   ((u64)atomic_read(&set->fill_pages) << PAGE_SHIFT);
}

int dmbc_origin_get_internal(struct dmbc_origin *o, struct dmbc_internal *in)
{
	struct dmbc_set *set = o->set;

	memset(in, 0, sizeof(*in));
	in->now_ns = ktime_get_ns();
	in->metadata_bytes = dmbc_blockio_written(set->store.io) << SECTOR_SHIFT;
	dmbc_writeback_get_terms(o, in);
	if (!is_up(o))
		return 0;
	internal_store(set, in);
	internal_buckets(set, in);
	in->congested_limit = dmbc_bypass_congestion_limit(set);
	return internal_ages(set, in);
}
