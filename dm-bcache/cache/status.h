/* SPDX-License-Identifier: GPL-2.0 */
/* What there is to tell of an origin and its set. */
#ifndef DMBC_CACHE_STATUS_H
#define DMBC_CACHE_STATUS_H

#include <linux/types.h>

#include <dm-bcache/format.h>
#include <dm-bcache/interface.h>

#include "lib/timing.h"

/* Everything status shows; O(1) up to a sum over CPUs; does not sleep. */
struct dmbc_status {
	const char *state; /* "clean", "dirty", "flushing", "failed", "failed-dirty", "loading" */
	enum dmbc_mode mode;
	u8 set_uuid[16];
	u64 read_hits, read_misses, write_hits, write_misses, bypass_reads, bypass_writes;
	u64 bypassed_bytes, fills, fill_races, deferred;
	u64 dirty_bytes, all_dirty_bytes;
	u32 in_use_percent, used_percent;
	u64 bucket_bytes, block_bytes, nbuckets, free_buckets;
	u64 ssd_errors, origin_errors;
	u64 writeback_rate; /* bytes per second */
	u64 writeback_target_bytes;
	u64 node_bytes, node_cap_bytes;
	u32 tree_depth, gc_passes;
	bool gc_running;
	u64 journal_seq, journal_pending;
	u64 metadata_bytes; /* written */
#define X(upper, name) u64 bypass_##name;
	DMBC_BYPASS_REASONS(X)
#undef X
	u64 bypass_hits;
	u64 read_hit_bytes, read_miss_bytes, read_bypass_bytes;
	u64 write_hit_bytes, write_miss_bytes, write_bypass_bytes;
	u64 discards, discarded_bytes, flushes;
	u64 verified_bytes, differing_bytes; /* by verify */
	u64 data_bytes; /* written to the SSD for users */
};

#define DMBC_AGE_QUANTILES 31

/* What the engine is at: for people who look for the reason of something. */
struct dmbc_internal {
	u64 now_ns; /* by the clock of the timings */
	u32 tree_depth, root_percent, nodes, dirty_nodes;
	s64 congested_limit; /* bytes of a stream that still go to the SSD; -1: all */
	u64 node_appends, node_evictions;
	u64 journal_pending, journal_free_buckets, journal_writes, journal_full_waits,
		journal_reclaims;
	u64 btree_bytes, metadata_bytes; /* written; the second includes the first */
	struct dmbc_timing gc, split, sort, read;
	u64 buckets_unused, buckets_clean, buckets_dirty, buckets_metadata, live_bytes;
	/* of data buckets, in epochs: 1/1024 of the cache's size in user I/O */
	u16 age_quantile[DMBC_AGE_QUANTILES];
	u64 age_average;
	u64 memory_bytes;
	/* the rate controller, sectors */
	u64 rate;
	s64 target, proportional, integral, change;
	bool unlimited;
	u64 keys_done, keys_failed; /* of writeback; the second: changed meanwhile, or an error */
};

#endif
