// SPDX-License-Identifier: GPL-2.0
/* Uuid slots: rules of a slot's life, and the table on the medium. */
#include "buckets_fixture.h"

#include <linux/slab.h>

#include "store/uuids.h"

static const __u8 one[16] = { 1, 1, 1 }, two[16] = { 2, 2, 2 }, three[16] = { 3 };
static const __u8 zero[16], detached[16] = DMBC_UUID_DETACHED;
static const __u8 label[DMBC_SB_LABEL_BYTES] = "a label";
static struct dmbc_why why;

static struct dmbc_uuids *table(struct fixture *f)
{
	struct dmbc_uuids *u = dmbc_uuids_create(f->io, &f->g, &f->bs, f->a, f->j);

	assert_false(IS_ERR(u));
	return u;
}

static void slots_are_never_used_twice(struct fixture *f)
{
	struct dmbc_uuids *u = table(f);
	const struct dmbc_disk_uuid *s;

	assert_int_equal(dmbc_uuids_slots(u), f->g.meta_sectors * 4);
	assert_int_equal(dmbc_uuids_find(u, one), -ENOENT);
	assert_int_equal(dmbc_uuids_add(u, one, label, 1000), 0);
	assert_int_equal(dmbc_uuids_add(u, two, label, 1001), 1);
	assert_int_equal(dmbc_uuids_find(u, two), 1);
	dmbc_uuids_detach(u, 0, 2000);
	assert_int_equal(dmbc_uuids_find(u, one), -ENOENT);
	assert_int_equal(dmbc_uuids_add(u, three, label, 3000), 2);
	assert_int_equal(dmbc_uuids_add(u, one, label, 3001), 3);
	/* the two marks are not names */
	assert_int_equal(dmbc_uuids_find(u, zero), -ENOENT);
	assert_int_equal(dmbc_uuids_find(u, detached), -ENOENT);

	s = dmbc_uuids_slot(u, 0);
	assert_memory_equal(s->uuid, detached, 16);
	assert_int_equal(__le32_to_cpu(s->invalidated), 2000);
	s = dmbc_uuids_slot(u, 1);
	assert_memory_equal(s->uuid, two, 16);
	assert_string_equal((const char *)s->label, "a label");
	assert_int_equal(__le32_to_cpu(s->first_reg), 1001);
	assert_int_equal(__le32_to_cpu(s->last_reg), 1001);
	assert_int_equal(__le32_to_cpu(s->flags), 0);
	assert_null(dmbc_uuids_slot(u, dmbc_uuids_slots(u)));
	dmbc_uuids_destroy(u);
}

static void old_slots_are_used_again(struct fixture *f)
{
	struct dmbc_uuids *u = table(f);
	struct dmbc_key key;

	dmbc_uuids_add(u, one, label, 1);
	dmbc_uuids_add(u, two, label, 2);
	dmbc_uuids_detach(u, 1, 3);
	assert_int_equal(dmbc_uuids_reusable(u), -ENOSPC); /* somebody may still know it */
	assert_int_equal(dmbc_uuids_write(u), 0);
	key = fixture_named(f).uuid_bucket;
	dmbc_uuids_destroy(u);

	u = table(f);
	assert_int_equal(dmbc_uuids_load(u, &key, false, &why), 0);
	assert_int_equal(dmbc_uuids_reusable(u), 1);
	assert_int_equal(dmbc_uuids_add(u, three, label, 4),
			 2); /* as long as there are free ones */
	dmbc_uuids_take(u, 1, two, label, 5);
	assert_int_equal(dmbc_uuids_find(u, two), 1);
	assert_int_equal(__le32_to_cpu(dmbc_uuids_slot(u, 1)->invalidated), 0);
	assert_int_equal(dmbc_uuids_reusable(u), -ENOSPC);
	dmbc_uuids_detach(u, 1, 6);
	assert_int_equal(dmbc_uuids_reusable(u), -ENOSPC);
	dmbc_uuids_destroy(u);
}

static void volumes_are_slots_of_their_own(struct fixture *f)
{
	struct dmbc_uuids *u = table(f);

	dmbc_uuids_add(u, one, label, 1);
	assert_false(dmbc_uuids_is_volume(u, 0));
	dmbc_uuids_set_volume(u, 0, 77);
	assert_true(dmbc_uuids_is_volume(u, 0));
	assert_int_equal(__le64_to_cpu(dmbc_uuids_slot(u, 0)->sectors), 77);
	dmbc_uuids_detach(u, 0, 2);
	assert_false(dmbc_uuids_is_volume(u, 0));
	assert_int_equal(__le32_to_cpu(dmbc_uuids_slot(u, 0)->flags), 0);
	dmbc_uuids_set_volume(u, 1, 5); /* a medium may say anything of a free one */
	assert_false(dmbc_uuids_is_volume(u, 1));
	dmbc_uuids_destroy(u);
}

static void a_full_table_is_full(struct fixture *f)
{
	struct dmbc_uuids *u = table(f);
	__u8 uuid[16] = { 0xee };
	__u32 i;

	for (i = 0; i < dmbc_uuids_slots(u); i++) {
		uuid[1] = i;
		uuid[2] = i >> 8;
		assert_int_equal(dmbc_uuids_add(u, uuid, label, 5), (int)i);
	}
	assert_int_equal(dmbc_uuids_add(u, one, label, 5), -ENOSPC);
	dmbc_uuids_detach(u, 7, 6);
	assert_int_equal(dmbc_uuids_add(u, one, label, 5), -ENOSPC);
	dmbc_uuids_destroy(u);
}

static void the_table_comes_back(struct fixture *f)
{
	struct dmbc_uuids *u = table(f), *v;
	struct dmbc_key key, old;
	__u64 metadata = f->bs.n.metadata;

	assert_int_equal(dmbc_uuids_write(u), 0);
	old = fixture_named(f).uuid_bucket;
	dmbc_uuids_add(u, one, label, 1);
	dmbc_uuids_add(u, two, label, 2);
	assert_int_equal(dmbc_uuids_write(u), 0);
	key = fixture_named(f).uuid_bucket;
	assert_int_not_equal(key.ptr, old.ptr);
	assert_int_equal(dmbc_key_size(&key), f->g.meta_sectors);
	/* the old bucket is given up, one bucket is in use */
	assert_int_equal(f->bs.n.metadata, metadata + 1);
	assert_true(dmbc_bucket_stale(&f->bs, old.ptr));

	v = table(f);
	assert_int_equal(dmbc_uuids_load(v, &key, false, &why), 0);
	assert_int_equal(dmbc_uuids_find(v, two), 1);
	assert_memory_equal(dmbc_uuids_slot(u, 0), dmbc_uuids_slot(v, 0),
			    dmbc_uuids_slots(u) * sizeof(struct dmbc_disk_uuid));
	dmbc_uuids_destroy(u);
	dmbc_uuids_destroy(v);
}

static void old_entries_are_read(struct fixture *f)
{
	__u64 bucket = 300;
	__u32 sectors = f->g.meta_sectors;
	struct dmbc_disk_uuid64 *old = kvcalloc(sectors, 512, GFP_KERNEL);
	struct dmbc_uuids *u = table(f);
	struct dmbc_key key = dmbc_key_make(0, 0, sectors, false, dmbc_ptr_make(bucket << 6, 0));

	memcpy(old[0].uuid, one, 16);
	memcpy(old[1].uuid, two, 16);
	memcpy(old[1].label, label, sizeof(label));
	old[1].first_reg = __cpu_to_le32(77);
	old[5].invalidated = __cpu_to_le32(78);
	assert_int_equal(dmbc_blockio_write(f->io, bucket << 6, sectors, old, 0), 0);
	assert_int_equal(dmbc_uuids_load(u, &key, true, &why), 0);
	assert_int_equal(f->bs.b[bucket].use, DMBC_BUCKET_METADATA);
	assert_int_equal(dmbc_uuids_find(u, one), 0);
	assert_int_equal(dmbc_uuids_find(u, two), 1);
	assert_string_equal((const char *)dmbc_uuids_slot(u, 1)->label, "a label");
	assert_int_equal(__le32_to_cpu(dmbc_uuids_slot(u, 1)->first_reg), 77);
	assert_int_equal(__le32_to_cpu(dmbc_uuids_slot(u, 5)->invalidated), 78);
	dmbc_uuids_destroy(u);
	kvfree(old);
}

static void bad_places_are_refused(struct fixture *f)
{
	static const __u64 bad[] = { 0, 8, 1 << 20 };
	struct dmbc_uuids *u = table(f);
	struct dmbc_key key;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		key = dmbc_key_make(0, 0, 64, false, dmbc_ptr_make(bad[i] << 6, 0));
		why.text[0] = 0;
		assert_int_equal(dmbc_uuids_load(u, &key, false, &why), -EINVAL);
		assert_non_null(strstr(why.text, "uuid"));
	}
	key = dmbc_key_make(0, 0, 64, false, dmbc_ptr_make(300 << 6, 0));
	sim_disk_fail_reads(f->io, 300 << 6, 1);
	assert_int_equal(dmbc_uuids_load(u, &key, false, &why), -EIO);
	dmbc_uuids_destroy(u);
}

static void a_failed_write_keeps_the_old_table(struct fixture *f)
{
	struct dmbc_uuids *u = table(f);
	__u64 free;

	assert_int_equal(dmbc_uuids_write(u), 0);
	free = dmbc_alloc_free_count(f->a);
	dmbc_uuids_add(u, one, label, 1);
	sim_disk_fail_write(f->io, 1);
	assert_int_equal(dmbc_uuids_write(u), -EIO);
	assert_int_equal(dmbc_alloc_free_count(f->a), free);
	dmbc_uuids_destroy(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(slots_are_never_used_twice),
		fixture_test(old_slots_are_used_again),
		fixture_test(volumes_are_slots_of_their_own),
		fixture_test(a_full_table_is_full),
		fixture_test(the_table_comes_back),
		fixture_test(old_entries_are_read),
		fixture_test(bad_places_are_refused),
		fixture_test(a_failed_write_keeps_the_old_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
