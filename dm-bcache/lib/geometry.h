/* SPDX-License-Identifier: GPL-2.0 */
/* What the rest of the engine needs to know of a verified cache super block. */
#ifndef DMBC_LIB_GEOMETRY_H
#define DMBC_LIB_GEOMETRY_H

#include <dm-bcache/format.h>

#include "lib/port.h"

struct dmbc_geometry {
	__u32 block_sectors; /* unit of sets and journal entries; power of two */
	__u32 bucket_sectors; /* power of two */
	__u32 bucket_shift; /* log2(bucket_sectors) */
	__u32 node_sectors; /* of btree nodes; taken from the root's key in an existing set */
	__u32 meta_sectors; /* part of a bucket used by prio sets and uuids */
	__u32 first_bucket;
	__u32 njournal; /* journal buckets: first_bucket .. first_bucket + njournal - 1 */
	__u64 nbuckets;
	__u64 set_magic;
	bool discards; /* mainline was told to discard what is free, journal buckets too */
};

static inline __u64 dmbc_geometry_sector(const struct dmbc_geometry *g, __u64 bucket)
{
	return bucket << g->bucket_shift;
}

static inline __u64 dmbc_geometry_bucket(const struct dmbc_geometry *g, __u64 sector)
{
	return sector >> g->bucket_shift;
}

/* First bucket that the allocator may hand out. */
static inline __u64 dmbc_geometry_first_free(const struct dmbc_geometry *g)
{
	return g->first_bucket + g->njournal;
}

/* Buckets described by one prio set. */
static inline __u32 dmbc_geometry_prios_per_set(const struct dmbc_geometry *g)
{
	return (g->meta_sectors * DMBC_SECTOR_BYTES - sizeof(struct dmbc_disk_prio_set)) /
	       sizeof(struct dmbc_disk_prio);
}

/* Prio sets in a chain: what RESERVE_PRIO must hold. */
static inline __u32 dmbc_geometry_prio_sets(const struct dmbc_geometry *g)
{
	__u32 per_set = dmbc_geometry_prios_per_set(g);

	return dmbc_div_u64(g->nbuckets + per_set - 1, per_set);
}

#endif
