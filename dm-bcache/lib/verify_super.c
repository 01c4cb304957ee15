// SPDX-License-Identifier: GPL-2.0
/*
 * Verifiers of the two kinds of super blocks.
 *
 * check_common() proves that the sector is bcache's and complete (magic,
 * place, checksum, identity, features); the rest looks at every field, as a
 * field may be out of range under a valid checksum.
 */
#include "lib/checksum.h"
#include "lib/port.h"
#include "lib/verify.h"

#define PAGE_SECTORS 8
#define MIN_BUCKETS 128
#define MAX_BUCKET_SHIFT 30
#define RESERVED_SECTORS 16 /* in front of the first bucket: boot block and super block */

static const __u8 magic[16] = DMBC_SB_MAGIC;

bool dmbc_verify_super_magic(const struct dmbc_disk_super *sb)
{
	return !memcmp(sb->magic, magic, sizeof(magic));
}

bool dmbc_verify_super_is_backing(const struct dmbc_disk_super *sb)
{
	__u64 version = __le64_to_cpu(sb->version);

	return version == DMBC_SB_BACKING || version == DMBC_SB_BACKING_OFFSET ||
	       version == DMBC_SB_BACKING_FEATURES;
}

static bool is_cache(const struct dmbc_disk_super *sb)
{
	__u64 version = __le64_to_cpu(sb->version);

	return version == DMBC_SB_CACHE_NEW || version == DMBC_SB_CACHE ||
	       version == DMBC_SB_CACHE_FEATURES;
}

static __u64 super_checksum(const struct dmbc_disk_super *sb, __u32 journal_buckets)
{
	return dmbc_checksum((const char *)sb + DMBC_SB_CSUM_START,
			     DMBC_SB_FIXED_BYTES - DMBC_SB_CSUM_START + 8 * journal_buckets);
}

void dmbc_verify_super_seal(struct dmbc_disk_super *sb)
{
	sb->csum = __cpu_to_le64(super_checksum(sb, __le16_to_cpu(sb->keys)));
}

static bool is_zero(const __u8 *bytes, __u32 nr)
{
	while (nr--)
		if (bytes[nr])
			return false;
	return true;
}

static bool is_power_of_two(__u64 v)
{
	return v && !(v & (v - 1));
}

/* ---- both kinds ------------------------------------------------------------------ */

/* The sector is a bcache super block, and whole. */
static int check_identity(const struct dmbc_disk_super *sb, struct dmbc_why *why)
{
	__u32 keys = __le16_to_cpu(sb->keys);

	if (!dmbc_verify_super_magic(sb)) {
		dmbc_explain(why, "no bcache super block (wrong magic)");
		return -EINVAL;
	}
	if (__le64_to_cpu(sb->offset) != DMBC_SB_SECTOR) {
		dmbc_explain(why, "super block says it is at sector %llu, not %u",
			     __le64_to_cpu(sb->offset), DMBC_SB_SECTOR);
		return -EINVAL;
	}
	if (keys > DMBC_SB_MAX_JOURNAL) {
		dmbc_explain(why, "%u journal buckets, more than %u", keys, DMBC_SB_MAX_JOURNAL);
		return -EINVAL;
	}
	if (__le64_to_cpu(sb->csum) != super_checksum(sb, keys)) {
		dmbc_explain(why, "super block: bad checksum");
		return -EILSEQ;
	}
	if (is_zero(sb->uuid, sizeof(sb->uuid))) {
		dmbc_explain(why, "super block: the device's uuid is zero");
		return -EINVAL;
	}
	return 0;
}

/* Feature words count from versions 5 and 6 on. */
static int check_features(const struct dmbc_disk_super *sb, struct dmbc_why *why)
{
	__u64 incompat = __le64_to_cpu(sb->feature_incompat);

	if (__le64_to_cpu(sb->version) < DMBC_SB_CACHE_FEATURES)
		return 0;
	if (sb->feature_compat || sb->feature_ro_compat || (incompat & ~DMBC_INCOMPAT_KNOWN)) {
		dmbc_explain(why, "unknown features: compat %#llx, ro %#llx, incompat %#llx",
			     __le64_to_cpu(sb->feature_compat),
			     __le64_to_cpu(sb->feature_ro_compat), incompat);
		return -EOPNOTSUPP;
	}
	if (incompat & DMBC_INCOMPAT_OBSOLETE_LARGE) {
		dmbc_explain(why, "obsolete 32-bit bucket size (incompat bit 1): write back with "
				  "an old kernel, then make the cache anew");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int check_block_size(const struct dmbc_disk_super *sb, struct dmbc_why *why)
{
	__u32 block = __le16_to_cpu(sb->block_size);

	if (is_power_of_two(block) && block <= PAGE_SECTORS)
		return 0;
	dmbc_explain(why, "block size %u sectors is not a power of two from 1 to %u", block,
		     PAGE_SECTORS);
	return -EINVAL;
}

static int check_common(const struct dmbc_disk_super *sb, struct dmbc_why *why)
{
	int r = check_identity(sb, why);

	if (!r && !is_cache(sb) && !dmbc_verify_super_is_backing(sb)) {
		dmbc_explain(why, "super block: unknown version %llu", __le64_to_cpu(sb->version));
		r = -EOPNOTSUPP;
	}
	if (!r)
		r = check_features(sb, why);
	if (!r)
		r = check_block_size(sb, why);
	return r;
}

/* ---- cache devices ----------------------------------------------------------------- */

static bool has_large_buckets(const struct dmbc_disk_super *sb)
{
	return __le64_to_cpu(sb->version) == DMBC_SB_CACHE_FEATURES &&
	       (__le64_to_cpu(sb->feature_incompat) & DMBC_INCOMPAT_LOG_LARGE);
}

static int check_bucket_size(const struct dmbc_disk_super *sb, struct dmbc_geometry *g,
			     struct dmbc_why *why)
{
	__u32 raw = __le16_to_cpu(sb->bucket_size);

	if (has_large_buckets(sb)) {
		if (raw > MAX_BUCKET_SHIFT) {
			dmbc_explain(why, "bucket size 2^%u sectors is more than 2^%u", raw,
				     MAX_BUCKET_SHIFT);
			return -EINVAL;
		}
		raw = 1U << raw;
	}
	if (!is_power_of_two(raw)) {
		dmbc_explain(why, "bucket size %u sectors is not a power of two", raw);
		return -EINVAL;
	}
	if (raw < PAGE_SECTORS) {
		dmbc_explain(why, "bucket size %u sectors is less than a page (%u)", raw,
			     PAGE_SECTORS);
		return -EINVAL;
	}
	g->bucket_sectors = raw;
	g->bucket_shift = __builtin_ctz(raw);
	return 0;
}

static int check_nbuckets(const struct dmbc_disk_super *sb, __u64 device_sectors,
			  struct dmbc_geometry *g, struct dmbc_why *why)
{
	__u64 nbuckets = __le64_to_cpu(sb->nbuckets);

	if (nbuckets < MIN_BUCKETS) {
		dmbc_explain(why, "%llu buckets, at least %u are needed", nbuckets, MIN_BUCKETS);
		return -EINVAL;
	}
	if (nbuckets > 1ULL << (DMBC_PTR_OFFSET_BITS - g->bucket_shift)) {
		dmbc_explain(why, "%llu buckets of %u sectors are more than pointers can name",
			     nbuckets, g->bucket_sectors);
		return -EINVAL;
	}
	if (device_sectors && nbuckets << g->bucket_shift > device_sectors) {
		dmbc_explain(why, "%llu buckets of %u sectors do not fit the device (%llu sectors)",
			     nbuckets, g->bucket_sectors, device_sectors);
		return -EINVAL;
	}
	g->nbuckets = nbuckets;
	return 0;
}

static int check_journal(const struct dmbc_disk_super *sb, struct dmbc_geometry *g,
			 struct dmbc_why *why)
{
	__u32 first = __le16_to_cpu(sb->first_bucket), nr = __le16_to_cpu(sb->keys), i;

	if ((__u64)first << g->bucket_shift < RESERVED_SECTORS || first + nr > g->nbuckets) {
		dmbc_explain(why, "first bucket %u, journal of %u buckets: out of range", first,
			     nr);
		return -EINVAL;
	}
	if (dmbc_sb_flag(sb, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS) && nr < 2) {
		dmbc_explain(why, "%u journal buckets in a set in use, 2 are needed", nr);
		return -EINVAL;
	}
	for (i = 0; i < nr; i++)
		if (__le64_to_cpu(sb->d[i]) != first + i) {
			dmbc_explain(why, "journal bucket %u is %llu, not %u", i,
				     __le64_to_cpu(sb->d[i]), first + i);
			return -EINVAL;
		}
	g->first_bucket = first;
	g->njournal = nr;
	g->discards = dmbc_sb_flag(sb, DMBC_SB_DISCARD_SHIFT, DMBC_SB_DISCARD_BITS);
	return 0;
}

static int check_set(const struct dmbc_disk_super *sb, struct dmbc_geometry *g,
		     struct dmbc_why *why)
{
	__u32 policy = dmbc_sb_flag(sb, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS);
	__le64 set_magic;

	if (is_zero(sb->set_uuid, sizeof(sb->set_uuid))) {
		dmbc_explain(why, "super block: the cache set's uuid is zero");
		return -EINVAL;
	}
	if (__le16_to_cpu(sb->nr_in_set) != 1 || sb->nr_this_dev) {
		dmbc_explain(why, "device %u of %u: multi-device sets are not supported",
			     __le16_to_cpu(sb->nr_this_dev), __le16_to_cpu(sb->nr_in_set));
		return -EINVAL;
	}
	if (policy > DMBC_REPLACE_RANDOM) {
		dmbc_explain(why, "unknown replacement policy %u", policy);
		return -EINVAL;
	}
	memcpy(&set_magic, sb->set_uuid, sizeof(set_magic));
	g->set_magic = __le64_to_cpu(set_magic);
	return 0;
}

int dmbc_verify_cache_super(const struct dmbc_disk_super *sb, __u64 device_sectors,
			    struct dmbc_geometry *geometry, struct dmbc_why *why)
{
	struct dmbc_geometry g = { 0 };
	int r = check_common(sb, why);

	if (!r && !is_cache(sb)) {
		dmbc_explain(why, "this is a backing device (version %llu), not a cache",
			     __le64_to_cpu(sb->version));
		r = -EINVAL;
	}
	if (!r)
		r = check_set(sb, &g, why);
	if (!r)
		r = check_bucket_size(sb, &g, why);
	if (!r)
		r = check_nbuckets(sb, device_sectors, &g, why);
	if (!r)
		r = check_journal(sb, &g, why);
	if (r)
		return r;
	g.block_sectors = __le16_to_cpu(sb->block_size);
	g.meta_sectors = dmbc_meta_sectors(g.bucket_sectors);
	g.node_sectors = dmbc_node_sectors(g.bucket_sectors);
	*geometry = g;
	return 0;
}

/* ---- backing devices ------------------------------------------------------------------ */

static int check_backing_fields(const struct dmbc_disk_super *sb, struct dmbc_why *why)
{
	__u32 mode = dmbc_sb_flag(sb, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS);

	if (!dmbc_verify_super_is_backing(sb)) {
		dmbc_explain(why, "this is a cache device (version %llu), not a backing device",
			     __le64_to_cpu(sb->version));
		return -EINVAL;
	}
	if (sb->keys) {
		dmbc_explain(why, "a backing device with %u journal buckets",
			     __le16_to_cpu(sb->keys));
		return -EINVAL;
	}
	if (mode >= DMBC_NR_MODES) {
		dmbc_explain(why, "unknown cache mode %u", mode);
		return -EINVAL;
	}
	return 0;
}

int dmbc_verify_backing_super(const struct dmbc_disk_super *sb, __u64 device_sectors,
			      __u64 *data_offset, struct dmbc_why *why)
{
	__u64 offset = DMBC_BACKING_DATA_START;
	int r = check_common(sb, why);

	if (!r)
		r = check_backing_fields(sb, why);
	if (r)
		return r;
	if (__le64_to_cpu(sb->version) != DMBC_SB_BACKING)
		offset = __le64_to_cpu(sb->data_offset);
	if (offset < DMBC_BACKING_DATA_START || offset > DMBC_KEY_MAX_OFFSET ||
	    (device_sectors && offset >= device_sectors)) {
		dmbc_explain(why, "data offset %llu is not in %u..%llu (the device's end)", offset,
			     DMBC_BACKING_DATA_START, device_sectors);
		return -EINVAL;
	}
	*data_offset = offset;
	return 0;
}
