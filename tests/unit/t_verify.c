// SPDX-License-Identifier: GPL-2.0
/* Verifiers: every field of every structure, one wrong value at a time. */
#include "lib_fixture.h"

static struct dmbc_geometry g;
static struct dmbc_why why;

/* ---- super blocks ------------------------------------------------------------------ */

static struct dmbc_disk_super sb;

static int verify_cache(__u64 device_sectors)
{
	dmbc_verify_super_seal(&sb);
	why.text[0] = 0;
	return dmbc_verify_cache_super(&sb, device_sectors, &g, &why);
}

static int verify_backing(__u64 device_sectors, __u64 *data_offset)
{
	dmbc_verify_super_seal(&sb);
	why.text[0] = 0;
	return dmbc_verify_backing_super(&sb, device_sectors, data_offset, &why);
}

/* Sets one field of a fresh cache super, expects the errno and a reason. */
#define CACHE_REFUSES(errno_, text_, ...)                                                          \
	do {                                                                                       \
		fixture_cache_super(&sb);                                                          \
		__VA_ARGS__;                                                                       \
		assert_int_equal(verify_cache(1 << 20), -(errno_));                                \
		if (!strstr(why.text, text_))                                                      \
			fail_msg("'%s' lacks '%s'", why.text, text_);                              \
	} while (0)

#define BACKING_REFUSES(errno_, text_, ...)                                                        \
	do {                                                                                       \
		__u64 offset_;                                                                     \
		fixture_backing_super(&sb);                                                        \
		__VA_ARGS__;                                                                       \
		assert_int_equal(verify_backing(1 << 20, &offset_), -(errno_));                    \
		if (!strstr(why.text, text_))                                                      \
			fail_msg("'%s' lacks '%s'", why.text, text_);                              \
	} while (0)

static void cache_super_is_accepted(void **state)
{
	(void)state;
	fixture_cache_super(&sb);
	check_ok(verify_cache(1024 * 128), &why);
	assert_int_equal(g.block_sectors, 1);
	assert_int_equal(g.bucket_sectors, 128);
	assert_int_equal(g.bucket_shift, 7);
	assert_int_equal(g.node_sectors, 128);
	assert_int_equal(g.meta_sectors, 128);
	assert_int_equal(g.first_bucket, 1);
	assert_int_equal(g.njournal, 8);
	assert_int_equal(g.nbuckets, 1024);
	assert_true(g.set_magic == 0x2222222222222222ULL);
	assert_true(dmbc_verify_super_magic(&sb) && !dmbc_verify_super_is_backing(&sb));
	check_ok(verify_cache(0), &why);

	sb.version = __cpu_to_le64(DMBC_SB_CACHE_FEATURES);
	sb.feature_incompat = __cpu_to_le64(DMBC_INCOMPAT_LOG_LARGE);
	sb.bucket_size = __cpu_to_le16(17);
	check_ok(verify_cache(0), &why);
	assert_int_equal(g.bucket_sectors, 1 << 17);
	assert_int_equal(g.meta_sectors, 8192);
	assert_int_equal(g.node_sectors, 2048);

	fixture_cache_super(&sb);
	dmbc_sb_set_flag(&sb, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS, 0);
	sb.keys = 0;
	sb.version = 0;
	check_ok(verify_cache(0), &why);
	assert_int_equal(g.njournal, 0);
}

static void cache_super_fields(void **state)
{
	(void)state;
	CACHE_REFUSES(EINVAL, "magic", sb.magic[3] ^= 1);
	CACHE_REFUSES(EINVAL, "sector 9", sb.offset = __cpu_to_le64(9));
	CACHE_REFUSES(EINVAL, "257 journal", sb.keys = __cpu_to_le16(257));
	CACHE_REFUSES(EINVAL, "uuid is zero", memset(sb.uuid, 0, 16));
	CACHE_REFUSES(EINVAL, "set's uuid", memset(sb.set_uuid, 0, 16));
	CACHE_REFUSES(EOPNOTSUPP, "version 2", sb.version = __cpu_to_le64(2));
	CACHE_REFUSES(EOPNOTSUPP, "version 7", sb.version = __cpu_to_le64(7));
	CACHE_REFUSES(EINVAL, "block size 0", sb.block_size = 0);
	CACHE_REFUSES(EINVAL, "block size 3", sb.block_size = __cpu_to_le16(3));
	CACHE_REFUSES(EINVAL, "block size 16", sb.block_size = __cpu_to_le16(16));
	CACHE_REFUSES(EINVAL, "bucket size 24 sectors is not", sb.bucket_size = __cpu_to_le16(24));
	CACHE_REFUSES(EINVAL, "less than a page", sb.bucket_size = __cpu_to_le16(4));
	CACHE_REFUSES(EINVAL, "bucket size 0", sb.bucket_size = 0);
	CACHE_REFUSES(EINVAL, "127 buckets", sb.nbuckets = __cpu_to_le64(127));
	CACHE_REFUSES(EINVAL, "do not fit", sb.nbuckets = __cpu_to_le64(8193));
	CACHE_REFUSES(EINVAL, "can name", sb.nbuckets = __cpu_to_le64(~0ULL));
	CACHE_REFUSES(EINVAL, "can name", sb.nbuckets = __cpu_to_le64((1ULL << 36) + 1));
	CACHE_REFUSES(EINVAL, "first bucket 0", sb.first_bucket = 0);
	CACHE_REFUSES(EINVAL, "out of range", sb.first_bucket = __cpu_to_le16(1017));
	CACHE_REFUSES(EINVAL, "journal bucket 2 is 4", sb.d[2] = __cpu_to_le64(4));
	CACHE_REFUSES(EINVAL, "journal buckets in a set in use", sb.keys = __cpu_to_le16(1));
	CACHE_REFUSES(EINVAL, "multi-device", sb.nr_in_set = __cpu_to_le16(2));
	CACHE_REFUSES(EINVAL, "multi-device", sb.nr_in_set = 0);
	CACHE_REFUSES(EINVAL, "multi-device", sb.nr_this_dev = __cpu_to_le16(1));
	CACHE_REFUSES(EINVAL, "policy 3", dmbc_sb_set_flag(&sb, 2, 3, 3));
	fixture_backing_super(&sb);
	assert_int_equal(verify_cache(0), -EINVAL);
}

static void cache_super_features(void **state)
{
	(void)state;
#define FEATURES sb.version = __cpu_to_le64(DMBC_SB_CACHE_FEATURES)
	CACHE_REFUSES(EOPNOTSUPP, "compat", FEATURES, sb.feature_compat = 1);
	CACHE_REFUSES(EOPNOTSUPP, "ro", FEATURES, sb.feature_ro_compat = 1);
	CACHE_REFUSES(EOPNOTSUPP, "incompat 0x4", FEATURES, sb.feature_incompat = __cpu_to_le64(4));
	CACHE_REFUSES(EOPNOTSUPP, "obsolete", FEATURES, sb.feature_incompat = __cpu_to_le64(1));
	CACHE_REFUSES(EINVAL, "2^31", FEATURES, sb.feature_incompat = __cpu_to_le64(2),
		      sb.bucket_size = __cpu_to_le16(31));
	/* older versions do not have these words */
	fixture_cache_super(&sb);
	sb.feature_incompat = __cpu_to_le64(4);
	check_ok(verify_cache(0), &why);
}

static void checksums_are_checked(void **state)
{
	__u64 offset;

	(void)state;
	fixture_cache_super(&sb);
	sb.label[0] ^= 1;
	assert_int_equal(dmbc_verify_cache_super(&sb, 0, &g, NULL), -EILSEQ);
	fixture_cache_super(&sb);
	sb.d[7] = 0;
	assert_int_equal(dmbc_verify_cache_super(&sb, 0, &g, NULL), -EILSEQ);
	fixture_backing_super(&sb);
	sb.label[0] ^= 1;
	assert_int_equal(dmbc_verify_backing_super(&sb, 0, &offset, NULL), -EILSEQ);
}

static void backing_super_fields(void **state)
{
	__u64 offset;

	(void)state;
	fixture_backing_super(&sb);
	check_ok(verify_backing(1 << 20, &offset), &why);
	assert_int_equal(offset, 16);
	sb.version = __cpu_to_le64(DMBC_SB_BACKING_OFFSET);
	sb.data_offset = __cpu_to_le64(2048);
	check_ok(verify_backing(1 << 20, &offset), &why);
	assert_int_equal(offset, 2048);
	assert_int_equal(verify_backing(2048, &offset), -EINVAL);
	sb.data_offset = __cpu_to_le64(15);
	assert_int_equal(verify_backing(0, &offset), -EINVAL);
	sb.data_offset = __cpu_to_le64(~0ULL);
	assert_int_equal(verify_backing(0, &offset), -EINVAL);
	BACKING_REFUSES(EINVAL, "mode 4", dmbc_sb_set_flag(&sb, 0, 4, 4));
	BACKING_REFUSES(EINVAL, "journal", sb.keys = __cpu_to_le16(1));
	BACKING_REFUSES(EINVAL, "block size", sb.block_size = 0);
	BACKING_REFUSES(EINVAL, "uuid", memset(sb.uuid, 0, 16));
	BACKING_REFUSES(EOPNOTSUPP, "unknown features",
			sb.version = __cpu_to_le64(DMBC_SB_BACKING_FEATURES),
			sb.data_offset = __cpu_to_le64(16), sb.feature_compat = 1);
	fixture_cache_super(&sb);
	assert_int_equal(verify_backing(0, &offset), -EINVAL);
}

/* ---- keys ---------------------------------------------------------------------------- */

static struct dmbc_key leaf_key(void)
{
	return dmbc_key_make(1, 100, 8, true, dmbc_ptr_make((10ULL << 6) + 3, 1));
}

static int verify_leaf(struct dmbc_key k)
{
	return dmbc_verify_leaf_key(&g, &k, &why);
}

static void leaf_keys(void **state)
{
	struct dmbc_key k = leaf_key();

	(void)state;
	g = fixture_geometry();
	check_ok(verify_leaf(k), &why);
	check_ok(verify_leaf(dmbc_key_make_hole(5, 65535, 65535)), &why);
	assert_int_equal(verify_leaf(dmbc_key_make_hole(5, 65534, 65535)), -EINVAL);
	k.high &= ~DMBC_KEY_MARK;
	assert_int_equal(verify_leaf(k), -EINVAL);
	k = leaf_key();
	k.high |= 1ULL << 56;
	assert_int_equal(verify_leaf(k), -EINVAL);
	k = leaf_key();
	k.low |= 1ULL << 63;
	assert_int_equal(verify_leaf(k), -EINVAL);
	k = leaf_key();
	k.ptr = dmbc_ptr_make((10ULL << 6) + 57, 1); /* one sector too far */
	assert_int_equal(verify_leaf(k), -EINVAL);
	k.ptr = dmbc_ptr_make((10ULL << 6) + 56, 1);
	check_ok(verify_leaf(k), &why);
	k.ptr = dmbc_ptr_make(0, 1);
	assert_int_equal(verify_leaf(k), -EINVAL);
	k.ptr = dmbc_ptr_make(1ULL << 26, 1);
	assert_int_equal(verify_leaf(k), -EINVAL);
	k.ptr = leaf_key().ptr | 1ULL << DMBC_PTR_DEV_SHIFT;
	assert_int_equal(verify_leaf(k), -EINVAL);
	k.ptr = leaf_key().ptr | 1ULL << 63;
	assert_int_equal(verify_leaf(k), -EINVAL);
	dmbc_key_set_size(&k, 0); /* dead: whatever it says */
	check_ok(verify_leaf(k), &why);
}

static void interior_keys(void **state)
{
	struct dmbc_key ok = dmbc_key_make(1, 100, 64, false, dmbc_ptr_make(10ULL << 6, 1)), k;

	(void)state;
	g = fixture_geometry();
	check_ok(dmbc_verify_interior_key(&g, &ok, &why), &why);
	k = ok;
	k.high &= ~(0xfffffULL);
	k.low = 0; /* freeing */
	check_ok(dmbc_verify_interior_key(&g, &k, &why), &why);
	k = ok;
	dmbc_key_set_dirty(&k, true);
	assert_int_equal(dmbc_verify_interior_key(&g, &k, &why), -EINVAL);
	k = ok;
	dmbc_key_set_size(&k, 32);
	assert_int_equal(dmbc_verify_interior_key(&g, &k, &why), -EINVAL);
	k = ok;
	k.ptr += 1 << 8;
	assert_int_equal(dmbc_verify_interior_key(&g, &k, &why), -EINVAL);
	k = dmbc_key_make_hole(1, 100, 64);
	assert_int_equal(dmbc_verify_interior_key(&g, &k, &why), -EINVAL);
}

/* ---- sets -------------------------------------------------------------------------------- */

static __u64 buf[4096];

static int verify_set(__u32 bytes, bool leaf, bool first, __u32 *blocks)
{
	return dmbc_verify_bset(&g, buf, bytes, 5, leaf, first, blocks, &why);
}

static void sets(void **state)
{
	struct dmbc_disk_bset *b = (void *)buf;
	struct dmbc_key k[3] = { leaf_key(), dmbc_key_make_hole(1, 108, 8), leaf_key() };
	__u32 blocks = 0;

	(void)state;
	g = fixture_geometry();
	k[2].low = 116;
	fixture_bset(&g, buf, 5, 77, k, 3);
	check_ok(verify_set(512, true, false, &blocks), &why);
	assert_int_equal(blocks, 1);
	assert_int_equal(verify_set(511, true, false, &blocks), -EINVAL);
	assert_int_equal(verify_set(31, true, false, &blocks), -EINVAL);
	assert_int_equal(verify_set(512, false, false, &blocks), -EINVAL);
	b->version = 0; /* the old seed */
	fixture_seal_bset(b, ~0ULL);
	check_ok(verify_set(512, true, false, &blocks), &why);
	b->version = __cpu_to_le32(2);
	assert_int_equal(verify_set(512, true, false, &blocks), -EOPNOTSUPP);
	fixture_bset(&g, buf, 6, 77, k, 3);
	assert_int_equal(verify_set(512, true, false, &blocks), -EILSEQ);
	fixture_bset(&g, buf, 5, 0, k, 3);
	assert_int_equal(verify_set(512, true, false, &blocks), -EINVAL);
	fixture_bset(&g, buf, 5, 77, k, 0);
	assert_int_equal(verify_set(512, true, false, &blocks), -EINVAL);
	check_ok(verify_set(512, true, true, &blocks), &why);
	b->magic ^= 1;
	assert_int_equal(verify_set(512, true, true, &blocks), -EINVAL);
	fixture_bset(&g, buf, 5, 77, k, 1);
	b->keys = __cpu_to_le32(2); /* cuts the key */
	fixture_seal_bset(b, 5);
	assert_int_equal(verify_set(512, true, true, &blocks), -EINVAL);
}

static void order_in_sets(void **state)
{
	struct dmbc_key k[3] = { leaf_key(), leaf_key(), leaf_key() };
	__u32 blocks;

	(void)state;
	g = fixture_geometry();
	k[1].low = 107; /* overlaps the first */
	k[2].low = 120;
	fixture_bset(&g, buf, 5, 77, k, 3);
	assert_int_equal(verify_set(512, true, true, &blocks), -EINVAL);
	assert_non_null(strstr(why.text, "comes after"));
	dmbc_key_set_size(&k[1], 0); /* dead keys do not count */
	fixture_bset(&g, buf, 5, 77, k, 3);
	check_ok(verify_set(512, true, true, &blocks), &why);
	k[2].high--; /* inodes go down */
	fixture_bset(&g, buf, 5, 77, k, 3);
	assert_int_equal(verify_set(512, true, true, &blocks), -EINVAL);
}

/* ---- journal and prio sets ------------------------------------------------------------------- */

#define JSET_REFUSES(errno_, ...)                                                                  \
	do {                                                                                       \
		__u32 used_;                                                                       \
		fixture_jset(&g, j, k, 2);                                                         \
		__VA_ARGS__;                                                                       \
		fixture_seal_jset(j);                                                              \
		assert_int_equal(dmbc_verify_jset(&g, j, 4096, &used_, &why), -(errno_));          \
	} while (0)

static void journal_entries(void **state)
{
	struct dmbc_key k[2] = { leaf_key(), dmbc_key_make_hole(1, 108, 8) };
	struct dmbc_disk_jset *j = (void *)buf;
	__u32 used = 0;

	(void)state;
	g = fixture_geometry();
	fixture_jset(&g, j, k, 2);
	check_ok(dmbc_verify_jset(&g, j, 4096, &used, &why), &why);
	assert_int_equal(used, 512);
	assert_int_equal(dmbc_verify_jset(&g, j, 511, &used, &why), -EINVAL);
	assert_int_equal(dmbc_verify_jset(&g, j, 100, &used, &why), -ENOENT);
	j->d[0] ^= 1;
	assert_int_equal(dmbc_verify_jset(&g, j, 4096, &used, &why), -EILSEQ);
	JSET_REFUSES(ENOENT, j->magic ^= 1);
	JSET_REFUSES(EOPNOTSUPP, j->version = __cpu_to_le32(2));
	JSET_REFUSES(EINVAL, j->last_seq = __cpu_to_le64(8));
	JSET_REFUSES(EINVAL, j->seq = 0, j->last_seq = 0);
	JSET_REFUSES(EINVAL, j->keys = __cpu_to_le32(4));
	JSET_REFUSES(EINVAL, j->btree_level = __cpu_to_le16(11));
	JSET_REFUSES(EINVAL, j->prio_bucket[0] = 0);
	JSET_REFUSES(EINVAL, j->prio_bucket[0] = __cpu_to_le64(1 << 20));
	JSET_REFUSES(EINVAL, j->btree_root.word[1] = 5);
	JSET_REFUSES(EINVAL, j->btree_root.word[0] |= __cpu_to_le64(2ULL << 60));
	JSET_REFUSES(EINVAL, j->btree_root.word[2] = 0);
	JSET_REFUSES(EINVAL, j->uuid_bucket.word[2] = 0);
	JSET_REFUSES(EINVAL, memset(&j->uuid_bucket, 0, 64));
	JSET_REFUSES(EINVAL, j->d[2] = 0);
	/* a block more than the largest entry */
	fixture_jset(&g, j, k, 0);
	j->keys = __cpu_to_le32((DMBC_JSET_MAX_BYTES - sizeof(*j)) / 8 + 1);
	assert_int_equal(dmbc_verify_jset(&g, j, 1 << 20, &used, &why), -EINVAL);
	fixture_jset(&g, j, k, 2);
	j->keys = __cpu_to_le32(~0U);
	assert_int_equal(dmbc_verify_jset(&g, j, 4096, &used, &why), -EINVAL);
}

static void prio_sets(void **state)
{
	struct dmbc_disk_prio_set *p = (void *)buf;

	(void)state;
	g = fixture_geometry();
	memset(buf, 0, sizeof(buf));
	p->magic = __cpu_to_le64(g.set_magic ^ DMBC_PSET_MAGIC);
	p->csum = __cpu_to_le64(dmbc_checksum((char *)buf + 8, 64 * 512 - 8));
	check_ok(dmbc_verify_prio_set(&g, buf, &why), &why);
	((char *)buf)[64 * 512 - 1] ^= 1;
	assert_int_equal(dmbc_verify_prio_set(&g, buf, &why), -EILSEQ);
	p->magic ^= 1;
	assert_int_equal(dmbc_verify_prio_set(&g, buf, &why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_super_is_accepted),
		cmocka_unit_test(cache_super_fields),
		cmocka_unit_test(cache_super_features),
		cmocka_unit_test(checksums_are_checked),
		cmocka_unit_test(backing_super_fields),
		cmocka_unit_test(leaf_keys),
		cmocka_unit_test(interior_keys),
		cmocka_unit_test(sets),
		cmocka_unit_test(order_in_sets),
		cmocka_unit_test(journal_entries),
		cmocka_unit_test(prio_sets),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
