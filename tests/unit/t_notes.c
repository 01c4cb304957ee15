// SPDX-License-Identifier: GPL-2.0
/* The two copies of the notes: damage, power cuts, errors. */
#include "buckets_fixture.h"

#include <linux/slab.h>

#include "lib/note.h"
#include "store/notes.h"

static const __u8 one[16] = { 1 }, two[16] = { 2 };
static struct dmbc_why why;
static __u8 zeroes[DMBC_NOTES_SECTORS * 512] __attribute__((aligned(512)));

static struct dmbc_notes *open_notes(struct fixture *f)
{
	struct dmbc_notes *t = dmbc_notes_create(f->io, &f->g);

	assert_false(IS_ERR(t));
	return t;
}

static int put(struct dmbc_notes *t, const __u8 *uuid, __u64 sectors)
{
	struct dmbc_disk_note n = { .sectors = __cpu_to_le64(sectors) };

	memcpy(n.uuid, uuid, 16);
	return dmbc_notes_put(t, &n);
}

/* Sectors of the note, or an error. */
static __s64 get(struct dmbc_notes *t, const __u8 *uuid)
{
	struct dmbc_disk_note n;
	int r = dmbc_notes_get(t, uuid, &n, &why);

	return r ? r : (__s64)__le64_to_cpu(n.sectors);
}

static void they_come_back(struct fixture *f)
{
	struct dmbc_notes *t = open_notes(f);

	assert_int_equal(get(t, one), -ENOENT);
	assert_int_equal(dmbc_notes_remove(t, one), 0);
	assert_int_equal(put(t, one, 7), 0);
	assert_int_equal(put(t, two, 8), 0);
	assert_int_equal(put(t, one, 9), 0);
	dmbc_notes_destroy(t);
	t = open_notes(f);
	assert_int_equal(get(t, one), 9);
	assert_int_equal(get(t, two), 8);
	assert_int_equal(dmbc_notes_remove(t, one), 0);
	dmbc_notes_destroy(t);
	t = open_notes(f);
	assert_int_equal(get(t, one), -ENOENT);
	assert_int_equal(get(t, two), 8);
	dmbc_notes_destroy(t);
}

static void one_good_copy_is_enough(struct fixture *f)
{
	unsigned int copy;

	for (copy = 0; copy <= DMBC_NOTES_COPIES; copy++) {
		struct dmbc_notes *t = open_notes(f);

		assert_int_equal(put(t, one, copy + 1), 0);
		dmbc_notes_destroy(t);
		if (copy < DMBC_NOTES_COPIES)
			dmbc_blockio_write(f->io, DMBC_NOTES_SECTOR + copy * DMBC_NOTES_SECTORS,
					   DMBC_NOTES_SECTORS, zeroes, DMBC_IO_FUA);
		t = open_notes(f);
		assert_int_equal(get(t, one), copy + 1);
		dmbc_notes_destroy(t);
	}
}

static void errors_change_nothing(struct fixture *f)
{
	struct dmbc_notes *t = open_notes(f);
	unsigned int nth;

	assert_int_equal(put(t, one, 1), 0);
	for (nth = 1; nth <= DMBC_NOTES_COPIES; nth++) {
		sim_disk_fail_write(f->io, nth);
		assert_int_equal(put(t, one, 2), -EIO);
		assert_int_equal(get(t, one), 1);
	}
	assert_int_equal(put(t, one, 3), 0);
	dmbc_notes_destroy(t);
	t = open_notes(f);
	sim_disk_fail_reads(f->io, DMBC_NOTES_SECTOR, 1);
	assert_int_equal(get(t, one), -EIO);
	assert_int_equal(put(t, one, 4), -EIO);
	sim_disk_fail_reads(f->io, 0, 0);
	assert_int_equal(get(t, one), 3);
	dmbc_notes_destroy(t);
}

static void a_later_version_is_left_alone(struct fixture *f)
{
	static struct dmbc_disk_notes table __attribute__((aligned(512)));
	struct dmbc_notes *t;

	dmbc_note_init(&table, f->g.set_magic);
	table.version = __cpu_to_le32(DMBC_NOTES_VERSION + 1);
	dmbc_note_seal(&table);
	dmbc_blockio_write(f->io, DMBC_NOTES_SECTOR + DMBC_NOTES_SECTORS, DMBC_NOTES_SECTORS,
			   &table, DMBC_IO_FUA);
	t = open_notes(f);
	assert_int_equal(get(t, one), -EOPNOTSUPP);
	assert_int_equal(put(t, one, 1), -EOPNOTSUPP);
	dmbc_notes_destroy(t);
}

static void a_full_table_is_full(struct fixture *f)
{
	struct dmbc_notes *t = open_notes(f);
	__u8 uuid[16] = { 3 };
	unsigned int i;

	for (i = 0; i < DMBC_NOTES_MAX; i++) {
		uuid[1] = i;
		assert_int_equal(put(t, uuid, i), 0);
	}
	assert_int_equal(put(t, one, 1), -ENOSPC);
	assert_int_equal(put(t, uuid, 99), 0);
	dmbc_notes_destroy(t);
}

static void there_must_be_room(struct fixture *f)
{
	struct dmbc_notes *t = open_notes(f);
	__u32 first = f->g.first_bucket, shift = f->g.bucket_shift;

	f->g.first_bucket = 3; /* of 4 KiB each */
	f->g.bucket_shift = 3;
	assert_int_equal(get(t, one), -ENOSPC);
	assert_non_null(strstr(why.text, "8K"));
	f->g.first_bucket = first;
	f->g.bucket_shift = shift;
	assert_int_equal(get(t, one), -ENOENT);
	dmbc_notes_destroy(t);
}

static void hashes_tell_disks_apart(struct fixture *f)
{
	__u64 first, last, again;

	assert_int_equal(dmbc_notes_hash(f->io, 0, &first), 0);
	assert_int_equal(dmbc_notes_hash(f->io, DMBC_NOTE_REGIONS - 1, &last), 0);
	zeroes[100] = 1;
	dmbc_blockio_write(f->io, dmbc_note_region(dmbc_blockio_sectors(f->io), 7), 8, zeroes, 0);
	zeroes[100] = 0;
	assert_int_equal(dmbc_notes_hash(f->io, DMBC_NOTE_REGIONS - 1, &again), 0);
	assert_true(again != last);
	assert_int_equal(dmbc_notes_hash(f->io, 0, &again), 0);
	assert_true(again == first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(they_come_back),	       fixture_test(one_good_copy_is_enough),
		fixture_test(errors_change_nothing),   fixture_test(a_later_version_is_left_alone),
		fixture_test(a_full_table_is_full),    fixture_test(there_must_be_room),
		fixture_test(hashes_tell_disks_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
