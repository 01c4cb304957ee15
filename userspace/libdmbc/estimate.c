// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes follow from the format (format.h); the rest is policy: buckets as
 * make-bcache's, smaller where the SSD has too few of them for reuse to be fine
 * enough, larger where their table would be large.
 */
#include "estimate.h"

#include "internal.h"

#include "lib/key.h"

#define DEFAULT_BUCKET (512ULL << 10)
#define FEW_BUCKETS 4096 /* below it buckets are halved */
#define MANY_BUCKETS (16ULL << 20) /* above it they are doubled */
#define MIN_BUCKETS 513
#define KERNEL_BYTES_PER_BUCKET 20 /* struct dmbc_bucket */
#define CHECK_BYTES_PER_BUCKET 4
#define KEY_BYTES 24
#define MIN_JOURNAL_BLOCKS 32 /* store/super.c */

static void choose_bucket(struct dmbc_estimate *e)
{
	e->bucket_bytes = DEFAULT_BUCKET;
	while (e->bucket_bytes > 64 << 10 && e->ssd_bytes / e->bucket_bytes < FEW_BUCKETS)
		e->bucket_bytes /= 2;
	while (e->ssd_bytes / e->bucket_bytes > MANY_BUCKETS)
		e->bucket_bytes *= 2;
}

static bool is_power_of_two(__u64 v)
{
	return v && !(v & (v - 1));
}

static enum dmbc_result check(const struct dmbc_estimate *e, struct dmbc_error *err)
{
	if (!is_power_of_two(e->bucket_bytes) || e->bucket_bytes < 4096)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--bucket: not a power of two of at least 4K; use 512K");
	if (!is_power_of_two(e->block_bytes) || e->block_bytes > 4096 || e->block_bytes < 512)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--block: not a power of two from 512 to 4096; use 4K");
	if (!e->extent_bytes)
		return dmbc_error_set(err, DMBC_REFUSED, "--extent 0: use 16K, or what is usual");
	if (e->ssd_bytes / e->bucket_bytes < MIN_BUCKETS)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "too small: %llu buckets, %d are needed; use smaller buckets "
				      "or a larger SSD",
				      e->ssd_bytes / e->bucket_bytes, MIN_BUCKETS);
	return DMBC_OK;
}

static __u32 journal_buckets(const struct dmbc_estimate *e)
{
	__u64 nr = e->buckets / 128, least = MIN_JOURNAL_BLOCKS * e->block_bytes / e->bucket_bytes;

	least = least > 2 ? least : 2;
	nr = nr > least ? nr : least;
	return nr > DMBC_SB_MAX_JOURNAL ? DMBC_SB_MAX_JOURNAL : (__u32)nr;
}

static void find_metadata(struct dmbc_estimate *e)
{
	__u32 bucket = (__u32)(e->bucket_bytes >> DMBC_SECTOR_SHIFT);
	__u64 meta = (__u64)dmbc_meta_sectors(bucket) << DMBC_SECTOR_SHIFT;
	__u64 per_set = (meta - sizeof(struct dmbc_disk_prio_set)) / sizeof(struct dmbc_disk_prio);

	e->node_bytes = (__u64)dmbc_node_sectors(bucket) << DMBC_SECTOR_SHIFT;
	e->journal_buckets = journal_buckets(e);
	e->journal_bytes = e->journal_buckets * e->bucket_bytes;
	e->prio_bytes = (e->buckets + per_set - 1) / per_set * e->bucket_bytes;
}

enum dmbc_result dmbc_estimate_run(struct dmbc_estimate *e, struct dmbc_error *err)
{
	__u64 fixed, keys_per_node, cached, nodes;
	enum dmbc_result r;

	if (!e->bucket_bytes)
		choose_bucket(e);
	if (!e->block_bytes)
		e->block_bytes = 4096;
	if (!e->extent_bytes)
		e->extent_bytes = 16 << 10;
	r = check(e, err);
	if (r != DMBC_OK)
		return r;
	e->buckets = e->ssd_bytes / e->bucket_bytes;
	find_metadata(e);
	fixed = e->journal_bytes + 2 * e->prio_bytes;
	cached = e->ssd_bytes > fixed ? e->ssd_bytes - fixed : 0;
	if (e->disk_bytes && cached > e->disk_bytes)
		cached = e->disk_bytes;
	e->extents = cached / e->extent_bytes;
	keys_per_node = e->node_bytes / KEY_BYTES * 2 / 3;
	nodes = e->extents / keys_per_node + 1;
	/* one node to a bucket */
	e->index_bytes = nodes * e->bucket_bytes;
	e->index_memory = nodes * e->node_bytes;
	e->bucket_memory = e->buckets * KERNEL_BYTES_PER_BUCKET;
	e->check_memory = e->buckets * CHECK_BYTES_PER_BUCKET + e->ssd_bytes / e->block_bytes / 8 +
			  36 * e->node_bytes;
	e->data_bytes =
		e->ssd_bytes > fixed + e->index_bytes ? e->ssd_bytes - fixed - e->index_bytes : 0;
	return DMBC_OK;
}
