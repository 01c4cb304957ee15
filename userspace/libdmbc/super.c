// SPDX-License-Identifier: GPL-2.0
/*
 * A super block taken apart. The verdict is the verifier's; the fields are
 * decoded even when it refuses, because that is when they are wanted most.
 * So nothing here may trust a value: each use below is in range for any input.
 */
#include "internal.h"

#include "lib/checksum.h"
#include "lib/verify.h"

#include <errno.h>
#include <string.h>
#include <uuid/uuid.h>

static void decode_common(const struct dmbc_disk_super *sb, struct dmbc_super_info *info)
{
	info->csum = __le64_to_cpu(sb->csum);
	info->offset = __le64_to_cpu(sb->offset);
	info->version = __le64_to_cpu(sb->version);
	uuid_unparse_lower(sb->uuid, info->uuid);
	uuid_unparse_lower(sb->set_uuid, info->set_uuid);
	info->has_set = !uuid_is_null(sb->set_uuid);
	dmbc_text_label(sb->label, info->label);
	info->flags = __le64_to_cpu(sb->flags);
	info->seq = __le64_to_cpu(sb->seq);
	info->compat = __le64_to_cpu(sb->feature_compat);
	info->incompat = __le64_to_cpu(sb->feature_incompat);
	info->ro_compat = __le64_to_cpu(sb->feature_ro_compat);
	info->block_sectors = __le16_to_cpu(sb->block_size);
	info->last_mount = __le32_to_cpu(sb->last_mount);
}

static bool csum_is_good(const struct dmbc_disk_super *sb)
{
	size_t keys = __le16_to_cpu(sb->keys);

	return keys <= DMBC_SB_MAX_JOURNAL &&
	       __le64_to_cpu(sb->csum) ==
		       dmbc_checksum((const char *)sb + DMBC_SB_CSUM_START,
				     DMBC_SB_FIXED_BYTES - DMBC_SB_CSUM_START + 8 * keys);
}

static __u64 bucket_sectors(const struct dmbc_disk_super *sb, const struct dmbc_super_info *info)
{
	__u64 low = __le16_to_cpu(sb->bucket_size);

	if (info->version < DMBC_SB_CACHE_FEATURES)
		return low;
	if (info->incompat & DMBC_INCOMPAT_LOG_LARGE)
		return low < 32 ? 1ULL << low : 0;
	if (info->incompat & DMBC_INCOMPAT_OBSOLETE_LARGE)
		return low | (__u64)__le16_to_cpu(sb->obsolete_bucket_size_hi) << 16;
	return low;
}

static void decode_cache(const struct dmbc_disk_super *sb, struct dmbc_super_info *info)
{
	info->kind = DMBC_KIND_CACHE;
	info->bucket_sectors = bucket_sectors(sb, info);
	info->nbuckets = __le64_to_cpu(sb->nbuckets);
	info->nr_in_set = __le16_to_cpu(sb->nr_in_set);
	info->nr_this_dev = __le16_to_cpu(sb->nr_this_dev);
	info->first_bucket = __le16_to_cpu(sb->first_bucket);
	info->njournal = __le16_to_cpu(sb->keys);
	info->sync = dmbc_sb_flag(sb, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS);
	info->discard = dmbc_sb_flag(sb, DMBC_SB_DISCARD_SHIFT, DMBC_SB_DISCARD_BITS);
	info->replacement =
		(unsigned int)dmbc_sb_flag(sb, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS);
}

static void decode_backing(const struct dmbc_disk_super *sb, struct dmbc_super_info *info)
{
	info->kind = DMBC_KIND_BACKING;
	info->data_offset = info->version == DMBC_SB_BACKING ? DMBC_BACKING_DATA_START
							     : __le64_to_cpu(sb->data_offset);
	info->mode = (unsigned int)dmbc_sb_flag(sb, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS);
	info->state = (unsigned int)dmbc_sb_flag(sb, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS);
}

void dmbc_super_decode(const struct dmbc_disk_super *sb, __u64 device_sectors,
		       struct dmbc_super_info *info)
{
	struct dmbc_geometry geometry;
	struct dmbc_why why = { "" };
	__u64 data_offset;
	int ret;

	memset(info, 0, sizeof(*info));
	info->device_sectors = device_sectors;
	if (!dmbc_verify_super_magic(sb)) {
		info->verdict = DMBC_NOT_BCACHE;
		strcpy(info->why, "no bcache super block");
		return;
	}
	decode_common(sb, info);
	info->csum_ok = csum_is_good(sb);
	if (dmbc_verify_super_is_backing(sb)) {
		decode_backing(sb, info);
		ret = dmbc_verify_backing_super(sb, device_sectors, &data_offset, &why);
	} else {
		decode_cache(sb, info);
		ret = dmbc_verify_cache_super(sb, device_sectors, &geometry, &why);
	}
	info->verdict = ret ? DMBC_DAMAGED : DMBC_OK;
	info->unsupported = ret == -EOPNOTSUPP;
	snprintf(info->why, sizeof(info->why), "%s", ret ? why.text : "");
}
