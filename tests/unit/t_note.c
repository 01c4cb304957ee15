// SPDX-License-Identifier: GPL-2.0
/* Notes on disks without a super block: what is refused, dropped and kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/note.h"

#define MAGIC 0x1234567890abcdefULL
#define SECTORS 100000

static struct dmbc_disk_notes table;
static struct dmbc_why why;
static const __u8 one[16] = { 1 }, two[16] = { 2 };

static void fresh_table(void)
{
	dmbc_note_init(&table, MAGIC);
	dmbc_note_seal(&table);
}

static void tables_are_verified(void **state)
{
	__u32 i;

	(void)state;
	memset(&table, 0, sizeof(table));
	assert_int_equal(dmbc_note_verify(&table, MAGIC, &why), -ENOENT);
	fresh_table();
	assert_int_equal(dmbc_note_verify(&table, MAGIC, &why), 0);
	assert_int_equal(dmbc_note_verify(&table, MAGIC + 1, &why), -ENOENT); /* of another set */
	for (i = 16; i < sizeof(table); i++) {
		((__u8 *)&table)[i] ^= 0x10;
		assert_int_equal(dmbc_note_verify(&table, MAGIC, &why), -EILSEQ);
		((__u8 *)&table)[i] ^= 0x10;
	}
	table.version = __cpu_to_le32(2);
	dmbc_note_seal(&table);
	assert_int_equal(dmbc_note_verify(&table, MAGIC, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why.text, "version 2"));
	fresh_table();
	table.nr = __cpu_to_le32(DMBC_NOTES_MAX + 1);
	dmbc_note_seal(&table);
	assert_int_equal(dmbc_note_verify(&table, MAGIC, &why), -EINVAL);
	assert_non_null(strstr(why.text, "32"));
}

static void notes_come_and_go(void **state)
{
	struct dmbc_disk_note *n;
	__u8 uuid[16] = { 9 };
	__u32 i;

	(void)state;
	fresh_table();
	assert_null(dmbc_note_find(&table, one));
	n = dmbc_note_add(&table, one);
	n->sectors = __cpu_to_le64(11);
	n = dmbc_note_add(&table, two);
	n->sectors = __cpu_to_le64(22);
	assert_int_equal(__le64_to_cpu(dmbc_note_find(&table, one)->sectors), 11);
	dmbc_note_remove(&table, dmbc_note_find(&table, one));
	assert_null(dmbc_note_find(&table, one));
	assert_int_equal(__le64_to_cpu(dmbc_note_find(&table, two)->sectors), 22);
	for (i = 1; i < DMBC_NOTES_MAX; i++) {
		uuid[1] = i;
		assert_non_null(dmbc_note_add(&table, uuid));
	}
	assert_null(dmbc_note_add(&table, one));
	dmbc_note_remove(&table, dmbc_note_find(&table, uuid));
	assert_non_null(dmbc_note_add(&table, one));
}

static void regions_are_on_the_disk(void **state)
{
	static const __u64 sizes[] = { 8, 9, 15, 16, 17, 64, 135, 136, 1000, SECTORS, 1ULL << 45 };
	unsigned int i, k;

	(void)state;
	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		for (i = 0; i < DMBC_NOTE_REGIONS; i++) {
			__u64 at = dmbc_note_region(sizes[k], i);

			assert_true(at % DMBC_NOTE_REGION_SECTORS == 0);
			assert_true(at + DMBC_NOTE_REGION_SECTORS <= sizes[k]);
		}
	assert_int_equal(dmbc_note_region(SECTORS, 0), 0);
	assert_int_equal(dmbc_note_region(SECTORS, 2), 128);
	assert_int_equal(dmbc_note_region(SECTORS, DMBC_NOTE_REGIONS - 1), SECTORS - 8);
	for (i = 1; i < DMBC_NOTE_REGIONS; i++)
		assert_true(dmbc_note_region(SECTORS, i) > dmbc_note_region(SECTORS, i - 1));
}

/* ---- verdicts ------------------------------------------------------------------------ */

struct scene {
	bool open, dirty, other_seq;
	enum dmbc_state state;
	__u16 known;
	int changed; /* region, or -1 */
	bool other_size;
	enum dmbc_note_verdict verdict;
};

#define ALL 0xff
static const struct scene scenes[] = {
	/* a clean end */
	{ false, false, false, DMBC_STATE_CLEAN, ALL, -1, false, DMBC_NOTE_KEEP },
	{ false, true, false, DMBC_STATE_DIRTY, ALL, -1, false, DMBC_NOTE_KEEP },
	{ false, false, false, DMBC_STATE_CLEAN, ALL, 3, false, DMBC_NOTE_DROP },
	{ false, true, false, DMBC_STATE_DIRTY, ALL, 3, false, DMBC_NOTE_REFUSE },
	{ false, false, false, DMBC_STATE_CLEAN, ALL, -1, true, DMBC_NOTE_DROP },
	{ false, true, false, DMBC_STATE_DIRTY, ALL, -1, true, DMBC_NOTE_REFUSE },
	/* mainline had the set since */
	{ false, false, true, DMBC_STATE_CLEAN, ALL, -1, false, DMBC_NOTE_DROP },
	{ false, true, true, DMBC_STATE_DIRTY, ALL, -1, false, DMBC_NOTE_KEEP },
	{ false, true, true, DMBC_STATE_DIRTY, ALL, 0, false, DMBC_NOTE_REFUSE },
	/* a power cut */
	{ true, false, false, DMBC_STATE_CLEAN, ALL, -1, false, DMBC_NOTE_DROP },
	{ true, false, false, DMBC_STATE_DIRTY, ALL, -1, false, DMBC_NOTE_DROP },
	{ true, true, false, DMBC_STATE_DIRTY, ALL, -1, false, DMBC_NOTE_KEEP },
	{ true, true, false, DMBC_STATE_DIRTY, ALL, 7, false, DMBC_NOTE_REFUSE },
	{ true, true, false, DMBC_STATE_DIRTY, 0x7f, 7, false, DMBC_NOTE_KEEP },
	{ true, true, false, DMBC_STATE_DIRTY, 0, -1, true, DMBC_NOTE_REFUSE },
	/* the disk went on without its SSD */
	{ true, false, false, DMBC_STATE_STALE, ALL, -1, false, DMBC_NOTE_DROP },
	{ true, true, false, DMBC_STATE_STALE, ALL, -1, false, DMBC_NOTE_DROP },
};

static void verdicts(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *s = &scenes[i];
		struct dmbc_disk_note n = { .sectors = __cpu_to_le64(SECTORS),
					    .super_seq = __cpu_to_le64(5),
					    .state = s->state,
					    .open = s->open,
					    .known = __cpu_to_le16(s->known) };
		struct dmbc_note_disk disk = { .sectors = SECTORS + s->other_size,
					       .super_seq = 5 + s->other_seq,
					       .dirty = s->dirty };

		for (k = 0; k < DMBC_NOTE_REGIONS; k++) {
			n.hash[k] = __cpu_to_le64(k + 100);
			disk.hash[k] = k + 100 + ((int)k == s->changed);
		}
		why.text[0] = '\0';
		assert_int_equal(dmbc_note_judge(&n, &disk, &why), s->verdict);
		assert_true(s->verdict != DMBC_NOTE_REFUSE || why.text[0]);
	}
}

static void without_a_note(void **state)
{
	struct dmbc_note_disk disk = { .sectors = SECTORS };

	(void)state;
	assert_int_equal(dmbc_note_judge(NULL, &disk, &why), DMBC_NOTE_NEW);
	disk.dirty = true;
	assert_int_equal(dmbc_note_judge(NULL, &disk, &why), DMBC_NOTE_REFUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_verified),	   cmocka_unit_test(notes_come_and_go),
		cmocka_unit_test(regions_are_on_the_disk), cmocka_unit_test(verdicts),
		cmocka_unit_test(without_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
