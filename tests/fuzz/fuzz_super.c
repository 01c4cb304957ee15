// SPDX-License-Identifier: GPL-2.0
/* Both super block verifiers; what they accept must keep the geometry's promises. */
#include "lib_mutate.h"

static size_t seed_input(__u8 *buf)
{
	fixture_cache_super((struct dmbc_disk_super *)buf);
	return DMBC_SB_BYTES;
}

static void repair_input(__u8 *buf, size_t bytes)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;
	struct dmbc_disk_super *sb = (void *)buf;

	if (bytes < DMBC_SB_BYTES)
		return;
	memcpy(sb->magic, magic, sizeof(magic));
	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	if (__le16_to_cpu(sb->keys) <= DMBC_SB_MAX_JOURNAL)
		dmbc_verify_super_seal(sb);
}

static bool check_geometry(const struct dmbc_geometry *g)
{
	bool ok = g->block_sectors && g->block_sectors <= 8 && g->bucket_sectors >= 8 &&
		  g->bucket_sectors == 1U << g->bucket_shift && g->first_bucket &&
		  g->first_bucket + g->njournal <= g->nbuckets && g->njournal <= 256 &&
		  g->nbuckets >= 128 && g->nbuckets << g->bucket_shift <= 1ULL << 43 &&
		  g->node_sectors >= 8 && g->node_sectors <= g->meta_sectors &&
		  g->meta_sectors <= g->bucket_sectors;

	if (!ok)
		abort();
	return ok;
}

static bool run_input(const __u8 *buf, size_t bytes)
{
	const struct dmbc_disk_super *sb = (const void *)buf;
	struct dmbc_geometry g;
	struct dmbc_why why;
	__u64 offset;
	bool cache;

	if (bytes < DMBC_SB_BYTES)
		return false; /* super blocks are always read whole */
	cache = !dmbc_verify_cache_super(sb, 0, &g, &why) && check_geometry(&g);
	if (dmbc_verify_backing_super(sb, 1 << 20, &offset, &why))
		return cache;
	if (cache || offset < 16 || offset >= 1 << 20)
		abort();
	return true;
}
