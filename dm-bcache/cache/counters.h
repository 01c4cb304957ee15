/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted of an origin's requests. Every piece of a read or write is of
 * one kind, so the kinds add up to all I/O; what bypassed has a reason as well.
 */
#ifndef DMBC_CACHE_COUNTERS_H
#define DMBC_CACHE_COUNTERS_H

#include <linux/types.h>

#include <dm-bcache/interface.h>

enum dmbc_kind {
	DMBC_READ_HIT, /* from the SSD */
	DMBC_READ_MISS, /* from the origin, worth caching */
	DMBC_READ_BYPASS, /* from the origin, not worth it */
	DMBC_WRITE_HIT, /* to the SSD alone */
	DMBC_WRITE_MISS, /* to both */
	DMBC_WRITE_BYPASS, /* to the origin alone */
	DMBC_NR_KINDS
};

enum dmbc_bypass {
	DMBC_BYPASS_NO,
#define X(upper, name) DMBC_BYPASS_##upper,
	DMBC_BYPASS_REASONS(X)
#undef X
		DMBC_NR_BYPASS
};

/* Numbers only: they are summed and subtracted as an array of u64. */
struct dmbc_counters {
	u64 requests[DMBC_NR_KINDS], sectors[DMBC_NR_KINDS];
	u64 bypass_reads[DMBC_NR_BYPASS], bypass_writes[DMBC_NR_BYPASS]; /* by reason */
	u64 bypass_hits; /* of the read hits: a miss would have bypassed */
	u64 fills, fill_races; /* inserted; given up because something wrote in between */
	u64 deferred; /* requests that could not be finished in map() */
	u64 discards, discarded_sectors, flushes;
};

#define DMBC_NR_COUNTERS (sizeof(struct dmbc_counters) / sizeof(u64))

/* Of the requests that a set's SSD gets on behalf of users. */
struct dmbc_set_counters {
	u64 requests;
	u64 written_sectors; /* data; metadata is counted by the store */
};

#endif
