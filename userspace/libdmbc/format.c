// SPDX-License-Identifier: GPL-2.0
/*
 * New super blocks, with the same fields set as make-bcache sets: version 0
 * and SYNC clear on a cache device, so that the kernel lays out journal and
 * index when it first starts the cache.
 *
 * In time order: dmbc_format_build() settles the block size (choose_block),
 * checks each device against the parameters and fills its super block
 * (build_cache, build_backing), then has the verifier of the kernel module
 * judge the result (finish). Writing is dmbc_device_write_super().
 */
#include "internal.h"

#include "lib/verify.h"

#include <string.h>
#include <uuid/uuid.h>

#define DEFAULT_BUCKET_BYTES (512U << 10)
#define MIN_BUCKET_BYTES 4096U
#define MAX_BLOCK_BYTES 4096U
#define MIN_BUCKETS 513 /* the allocator of the kernel needs more than 512 */
#define LAST_SUPER_SECTOR 23 /* as make-bcache counts it */
#define MAX_PLAIN_BUCKET_SECTORS 0xffffU

void dmbc_format_defaults(struct dmbc_format_params *params)
{
	memset(params, 0, sizeof(*params));
	params->bucket_bytes = DEFAULT_BUCKET_BYTES;
	params->data_offset_bytes = DMBC_BACKING_DATA_START * DMBC_SECTOR_BYTES;
}

static bool is_power_of_two(__u64 value)
{
	return value && !(value & (value - 1));
}

static enum dmbc_result check_sizes(const struct dmbc_format_params *params, struct dmbc_error *err)
{
	char size[32];

	dmbc_text_size(params->bucket_bytes, size, sizeof(size));
	if (!is_power_of_two(params->bucket_bytes) || params->bucket_bytes < MIN_BUCKET_BYTES)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--bucket %s: not a power of two of at "
				      "least 4 KiB; use --bucket 512K",
				      size);
	dmbc_text_size(params->block_bytes, size, sizeof(size));
	if (params->block_bytes &&
	    (!is_power_of_two(params->block_bytes) || params->block_bytes < DMBC_SECTOR_BYTES ||
	     params->block_bytes > MAX_BLOCK_BYTES))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--block %s: not a power of two from 512 "
				      "to 4096 bytes; use --block 4K",
				      size);
	dmbc_text_size(params->data_offset_bytes, size, sizeof(size));
	if (params->data_offset_bytes < DMBC_BACKING_DATA_START * DMBC_SECTOR_BYTES)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--data-offset %s: overlaps the super "
				      "block; use 8K or more",
				      size);
	return DMBC_OK;
}

static enum dmbc_result check_label(const char *label, struct dmbc_error *err)
{
	const char *c;

	if (!label)
		return DMBC_OK;
	if (strlen(label) > DMBC_SB_LABEL_BYTES)
		return dmbc_error_set(err, DMBC_REFUSED, "--label: %zu bytes; use at most %d",
				      strlen(label), DMBC_SB_LABEL_BYTES);
	for (c = label; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return dmbc_error_set(err, DMBC_REFUSED,
					      "--label: has a control character; leave it out");
	return DMBC_OK;
}

/* One block size for all targets: asked for, or the largest they need. */
static enum dmbc_result choose_block(const struct dmbc_format_params *params,
				     const struct dmbc_format_target *targets, unsigned int count,
				     __u32 *sectors, struct dmbc_error *err)
{
	__u32 wanted = (__u32)(params->block_bytes >> DMBC_SECTOR_SHIFT);
	__u32 needed = 1;
	unsigned int i;

	for (i = 0; i < count; i++) {
		__u32 block = dmbc_device_block_sectors(targets[i].dev);

		if (wanted && wanted < block)
			return dmbc_error_set(err, DMBC_REFUSED,
					      "%s: its logical block size is %u "
					      "bytes; use --block %u",
					      dmbc_device_path(targets[i].dev),
					      block * DMBC_SECTOR_BYTES, block * DMBC_SECTOR_BYTES);
		if (block > MAX_BLOCK_BYTES >> DMBC_SECTOR_SHIFT)
			return dmbc_error_set(err, DMBC_REFUSED,
					      "%s: its logical block size is %u "
					      "bytes, more than bcache's 4096; use another device",
					      dmbc_device_path(targets[i].dev),
					      block * DMBC_SECTOR_BYTES);
		needed = block > needed ? block : needed;
	}
	*sectors = wanted ? wanted : needed;
	return DMBC_OK;
}

/* The fields that both kinds have. */
static void fill_common(const struct dmbc_format_params *params, const unsigned char *set_uuid,
			__u32 block_sectors, struct dmbc_disk_super *sb)
{
	static const __u8 magic[] = DMBC_SB_MAGIC;

	memset(sb, 0, sizeof(*sb));
	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	memcpy(sb->magic, magic, sizeof(sb->magic));
	if (params->uuid)
		memcpy(sb->uuid, params->uuid, sizeof(sb->uuid));
	else
		uuid_generate(sb->uuid);
	memcpy(sb->set_uuid, set_uuid, sizeof(sb->set_uuid));
	if (params->label)
		memcpy(sb->label, params->label, strlen(params->label));
	sb->block_size = __cpu_to_le16((__u16)block_sectors);
}

static enum dmbc_result too_few_buckets(struct dmbc_device *dev, __u64 bucket_bytes,
					struct dmbc_error *err)
{
	__u64 bytes = dmbc_device_sectors(dev) << DMBC_SECTOR_SHIFT;
	__u64 fits = bucket_bytes;
	char have[32], size[32];

	while (fits >= MIN_BUCKET_BYTES && bytes / fits < MIN_BUCKETS)
		fits /= 2;
	dmbc_text_size(bucket_bytes, size, sizeof(size));
	dmbc_text_size(bytes, have, sizeof(have));
	if (fits < MIN_BUCKET_BYTES)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %s is too small for a cache; use a "
				      "device of 2052 KiB or more",
				      dmbc_device_path(dev), have);
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: too small for buckets of %s: it has %llu, "
			      "%d are needed; use --bucket %lluK",
			      dmbc_device_path(dev), size, bytes / bucket_bytes, MIN_BUCKETS,
			      fits >> 10);
}

/*
 * Journal entries of the same set that are still on the device would pass for
 * new ones: they carry the right magic and larger sequence numbers.
 */
static enum dmbc_result check_set_is_new(struct dmbc_device *dev, const unsigned char *set_uuid,
					 struct dmbc_error *err)
{
	struct dmbc_disk_super old;
	struct dmbc_error ignored;

	if (dmbc_device_read_super(dev, &old, &ignored) != DMBC_OK ||
	    !dmbc_verify_super_magic(&old) || dmbc_verify_super_is_backing(&old) ||
	    memcmp(old.set_uuid, set_uuid, DMBC_UUID_BYTES))
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: was the cache of this very set, whose old "
			      "journal would be taken for the new one's; use another --set-uuid",
			      dmbc_device_path(dev));
}

static void set_bucket_size(struct dmbc_disk_super *sb, __u64 sectors)
{
	if (sectors <= MAX_PLAIN_BUCKET_SECTORS) {
		sb->bucket_size = __cpu_to_le16((__u16)sectors);
		return;
	}
	sb->version = __cpu_to_le64(DMBC_SB_CACHE_FEATURES);
	sb->feature_incompat = __cpu_to_le64(DMBC_INCOMPAT_LOG_LARGE);
	sb->bucket_size = __cpu_to_le16((__u16)__builtin_ctzll(sectors));
}

static enum dmbc_result build_cache(const struct dmbc_format_params *params,
				    const unsigned char *set_uuid,
				    struct dmbc_format_target *target, struct dmbc_error *err)
{
	__u64 bucket = params->bucket_bytes >> DMBC_SECTOR_SHIFT;
	__u64 nbuckets = dmbc_device_sectors(target->dev) / bucket;
	struct dmbc_disk_super *sb = &target->super;

	if (nbuckets < MIN_BUCKETS)
		return too_few_buckets(target->dev, params->bucket_bytes, err);
	sb->version = __cpu_to_le64(DMBC_SB_CACHE_NEW);
	set_bucket_size(sb, bucket);
	sb->nbuckets = __cpu_to_le64(nbuckets);
	sb->nr_in_set = __cpu_to_le16(1);
	sb->first_bucket = __cpu_to_le16((__u16)(LAST_SUPER_SECTOR / bucket + 1));
	dmbc_sb_set_flag(sb, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS,
			 params->replacement);
	return check_set_is_new(target->dev, set_uuid, err);
}

static enum dmbc_result build_backing(const struct dmbc_format_params *params,
				      struct dmbc_format_target *target, struct dmbc_error *err)
{
	struct dmbc_disk_super *sb = &target->super;
	__u64 bucket = params->bucket_bytes >> DMBC_SECTOR_SHIFT;
	__u64 offset = params->data_offset_bytes >> DMBC_SECTOR_SHIFT;
	__u32 block = __le16_to_cpu(sb->block_size);

	if (params->data_offset_bytes % ((__u64)block << DMBC_SECTOR_SHIFT))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "--data-offset: not a multiple of the "
				      "block size, %u bytes; round it up",
				      block * DMBC_SECTOR_BYTES);
	if (dmbc_device_sectors(target->dev) < offset + block)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: too small: it ends before the data "
				      "begins (sector %llu); use a larger device",
				      dmbc_device_path(target->dev), offset);
	sb->version = __cpu_to_le64(DMBC_SB_BACKING);
	if (offset != DMBC_BACKING_DATA_START) {
		sb->version = __cpu_to_le64(DMBC_SB_BACKING_OFFSET);
		sb->data_offset = __cpu_to_le64(offset);
	}
	/* Nothing reads it on a backing device; make-bcache 1.0.8 leaves it there. */
	if (bucket <= MAX_PLAIN_BUCKET_SECTORS)
		sb->bucket_size = __cpu_to_le16((__u16)bucket);
	dmbc_sb_set_flag(sb, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS, params->mode);
	return DMBC_OK;
}

/* What the kernel would refuse must not reach a device. */
static enum dmbc_result finish(struct dmbc_format_target *target, struct dmbc_error *err)
{
	__u64 sectors = dmbc_device_sectors(target->dev);
	struct dmbc_geometry geometry;
	struct dmbc_why why = { "" };
	__u64 data_offset;
	int ret;

	dmbc_verify_super_seal(&target->super);
	if (target->kind == DMBC_KIND_CACHE)
		ret = dmbc_verify_cache_super(&target->super, sectors, &geometry, &why);
	else
		ret = dmbc_verify_backing_super(&target->super, sectors, &data_offset, &why);
	if (!ret)
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: the kernel would refuse it: %s; "
			      "use other sizes",
			      dmbc_device_path(target->dev), why.text);
}

static bool has_cache(const struct dmbc_format_target *targets, unsigned int count)
{
	while (count--)
		if (targets[count].kind == DMBC_KIND_CACHE)
			return true;
	return false;
}

enum dmbc_result dmbc_format_build(const struct dmbc_format_params *params,
				   struct dmbc_format_target *targets, unsigned int count,
				   struct dmbc_error *err)
{
	uuid_t set_uuid = { 0 };
	__u32 block_sectors = 0;
	enum dmbc_result r;
	unsigned int i;

	if (params->set_uuid)
		memcpy(set_uuid, params->set_uuid, sizeof(set_uuid));
	else if (has_cache(targets, count))
		uuid_generate(set_uuid);
	r = check_sizes(params, err);
	if (r == DMBC_OK)
		r = check_label(params->label, err);
	if (r == DMBC_OK)
		r = choose_block(params, targets, count, &block_sectors, err);
	for (i = 0; i < count && r == DMBC_OK; i++) {
		fill_common(params, set_uuid, block_sectors, &targets[i].super);
		if (targets[i].kind == DMBC_KIND_CACHE)
			r = build_cache(params, set_uuid, &targets[i], err);
		else
			r = build_backing(params, &targets[i], err);
		if (r == DMBC_OK)
			r = finish(&targets[i], err);
	}
	return r;
}
