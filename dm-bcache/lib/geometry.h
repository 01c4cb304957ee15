/* SPDX-License-Identifier: GPL-2.0 */
/* What the rest of the engine needs to know of a verified cache super block. */
#ifndef DMBC_LIB_GEOMETRY_H
#define DMBC_LIB_GEOMETRY_H

#include <dm-bcache/format.h>

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

#endif
