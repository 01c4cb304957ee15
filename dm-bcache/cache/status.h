/* SPDX-License-Identifier: GPL-2.0 */
/* What there is to tell of an origin and its set. */
#ifndef DMBC_CACHE_STATUS_H
#define DMBC_CACHE_STATUS_H

#include <linux/types.h>

#include <dm-bcache/format.h>

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
	u64 node_bytes, node_cap_bytes;
	u32 tree_depth, gc_passes;
	bool gc_running;
	u64 journal_seq, journal_pending;
	u64 metadata_bytes; /* written */
};

#endif
