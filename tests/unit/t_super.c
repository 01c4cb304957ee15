// SPDX-License-Identifier: GPL-2.0
/* Super blocks: what is read is what was written, and nothing else changes. */
#include "buckets_fixture.h"

#include "store/super.h"

static struct dmbc_super super;
static struct dmbc_why why;

static __u8 buffer[DMBC_SB_BYTES] __attribute__((aligned(512)));

static void put_disk(struct fixture *f, const struct dmbc_disk_super *sb)
{
	memcpy(buffer, sb, sizeof(*sb));
	assert_int_equal(dmbc_blockio_write(f->io, DMBC_SB_SECTOR, 8, buffer, DMBC_IO_FUA), 0);
}

static void get_disk(struct fixture *f, struct dmbc_disk_super *sb)
{
	assert_int_equal(dmbc_blockio_read(f->io, DMBC_SB_SECTOR, 8, buffer), 0);
	memcpy(sb, buffer, sizeof(*sb));
}

static void cache_round_trip(struct fixture *f)
{
	static struct dmbc_disk_super before, after;

	fixture_cache_super(&before);
	before.seq = __cpu_to_le64(41);
	memset(before.label, 'x', sizeof(before.label));
	memset(before.unused, 0x5a, sizeof(before.unused));
	dmbc_verify_super_seal(&before);
	put_disk(f, &before);
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), 0);
	assert_false(dmbc_super_is_new(&super));
	assert_int_equal(super.geometry.nbuckets, 1024);
	assert_int_equal(super.geometry.njournal, 8);

	assert_int_equal(dmbc_super_write_cache(f->io, &super), 0);
	get_disk(f, &after);
	assert_int_equal(__le64_to_cpu(after.seq), 42);
	assert_true(__le32_to_cpu(after.last_mount) > 1700000000);
	after.csum = before.csum;
	after.seq = before.seq;
	after.last_mount = before.last_mount;
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), 0);
}

static void new_cache(struct fixture *f)
{
	static struct dmbc_disk_super sb;
	__u32 i;

	fixture_cache_super(&sb);
	sb.version = 0;
	sb.flags = __cpu_to_le64(DMBC_REPLACE_FIFO << DMBC_SB_REPLACEMENT_SHIFT);
	sb.keys = 0;
	memset(sb.d, 0, sizeof(sb.d));
	dmbc_verify_super_seal(&sb);
	put_disk(f, &sb);
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), 0);
	assert_true(dmbc_super_is_new(&super));
	dmbc_super_prepare_new(&super);
	assert_int_equal(super.geometry.njournal, 1024 / 128);
	assert_int_equal(dmbc_super_write_cache(f->io, &super), 0);

	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), 0);
	assert_false(dmbc_super_is_new(&super));
	assert_int_equal(super.geometry.njournal, 8);
	assert_int_equal(__le64_to_cpu(super.disk.version), DMBC_SB_CACHE);
	for (i = 0; i < 8; i++)
		assert_int_equal(__le64_to_cpu(super.disk.d[i]), 1 + i);
	assert_int_equal(dmbc_sb_flag(&super.disk, DMBC_SB_REPLACEMENT_SHIFT, 3),
			 DMBC_REPLACE_FIFO);
}

static void journal_size(struct fixture *f)
{
	/* buckets, sectors in a block, sectors in a bucket, journal buckets */
	static const __u32 sizes[][4] = { { 200, 1, 128, 2 },
					  { 512, 1, 128, 4 },
					  { 25600, 8, 1024, 200 },
					  { 99999, 8, 1024, 256 },
					  { 600, 8, 16, 16 } /* two blocks in each */ };
	unsigned int i;

	(void)f;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(&super, 0, sizeof(super));
		super.geometry.nbuckets = sizes[i][0];
		super.geometry.block_sectors = sizes[i][1];
		super.geometry.bucket_sectors = sizes[i][2];
		super.geometry.first_bucket = 3;
		dmbc_super_prepare_new(&super);
		assert_int_equal(super.geometry.njournal, sizes[i][3]);
		assert_int_equal(__le16_to_cpu(super.disk.keys), sizes[i][3]);
		assert_int_equal(__le64_to_cpu(super.disk.d[sizes[i][3] - 1]), 2 + sizes[i][3]);
	}
}

static void features_version_stays(struct fixture *f)
{
	static struct dmbc_disk_super sb;

	fixture_cache_super(&sb);
	sb.version = __cpu_to_le64(DMBC_SB_CACHE_FEATURES);
	dmbc_verify_super_seal(&sb);
	put_disk(f, &sb);
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), 0);
	assert_int_equal(dmbc_super_write_cache(f->io, &super), 0);
	get_disk(f, &sb);
	assert_int_equal(__le64_to_cpu(sb.version), DMBC_SB_CACHE_FEATURES);
}

static void backing_round_trip(struct fixture *f)
{
	static const __u8 set[16] = { 9, 8, 7 }, none[16];
	static struct dmbc_disk_super sb;

	fixture_backing_super(&sb);
	put_disk(f, &sb);
	assert_int_equal(dmbc_super_load_backing(f->io, &super, &why), 0);
	assert_int_equal(super.data_offset, DMBC_BACKING_DATA_START);
	assert_false(dmbc_super_attached(&super));
	assert_int_equal(dmbc_super_state(&super), DMBC_STATE_NONE);
	assert_int_equal(dmbc_super_mode(&super), DMBC_WRITEBACK);

	dmbc_super_set_attached(&super, set);
	dmbc_super_set_state(&super, DMBC_STATE_DIRTY);
	dmbc_super_set_mode(&super, DMBC_WRITEAROUND);
	assert_int_equal(dmbc_super_write_backing(f->io, &super), 0);
	memset(&super, 0xff, sizeof(super));
	assert_int_equal(dmbc_super_load_backing(f->io, &super, &why), 0);
	assert_true(dmbc_super_attached(&super));
	assert_int_equal(dmbc_super_state(&super), DMBC_STATE_DIRTY);
	assert_int_equal(dmbc_super_mode(&super), DMBC_WRITEAROUND);
	assert_int_equal(__le64_to_cpu(super.disk.seq), 0);

	dmbc_super_set_attached(&super, none);
	dmbc_super_set_state(&super, DMBC_STATE_NONE);
	dmbc_super_set_mode(&super, DMBC_WRITEBACK);
	assert_int_equal(dmbc_super_write_backing(f->io, &super), 0);
	assert_memory_equal(&super.disk, &sb, sizeof(sb));
}

static void damage_is_refused(struct fixture *f)
{
	static struct dmbc_disk_super sb;

	fixture_cache_super(&sb);
	sb.label[3] ^= 1;
	put_disk(f, &sb);
	why.text[0] = 0;
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), -EILSEQ);
	assert_true(strlen(why.text) > 10);
	assert_int_not_equal(dmbc_super_load_backing(f->io, &super, &why), 0);
	sim_disk_fail_reads(f->io, DMBC_SB_SECTOR, 1);
	assert_int_equal(dmbc_super_load_cache(f->io, &super, &why), -EIO);
}

static void failed_write_is_told(struct fixture *f)
{
	static struct dmbc_disk_super sb;

	fixture_backing_super(&sb);
	put_disk(f, &sb);
	assert_int_equal(dmbc_super_load_backing(f->io, &super, &why), 0);
	sim_disk_fail_write(f->io, 1);
	assert_int_equal(dmbc_super_write_backing(f->io, &super), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test_sized(cache_round_trip, 2048, 64),
		fixture_test_sized(new_cache, 2048, 64),
		fixture_test_sized(journal_size, 2048, 64),
		fixture_test_sized(features_version_stays, 2048, 64),
		fixture_test_sized(backing_round_trip, 2048, 64),
		fixture_test_sized(damage_is_refused, 2048, 64),
		fixture_test_sized(failed_write_is_told, 2048, 64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
