// SPDX-License-Identifier: GPL-2.0
/* Opening a cache set: the super block, and memory for what its buckets are. */
#include "set.h"

#include "internal.h"

#include "lib/verify.h"

#include <stdlib.h>

static enum dmbc_result check_super(struct dmbc_set *set, struct dmbc_error *err)
{
	const char *path = dmbc_device_path(set->dev);
	struct dmbc_super_info info;
	struct dmbc_why why;

	dmbc_super_decode(&set->super, dmbc_device_sectors(set->dev), &info);
	if (info.verdict == DMBC_NOT_BCACHE)
		return dmbc_error_set(err, DMBC_NOT_BCACHE,
				      "%s: not a bcache device: %s; name another device", path,
				      info.why);
	if (info.kind == DMBC_KIND_BACKING)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: a backing device; name the cache device (the SSD)",
				      path);
	if (dmbc_verify_cache_super(&set->super, dmbc_device_sectors(set->dev), &set->g, &why))
		return dmbc_error_set(err, DMBC_DAMAGED,
				      "%s: the super block is damaged or unknown: %s; restore its "
				      "first 8 KiB from a backup",
				      path, why.text);
	return DMBC_OK;
}

static void mark_fixed_buckets(struct dmbc_set *set)
{
	__u64 i;

	for (i = 0; i < dmbc_geometry_first_free(&set->g); i++)
		set->bucket[i].use = DMBC_USE_JOURNAL;
}

enum dmbc_result dmbc_set_open_as(struct dmbc_device *dev, const struct dmbc_disk_super *sb,
				  struct dmbc_set **result, struct dmbc_error *err)
{
	struct dmbc_set *set = calloc(1, sizeof(*set));
	enum dmbc_result r;

	if (!set)
		return dmbc_error_memory(dev, err);
	set->dev = dev;
	set->super = *sb;
	r = check_super(set, err);
	if (r == DMBC_OK) {
		set->fresh = !dmbc_sb_flag(&set->super, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS);
		set->bucket = calloc(set->g.nbuckets, sizeof(*set->bucket));
		if (!set->bucket)
			r = dmbc_error_memory(dev, err);
	}
	if (r != DMBC_OK) {
		dmbc_set_close(set);
		return r;
	}
	mark_fixed_buckets(set);
	*result = set;
	return DMBC_OK;
}

enum dmbc_result dmbc_set_open(struct dmbc_device *dev, struct dmbc_set **result,
			       struct dmbc_error *err)
{
	struct dmbc_disk_super sb;
	enum dmbc_result r = dmbc_device_read_super(dev, &sb, err);

	return r == DMBC_OK ? dmbc_set_open_as(dev, &sb, result, err) : r;
}

bool dmbc_set_is_fresh(const struct dmbc_set *set)
{
	return set->fresh;
}

void dmbc_set_close(struct dmbc_set *set)
{
	if (!set)
		return;
	dmbc_keys_free(&set->journal);
	free(set->uuid);
	free(set->bucket);
	free(set);
}
