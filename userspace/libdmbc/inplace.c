// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the notes on disks that are cached in place, as the tools need them.
 *
 * A write back in time order: dmbc_inplace_read_origin() judges the disk by its
 * note as a start does; dmbc_inplace_begin() takes back what is noted of its
 * contents, so that one that was interrupted can be repeated; when the disk has
 * all, dmbc_inplace_detach() says that it went on without the SSD.
 */
#include "inplace.h"

#include "internal.h"
#include "set.h"

#include "lib/checksum.h"
#include "lib/note.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES (DMBC_NOTES_SECTORS * DMBC_SECTOR_BYTES)

/* The newer good copy. @table: of TABLE_BYTES. */
static enum dmbc_result read_table(const struct dmbc_set *set, struct dmbc_disk_notes *table,
				   struct dmbc_error *err)
{
	struct dmbc_disk_notes *copy = dmbc_device_buffer(TABLE_BYTES);
	struct dmbc_why why = { "there are no notes on disks" };
	bool found = false;
	unsigned int i;

	if (!copy)
		return dmbc_error_memory(set->dev, err);
	for (i = 0; i < DMBC_NOTES_COPIES && dmbc_note_has_room(&set->g); i++) {
		if (dmbc_device_read(set->dev, dmbc_note_place(i), DMBC_NOTES_SECTORS, copy) ||
		    dmbc_note_verify(copy, set->g.set_magic, &why))
			continue;
		if (!found || __le64_to_cpu(copy->seq) > __le64_to_cpu(table->seq))
			memcpy(table, copy, sizeof(*table));
		found = true;
	}
	free(copy);
	return found ? DMBC_OK
		     : dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %s: no disk is cached here under an origin_id; leave it "
				      "out",
				      dmbc_device_path(set->dev), why.text);
}

static enum dmbc_result write_table(const struct dmbc_set *set, struct dmbc_disk_notes *table,
				    struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	unsigned int i;
	int error;

	table->seq = __cpu_to_le64(__le64_to_cpu(table->seq) + 1);
	dmbc_note_seal(table);
	for (i = 0; i < DMBC_NOTES_COPIES && r == DMBC_OK; i++) {
		error = dmbc_device_write(set->dev, dmbc_note_place(i), DMBC_NOTES_SECTORS, table);
		r = error ? dmbc_error_set(err, DMBC_IO, "%s: cannot write sector %llu: %s",
					   dmbc_device_path(set->dev), dmbc_note_place(i),
					   strerror(error))
			  : dmbc_device_sync(set->dev, err);
	}
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

static enum dmbc_result look_at_disk(const char *path, struct dmbc_note_disk *disk,
				     struct dmbc_error *err)
{
	struct dmbc_device *dev;
	enum dmbc_result r = dmbc_device_open(path, DMBC_ACCESS_READ, &dev, err);

	if (r != DMBC_OK)
		return r;
	disk->sectors = dmbc_device_sectors(dev);
	disk->dirty = true; /* the stricter judgement */
	r = disk->sectors < DMBC_NOTE_REGION_SECTORS
		    ? dmbc_error_set(err, DMBC_REFUSED, "%s: too small to be cached", path)
		    : hash_disk(dev, disk, err);
	dmbc_device_close(dev);
	return r;
}

static enum dmbc_result judge(const struct dmbc_disk_note *note, const struct dmbc_note_disk *disk,
			      const char *path, struct dmbc_error *err)
{
	struct dmbc_why why;

	switch (dmbc_note_judge(note, disk, &why)) {
	case DMBC_NOTE_KEEP: return DMBC_OK;
	case DMBC_NOTE_DROP:
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: it went on without the SSD, which has nothing for it; "
				      "use it as it is",
				      path);
	default:
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %s; name the disk that was cached under this id", path,
				      why.text);
	}
}

enum dmbc_result dmbc_inplace_read_origin(const struct dmbc_set *set, const __u8 id[16],
					  const char *path, struct dmbc_check_origin *origin,
					  struct dmbc_error *err)
{
	struct dmbc_disk_notes *table = calloc(1, TABLE_BYTES);
	const struct dmbc_disk_note *note = NULL;
	struct dmbc_note_disk disk = { 0 };
	enum dmbc_result r = table ? read_table(set, table, err) : dmbc_error_memory(set->dev, err);

	if (r == DMBC_OK)
		r = look_at_disk(path, &disk, err);
	if (r == DMBC_OK) {
		note = dmbc_note_find(table, id);
		r = judge(note, &disk, path, err);
	}
	if (r == DMBC_OK) {
		memset(origin, 0, sizeof(*origin));
		origin->path = path;
		origin->sectors = disk.sectors;
		origin->state = note->state;
		memcpy(origin->uuid, id, sizeof(origin->uuid));
		memcpy(origin->set_uuid, set->super.set_uuid, sizeof(origin->set_uuid));
	}
	free(table);
	return r;
}

/* ---- its note ---------------------------------------------------------------------------- */

static enum dmbc_result change(const struct dmbc_set *set, const __u8 id[16], bool complete,
			       struct dmbc_error *err)
{
	struct dmbc_disk_notes *table = dmbc_device_buffer(TABLE_BYTES);
	struct dmbc_disk_note *note;
	enum dmbc_result r = table ? read_table(set, table, err) : dmbc_error_memory(set->dev, err);

	if (r == DMBC_OK) {
		note = dmbc_note_find(table, id);
		if (note) {
			note->known = 0;
			note->state = complete ? DMBC_STATE_STALE : note->state;
			r = write_table(set, table, err);
		}
	}
	free(table);
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
