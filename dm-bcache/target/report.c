// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the wording of statistics. dmbc_report() chooses: emit_counters() for the
 * total and the windows, the first seven fields called as in bcache's sysfs;
 * emit_internal() for the rest. DMEMIT adds to `result`, of `maxlen` bytes, at
 * `sz`.
 */
#include "target/report.h"

#include <linux/device-mapper.h>
#include <linux/slab.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"
#include "lib/port.h"

#define NUMBER(name, value) DMEMIT(" %s=%lld", name, (long long)(value))

static const char *const windows[] = {
	[DMBC_WINDOW_FIVE_MINUTE] = "five_minute",
	[DMBC_WINDOW_HOUR] = "hour",
	[DMBC_WINDOW_DAY] = "day",
	[DMBC_COUNTERS_TOTAL] = "total",
};

static const char *const kinds[DMBC_NR_KINDS] = {
	[DMBC_READ_HIT] = "read_hit",	    [DMBC_READ_MISS] = "read_miss",
	[DMBC_READ_BYPASS] = "read_bypass", [DMBC_WRITE_HIT] = "write_hit",
	[DMBC_WRITE_MISS] = "write_miss",   [DMBC_WRITE_BYPASS] = "write_bypass",
};

static const char *const reasons[DMBC_NR_BYPASS] = {
#define X(upper, name) [DMBC_BYPASS_##upper] = #name,
	DMBC_BYPASS_REASONS(X)
#undef X
};

/* bcache counts reads only. */
static unsigned int emit_like_bcache(const struct dmbc_counters *c, char *result,
				     unsigned int maxlen)
{
	u64 hits = c->requests[DMBC_READ_HIT] - min(c->bypass_hits, c->requests[DMBC_READ_HIT]);
	u64 misses = c->requests[DMBC_READ_MISS];
	unsigned int sz = 0;

	NUMBER("cache_hits", hits);
	NUMBER("cache_misses", misses);
	NUMBER("cache_hit_ratio", hits + misses ? div64_u64(hits * 100, hits + misses) : 0);
	NUMBER("cache_bypass_hits", c->bypass_hits);
	NUMBER("cache_bypass_misses", c->requests[DMBC_READ_BYPASS]);
	NUMBER("cache_miss_collisions", c->fill_races);
	NUMBER("bypassed", (c->sectors[DMBC_READ_BYPASS] + c->sectors[DMBC_WRITE_BYPASS])
				   << SECTOR_SHIFT);
	return sz;
}

static int emit_counters(const struct dmbc_counters *c, const char *window, char *result,
			 unsigned int maxlen)
{
	unsigned int sz = 0, i;

	DMEMIT("window=%s", window);
	sz += emit_like_bcache(c, result + sz, maxlen - sz);
	for (i = 0; i < DMBC_NR_KINDS; i++)
		DMEMIT(" %s_requests=%llu %s_bytes=%llu", kinds[i],
		       (unsigned long long)c->requests[i], kinds[i],
		       (unsigned long long)c->sectors[i] << SECTOR_SHIFT);
	for (i = 1; i < DMBC_NR_BYPASS; i++)
		DMEMIT(" bypass_%s_reads=%llu bypass_%s_writes=%llu", reasons[i],
		       (unsigned long long)c->bypass_reads[i], reasons[i],
		       (unsigned long long)c->bypass_writes[i]);
	NUMBER("fills", c->fills);
	NUMBER("deferred", c->deferred);
	NUMBER("discards", c->discards);
	NUMBER("discarded_bytes", c->discarded_sectors << SECTOR_SHIFT);
	NUMBER("flushes", c->flushes);
	return 1;
}

static int report_counters(struct dmbc_origin *o, int window, char *result, unsigned int maxlen)
{
	struct dmbc_counters *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	dmbc_origin_get_counters(o, window, c);
	emit_counters(c, windows[window], result, maxlen);
	kfree(c);
	return 1;
}

/* ---- internals ------------------------------------------------------------------------ */

static unsigned int emit_timing(const char *name, const struct dmbc_timing *t, u64 now,
				char *result, unsigned int maxlen)
{
	u64 average = t->count ? div64_u64(t->sum_ns, t->count) : 0;
	s64 ago = t->count ? div64_u64(now - min(t->last_ns, now), NSEC_PER_SEC) : -1;
	unsigned int sz = 0;

	DMEMIT(" %s_count=%llu %s_average_us=%llu %s_max_us=%llu %s_last_s_ago=%lld", name,
	       (unsigned long long)t->count, name,
	       (unsigned long long)div64_u64(average, NSEC_PER_USEC), name,
	       (unsigned long long)div64_u64(t->max_ns, NSEC_PER_USEC), name, (long long)ago);
	return sz;
}

static unsigned int emit_store(const struct dmbc_internal *in, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	NUMBER("tree_depth", in->tree_depth);
	NUMBER("nodes", in->nodes);
	NUMBER("dirty_nodes", in->dirty_nodes);
	NUMBER("node_appends", in->node_appends);
	NUMBER("node_evictions", in->node_evictions);
	NUMBER("journal_pending", in->journal_pending);
	NUMBER("journal_free_buckets", in->journal_free_buckets);
	NUMBER("journal_writes", in->journal_writes);
	NUMBER("journal_full_waits", in->journal_full_waits);
	NUMBER("journal_reclaims", in->journal_reclaims);
	NUMBER("btree_written_bytes", in->btree_bytes);
	NUMBER("metadata_written_bytes", in->metadata_bytes);
	NUMBER("memory_bytes", in->memory_bytes);
	return sz;
}

static unsigned int emit_buckets(const struct dmbc_internal *in, char *result, unsigned int maxlen)
{
	unsigned int sz = 0, i;

	NUMBER("buckets_unused", in->buckets_unused);
	NUMBER("buckets_clean", in->buckets_clean);
	NUMBER("buckets_dirty", in->buckets_dirty);
	NUMBER("buckets_metadata", in->buckets_metadata);
	NUMBER("live_bytes", in->live_bytes);
	NUMBER("age_average", in->age_average);
	DMEMIT(" age_quantiles=");
	for (i = 0; i < DMBC_AGE_QUANTILES; i++)
		DMEMIT("%s%u", i ? "," : "", in->age_quantile[i]);
	return sz;
}

static unsigned int emit_controller(const struct dmbc_internal *in, char *result,
				    unsigned int maxlen)
{
	unsigned int sz = 0;

	NUMBER("writeback_rate", in->rate << SECTOR_SHIFT);
	NUMBER("writeback_target", in->target * DMBC_SECTOR_BYTES);
	NUMBER("writeback_proportional", in->proportional * DMBC_SECTOR_BYTES);
	NUMBER("writeback_integral", in->integral * DMBC_SECTOR_BYTES);
	NUMBER("writeback_change", in->change * DMBC_SECTOR_BYTES);
	NUMBER("writeback_unlimited", in->unlimited);
	NUMBER("writeback_keys_done", in->keys_done);
	NUMBER("writeback_keys_failed", in->keys_failed);
	return sz;
}

static void emit_internal(const struct dmbc_internal *in, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT("window=internal");
	sz += emit_store(in, result + sz, maxlen - sz);
	sz += emit_timing("gc", &in->gc, in->now_ns, result + sz, maxlen - sz);
	sz += emit_timing("split", &in->split, in->now_ns, result + sz, maxlen - sz);
	sz += emit_timing("sort", &in->sort, in->now_ns, result + sz, maxlen - sz);
	sz += emit_timing("read", &in->read, in->now_ns, result + sz, maxlen - sz);
	sz += emit_buckets(in, result + sz, maxlen - sz);
	sz += emit_controller(in, result + sz, maxlen - sz);
	NUMBER("root_used_percent", in->root_percent);
	NUMBER("congested_limit", in->congested_limit);
}

static int report_internal(struct dmbc_origin *o, char *result, unsigned int maxlen)
{
	struct dmbc_internal *in = kmalloc(sizeof(*in), GFP_KERNEL);
	int r;

	if (!in)
		return -ENOMEM;
	r = dmbc_origin_get_internal(o, in);
	if (!r)
		emit_internal(in, result, maxlen);
	kfree(in);
	return r ? r : 1;
}

int dmbc_report(struct dmbc_origin *o, const char *window, char *result, unsigned int maxlen,
		struct dmbc_why *why)
{
	unsigned int i;

	if (!strcmp(window, "internal"))
		return report_internal(o, result, maxlen);
	for (i = 0; i < ARRAY_SIZE(windows); i++)
		if (!strcmp(window, windows[i]))
			return report_counters(o, i, result, maxlen);
	dmbc_explain(why, "unknown window '%.32s': use total, five_minute, hour, day or internal",
		     window);
	return -EINVAL;
}
