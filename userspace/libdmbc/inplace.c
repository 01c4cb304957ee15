// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the notes on disks that are cached in place, as the tools need them.
 *
 * A check: dmbc_inplace_look() finds the disk; dmbc_inplace_judge() says
 * what a start would make of it, by the note and the disk, as a start does.
 *
 * A write back in time order: dmbc_inplace_refuse() where it is not the disk
 * that it was; dmbc_inplace_begin() takes back what is noted of its contents, so
 * that one that was interrupted can be repeated; when the disk has all,
 * dmbc_inplace_detach() says that it went on without the SSD.
 *
 * Dump and restore: dmbc_inplace_read_notes(), dmbc_inplace_write_notes().
 */
#include "inplace.h"

#include "finding_internal.h"
#include "internal.h"
#include "set.h"

#include "lib/checksum.h"
#include "lib/note.h"
#include "lib/port.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES (DMBC_NOTES_SECTORS * DMBC_SECTOR_BYTES)

struct copies {
	struct dmbc_disk_notes *table; /* the newest good one */
	unsigned int good, bad, absent;
	struct dmbc_why why; /* of a bad one */
};

static void see_copy(struct copies *c, const struct dmbc_disk_notes *copy, int verdict)
{
	if (verdict) {
		c->absent += verdict == -ENOENT;
		c->bad += verdict != -ENOENT;
		return;
	}
	if (!c->good || __le64_to_cpu(copy->seq) > __le64_to_cpu(c->table->seq))
		memcpy(c->table, copy, sizeof(*copy));
	c->good++;
}

/* As a start does it. To be ended with free(c->table), also after a failure. */
static enum dmbc_result read_copies(const struct dmbc_set *set, struct copies *c,
				    struct dmbc_error *err)
{
	struct dmbc_disk_notes *copy = dmbc_device_buffer(TABLE_BYTES);
	unsigned int i;
	int r;

	*c = (struct copies){ .table = dmbc_device_buffer(TABLE_BYTES) };
	if (!copy || !c->table) {
		free(copy);
		return dmbc_error_memory(set->dev, err);
	}
	for (i = 0; i < DMBC_NOTES_COPIES && dmbc_note_has_room(&set->g); i++) {
		r = dmbc_device_read(set->dev, dmbc_note_place(i), DMBC_NOTES_SECTORS, copy);
		if (r)
			dmbc_explain(&c->why, "a copy of the notes on disks cannot be read");
		see_copy(c, copy, r ? -EIO : dmbc_note_verify(copy, set->g.set_magic, &c->why));
	}
	free(copy);
	return DMBC_OK;
}

enum dmbc_result dmbc_inplace_write_notes(const struct dmbc_device *dev,
					  struct dmbc_disk_notes *table, struct dmbc_error *err)
{
	struct dmbc_disk_notes *copy = dmbc_device_buffer(TABLE_BYTES);
	enum dmbc_result r = copy ? DMBC_OK : dmbc_error_memory(dev, err);
	unsigned int i;
	int error;

	table->seq = __cpu_to_le64(__le64_to_cpu(table->seq) + 1);
	dmbc_note_seal(table);
	if (copy)
		memcpy(copy, table, sizeof(*table));
	for (i = 0; i < DMBC_NOTES_COPIES && r == DMBC_OK; i++) {
		error = dmbc_device_write(dev, dmbc_note_place(i), DMBC_NOTES_SECTORS, copy);
		r = error ? dmbc_error_set(err, DMBC_IO,
					   "%s: cannot write sector %llu: %s; check the device and "
					   "the kernel log",
					   dmbc_device_path(dev), dmbc_note_place(i),
					   strerror(error))
			  : dmbc_device_sync(dev, err);
	}
	free(copy);
	return r;
}

enum dmbc_result dmbc_inplace_read_notes(const struct dmbc_set *set, struct dmbc_disk_notes *table,
					 struct dmbc_error *err)
{
	struct copies c;
	enum dmbc_result r = read_copies(set, &c, err);

	if (r == DMBC_OK && c.good)
		memcpy(table, c.table, sizeof(*table));
	else
		dmbc_note_init(table, set->g.set_magic);
	free(c.table);
	return r;
}

/* ---- the disk -------------------------------------------------------------------------- */

static enum dmbc_result hash_disk(struct dmbc_device *dev, struct dmbc_note_disk *disk,
				  struct dmbc_error *err)
{
	char *buf = dmbc_device_buffer(DMBC_NOTE_REGION_SECTORS * DMBC_SECTOR_BYTES);
	unsigned int i;
	int error = 0;

	if (!buf)
		return dmbc_error_memory(dev, err);
	for (i = 0; i < DMBC_NOTE_REGIONS && !error; i++) {
		error = dmbc_device_read(dev, dmbc_note_region(disk->sectors, i),
					 DMBC_NOTE_REGION_SECTORS, buf);
		disk->hash[i] = dmbc_checksum(buf, DMBC_NOTE_REGION_SECTORS * DMBC_SECTOR_BYTES);
	}
	free(buf);
	return error ? dmbc_error_set(err, DMBC_IO, "%s: cannot read: %s; check the disk",
				      dmbc_device_path(dev), strerror(error))
		     : DMBC_OK;
}

/* A disk with a super block says itself whose it is. */
static enum dmbc_result refuse_super(struct dmbc_device *dev, struct dmbc_error *err)
{
	struct dmbc_disk_super sb;
	enum dmbc_result r = dmbc_device_read_super(dev, &sb, err);

	if (r == DMBC_OK && dmbc_verify_super_magic(&sb))
		r = dmbc_error_set(err, DMBC_REFUSED,
				   "%s: has a bcache super block; leave out --origin-id",
				   dmbc_device_path(dev));
	return r;
}

static enum dmbc_result look_at_disk(const char *path, struct dmbc_note_disk *disk,
				     struct dmbc_error *err)
{
	struct dmbc_device *dev;
	enum dmbc_result r = dmbc_device_open(path, DMBC_ACCESS_READ, &dev, err);

	if (r != DMBC_OK)
		return r;
	disk->sectors = dmbc_device_sectors(dev);
	if (disk->sectors < DMBC_SB_SECTOR + DMBC_SB_BYTES / DMBC_SECTOR_BYTES)
		r = dmbc_error_set(err, DMBC_REFUSED,
				   "%s: too small to be cached; use a disk of 8 KiB or more", path);
	if (r == DMBC_OK)
		r = refuse_super(dev, err);
	if (r == DMBC_OK)
		r = hash_disk(dev, disk, err);
	dmbc_device_close(dev);
	return r;
}

/* The disk as it is, and its note. */
struct sight {
	struct copies c;
	struct dmbc_note_disk now;
	const struct dmbc_disk_note *note; /* in c; NULL: there is none */
};

/* To be ended with free(s->c.table), also after a failure. */
static enum dmbc_result see_disk(const struct dmbc_set *set, const struct dmbc_inplace_disk *disk,
				 struct sight *s, struct dmbc_error *err)
{
	enum dmbc_result r = read_copies(set, &s->c, err);

	if (r == DMBC_OK)
		r = look_at_disk(disk->path, &s->now, err);
	s->note = r == DMBC_OK && s->c.good ? dmbc_note_find(s->c.table, disk->id) : NULL;
	return r;
}

enum dmbc_result dmbc_inplace_look(const struct dmbc_set *set, struct dmbc_inplace_disk *disk,
				   struct dmbc_error *err)
{
	struct sight s;
	enum dmbc_result r = see_disk(set, disk, &s, err);

	if (r == DMBC_OK) {
		disk->sectors = s.now.sectors;
		disk->noted = s.note;
		disk->state = s.note ? s.note->state : DMBC_STATE_DIRTY;
	}
	free(s.c.table);
	return r;
}

enum dmbc_result dmbc_inplace_judge(const struct dmbc_set *set,
				    const struct dmbc_inplace_disk *disk, bool dirty,
				    struct dmbc_inplace_judgement *judgement,
				    struct dmbc_error *err)
{
	struct sight s;
	enum dmbc_result r = see_disk(set, disk, &s, err);

	if (r == DMBC_OK) {
		s.now.super_seq = __le64_to_cpu(set->super.seq);
		s.now.dirty = dirty;
		dmbc_explain(&judgement->why, "%s",
			     s.note && s.note->state == DMBC_STATE_STALE
				     ? "it went on without the SSD"
				     : "the cache had no clean end, or mainline has had it since");
		judgement->verdict = dmbc_note_judge(s.note, &s.now, &judgement->why);
	}
	free(s.c.table);
	return r;
}

enum dmbc_result dmbc_inplace_refuse(const struct dmbc_set *set,
				     const struct dmbc_inplace_disk *disk, struct dmbc_error *err)
{
	struct dmbc_inplace_judgement j;
	enum dmbc_result r = dmbc_inplace_judge(set, disk, true, &j, err);

	if (r != DMBC_OK || j.verdict == DMBC_NOTE_KEEP)
		return r;
	if (j.verdict == DMBC_NOTE_DROP)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %s, which has nothing for it; use it as it is",
				      disk->path, j.why.text);
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: %s; name the disk that was cached under this id, or add --force",
			      disk->path, j.why.text);
}

/* ---- the notes --------------------------------------------------------------------------- */

enum dmbc_result dmbc_inplace_check_notes(const struct dmbc_set *set, bool dirty,
					  struct dmbc_findings *fs, struct dmbc_error *err)
{
	const struct dmbc_place place =
		dmbc_finding_place("notes on disks, sectors %d and %d", (int)dmbc_note_place(0),
				   (int)dmbc_note_place(1));
	struct copies c;
	enum dmbc_result r = read_copies(set, &c, err);

	/* of the first note ever one copy may be torn, and the other not begun */
	if (r == DMBC_OK && c.bad == DMBC_NOTES_COPIES && dirty)
		dmbc_finding_add(fs, DMBC_FINDING_NOTES_BAD, NULL, place, "%s", c.why.text);
	else if (r == DMBC_OK && (c.bad || (c.good && c.absent)))
		dmbc_finding_add(fs, DMBC_FINDING_NOTES_COPY, NULL, place, "%u good, %u damaged",
				 c.good, DMBC_NOTES_COPIES - c.good);
	free(c.table);
	return r;
}

/* Of a disk without a note, or of none, there is nothing to change. */
static enum dmbc_result change(const struct dmbc_set *set, const __u8 id[16], bool complete,
			       struct dmbc_error *err)
{
	struct dmbc_disk_note *note;
	struct copies c;
	enum dmbc_result r = read_copies(set, &c, err);

	note = r == DMBC_OK && c.good ? dmbc_note_find(c.table, id) : NULL;
	if (note) {
		note->known = 0;
		note->state = complete ? DMBC_STATE_STALE : note->state;
		r = dmbc_inplace_write_notes(set->dev, c.table, err);
	}
	free(c.table);
	return r;
}

enum dmbc_result dmbc_inplace_begin(const struct dmbc_set *set, const __u8 id[16],
				    struct dmbc_error *err)
{
	return change(set, id, false, err);
}

enum dmbc_result dmbc_inplace_detach(const struct dmbc_set *set, const __u8 id[16],
				     struct dmbc_error *err)
{
	return change(set, id, true, err);
}
