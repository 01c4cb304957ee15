// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a dump and writing a cache of it.
 *
 * In time order: take_super() makes the super block and has it verified; disks
 * notes and buckets fill tables; at the first extent begin() finds room and, from there
 * on, writes: no super block first, so that a restore that is cut off leaves no
 * half a cache; then nodes, tables, a journal of one entry, and last the super
 * block.
 */
#include "dump.h"

#include "build.h"
#include "inplace.h"
#include "internal.h"
#include "record.h"

#include "lib/verify.h"

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#define ZERO_BYTES (1U << 20)

struct restore {
	const struct dmbc_restore_params *p;
	struct dmbc_restore_report *report;
	struct dmbc_disk_super super;
	struct dmbc_geometry g;
	struct dmbc_set_bucket *bucket;
	struct dmbc_disk_uuid *uuid;
	struct dmbc_disk_notes notes;
	__u32 slots;
	__u64 extents; /* that will come */
	__u64 disks, buckets;
	struct dmbc_build build;
	bool has_super, begun, ended;
	struct dmbc_key before;
	void *data;
	__u64 line;
};

static enum dmbc_result wrong(const struct restore *s, struct dmbc_error *err, const char *what)
{
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s, line %llu: %s; use a dump as dmbcache wrote it", s->p->in_name,
			      s->line, what);
}

/* ---- the super block --------------------------------------------------------------- */

static bool get_uuid(const struct dmbc_record *r, const char *name, __u8 *uuid)
{
	const char *text = dmbc_record_text(r, name);

	return text && !uuid_parse(text, uuid);
}

static bool get_numbers(const struct dmbc_record *r, const char *const *names, __u64 *values)
{
	for (; *names; names++, values++)
		if (!dmbc_record_get(r, *names, values))
			return false;
	return true;
}

enum {
	VERSION,
	INCOMPAT,
	FLAGS,
	SEQ,
	MOUNT,
	BLOCK,
	BUCKET,
	BUCKETS,
	FIRST,
	JOURNAL,
	NODE,
	JSEQ,
	PSEQ,
	EXTENTS,
	FORMAT,
	NR_NUMBERS
};
static const char *const super_names[] = {
	"version",     "incompat", "flags",	   "seq",     "last_mount", "block_size",
	"bucket_size", "buckets",  "first_bucket", "journal", "node_size",  "journal_seq",
	"prio_seq",    "extents",  "format",	   NULL
};

static void fill_super(struct dmbc_disk_super *sb, const __u64 *v)
{
	static const __u8 magic[] = DMBC_SB_MAGIC;
	__u64 i;

	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb->version = __cpu_to_le64(v[VERSION]);
	memcpy(sb->magic, magic, sizeof(sb->magic));
	sb->feature_incompat = __cpu_to_le64(v[INCOMPAT]);
	sb->flags = __cpu_to_le64(v[FLAGS]);
	sb->seq = __cpu_to_le64(v[SEQ] + 1);
	sb->last_mount = __cpu_to_le32((__u32)v[MOUNT]);
	sb->nbuckets = __cpu_to_le64(v[BUCKETS]);
	sb->block_size = __cpu_to_le16((__u16)v[BLOCK]);
	sb->bucket_size = __cpu_to_le16((__u16)v[BUCKET]);
	sb->nr_in_set = __cpu_to_le16(1);
	sb->first_bucket = __cpu_to_le16((__u16)v[FIRST]);
	sb->keys = __cpu_to_le16((__u16)v[JOURNAL]);
	for (i = 0; i < v[JOURNAL] && i < DMBC_SB_MAX_JOURNAL; i++)
		sb->d[i] = __cpu_to_le64(v[FIRST] + i);
	if (v[JOURNAL] <= DMBC_SB_MAX_JOURNAL)
		dmbc_verify_super_seal(sb);
}

static enum dmbc_result make_tables(struct restore *s, struct dmbc_error *err)
{
	s->slots = s->g.meta_sectors * DMBC_SECTOR_BYTES / sizeof(*s->uuid);
	s->uuid = calloc(s->slots, sizeof(*s->uuid));
	s->bucket = calloc(s->g.nbuckets, sizeof(*s->bucket));
	s->data = dmbc_device_buffer((DMBC_KEY_MAX_SECTORS + 16) * DMBC_SECTOR_BYTES);
	return s->uuid && s->bucket && s->data ? DMBC_OK : dmbc_error_memory(s->p->dev, err);
}

static enum dmbc_result take_super(struct restore *s, const struct dmbc_record *r,
				   struct dmbc_error *err)
{
	__u64 v[NR_NUMBERS];
	struct dmbc_why why;

	if (s->has_super || !get_numbers(r, super_names, v) || v[FORMAT] != 1 ||
	    !get_uuid(r, "uuid", s->super.uuid) || !get_uuid(r, "set_uuid", s->super.set_uuid) ||
	    !dmbc_record_bytes(r, "label", s->super.label, sizeof(s->super.label)))
		return wrong(s, err, "not the super line of a dump of format 1");
	fill_super(&s->super, v);
	if (dmbc_verify_cache_super(&s->super, dmbc_device_sectors(s->p->dev), &s->g, &why))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: the dump does not fit: %s; use a device as large as the "
				      "old one",
				      dmbc_device_path(s->p->dev), why.text);
	if (!v[NODE] || v[NODE] > s->g.meta_sectors || v[NODE] & (s->g.block_sectors - 1))
		return wrong(s, err, "no possible node_size");
	s->g.node_sectors = (__u32)v[NODE];
	dmbc_note_init(&s->notes, s->g.set_magic);
	s->extents = v[EXTENTS];
	s->build.journal_seq = v[JSEQ] + 1;
	s->build.prio_seq = v[PSEQ] + 1;
	s->has_super = true;
	return make_tables(s, err);
}

/* ---- tables ------------------------------------------------------------------------------ */

static enum dmbc_result take_disk(struct restore *s, const struct dmbc_record *r,
				  struct dmbc_error *err)
{
	static const char *const names[] = { "slot",  "first",	 "last", "invalidated",
					     "flags", "sectors", NULL };
	struct dmbc_disk_uuid *u;
	__u64 v[6];

	if (s->begun || !get_numbers(r, names, v) || v[0] >= s->slots)
		return wrong(s, err, "not a disk of this cache");
	u = &s->uuid[v[0]];
	if (!get_uuid(r, "uuid", u->uuid) ||
	    !dmbc_record_bytes(r, "label", u->label, sizeof(u->label)))
		return wrong(s, err, "a disk without a good uuid or label");
	u->first_reg = __cpu_to_le32((__u32)v[1]);
	u->last_reg = __cpu_to_le32((__u32)v[2]);
	u->invalidated = __cpu_to_le32((__u32)v[3]);
	u->flags = __cpu_to_le32((__u32)v[4]);
	u->sectors = __cpu_to_le64(v[5]);
	s->disks++;
	return DMBC_OK;
}

static enum dmbc_result take_note(struct restore *s, const struct dmbc_record *r,
				  struct dmbc_error *err)
{
	static const char *const names[] = { "sectors", "super_seq", "state", "open",  "known",
					     "hash0",	"hash1",     "hash2", "hash3", "hash4",
					     "hash5",	"hash6",     "hash7", NULL };
	struct dmbc_disk_note *n;
	__u64 v[5 + DMBC_NOTE_REGIONS];
	__u8 uuid[16];
	int i;

	if (s->begun || !get_numbers(r, names, v) || !get_uuid(r, "uuid", uuid) || v[2] > 255 ||
	    v[3] > 1 || v[4] > 65535 || !dmbc_note_has_room(&s->g) ||
	    dmbc_note_find(&s->notes, uuid))
		return wrong(s, err, "not a note on a disk in place");
	n = dmbc_note_add(&s->notes, uuid);
	if (!n)
		return wrong(s, err, "too many notes");
	n->sectors = __cpu_to_le64(v[0]);
	n->super_seq = __cpu_to_le64(v[1]);
	n->state = (__u8)v[2];
	n->open = (__u8)v[3];
	n->known = __cpu_to_le16((__u16)v[4]);
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		n->hash[i] = __cpu_to_le64(v[5 + i]);
	return DMBC_OK;
}

static enum dmbc_result take_bucket(struct restore *s, const struct dmbc_record *r,
				    struct dmbc_error *err)
{
	static const char *const names[] = { "number", "gen", "prio", "data", NULL };
	struct dmbc_set_bucket *b;
	__u64 v[4];

	if (s->begun || !get_numbers(r, names, v) || v[0] < dmbc_geometry_first_free(&s->g) ||
	    v[0] >= s->g.nbuckets || v[1] > 255 || v[2] > 65535 || v[3] > 1)
		return wrong(s, err, "not a bucket of this cache");
	b = &s->bucket[v[0]];
	b->gen = (__u8)v[1];
	b->prio = (__u16)v[2];
	b->use = v[3] ? DMBC_USE_DATA : DMBC_USE_NONE;
	/* which buckets hold dirty data is not known yet: none gives way */
	b->dirty = v[3] != 0;
	s->buckets++;
	return DMBC_OK;
}

/* ---- extents ------------------------------------------------------------------------------- */

static enum dmbc_result write_zeroes(const struct restore *s, __u64 sector, __u64 sectors,
				     struct dmbc_error *err)
{
	void *zero = dmbc_device_buffer(ZERO_BYTES);
	__u64 n;
	int r = 0;

	if (!zero)
		return dmbc_error_memory(s->p->dev, err);
	memset(zero, 0, ZERO_BYTES);
	for (; sectors && !r; sectors -= n, sector += n) {
		n = sectors < ZERO_BYTES / DMBC_SECTOR_BYTES ? sectors
							     : ZERO_BYTES / DMBC_SECTOR_BYTES;
		r = dmbc_device_write(s->p->dev, sector, (__u32)n, zero);
	}
	free(zero);
	if (!r)
		return dmbc_device_sync(s->p->dev, err);
	return dmbc_error_set(err, DMBC_IO, "%s: cannot write: %s; check the device",
			      dmbc_device_path(s->p->dev), strerror(r));
}

/* From here on the device is no longer what it was. */
static enum dmbc_result begin(struct restore *s, struct dmbc_error *err)
{
	enum dmbc_result r;

	s->begun = true;
	s->build.dev = s->p->dev;
	s->build.g = s->g;
	s->build.bucket = s->bucket;
	s->build.uuid = s->uuid;
	s->build.slots = s->slots;
	r = dmbc_build_begin(&s->build, s->extents, err);
	if (r != DMBC_OK || s->p->dry_run)
		return r;
	r = write_zeroes(s, DMBC_SB_SECTOR, DMBC_SB_BYTES / DMBC_SECTOR_BYTES, err);
	if (r == DMBC_OK && dmbc_note_has_room(&s->g))
		r = write_zeroes(s, dmbc_note_place(0), DMBC_NOTES_COPIES * DMBC_NOTES_SECTORS,
				 err);
	if (r == DMBC_OK)
		r = write_zeroes(s, dmbc_geometry_sector(&s->g, s->g.first_bucket),
				 (__u64)s->g.njournal * s->g.bucket_sectors, err);
	return r;
}

static enum dmbc_result copy_data(const struct restore *s, const struct dmbc_key *k,
				  struct dmbc_error *err)
{
	__u64 sector = dmbc_ptr_sector(k->ptr), from = sector & ~7ULL;
	__u32 sectors = (__u32)(((sector + dmbc_key_size(k) + 7) & ~7ULL) - from);
	int r = dmbc_device_read(s->p->data, from, sectors, s->data);

	if (!r)
		r = dmbc_device_write(s->p->dev, sector, dmbc_key_size(k),
				      (char *)s->data + (sector - from) * DMBC_SECTOR_BYTES);
	if (!r)
		return DMBC_OK;
	return dmbc_error_set(
		err, DMBC_IO,
		"%s: cannot copy data at sector %llu: %s; check the device and the kernel log",
		dmbc_device_path(s->p->data), sector, strerror(r));
}

static bool get_extent(const struct restore *s, const struct dmbc_record *r, struct dmbc_key *k)
{
	static const char *const names[] = {
		"disk", "start", "sectors", "at", "gen", "dirty", NULL
	};
	const struct dmbc_set_bucket *b;
	__u64 v[6];

	if (!get_numbers(r, names, v) || v[0] > DMBC_KEY_MAX_INODE || v[1] > DMBC_KEY_MAX_OFFSET ||
	    !v[2] || v[2] > DMBC_KEY_MAX_SECTORS || v[3] >> DMBC_PTR_OFFSET_BITS || v[4] > 255 ||
	    v[5] > 1)
		return false;
	*k = dmbc_key_make((__u32)v[0], v[1] + v[2], (__u32)v[2], v[5],
			   dmbc_ptr_make(v[3], (__u8)v[4]));
	if (dmbc_verify_leaf_key(&s->g, k, NULL))
		return false;
	b = dmbc_set_bucket_at(s->bucket, &s->g, k->ptr);
	return b->use == DMBC_USE_DATA && b->gen == v[4] &&
	       dmbc_pos_cmp(dmbc_key_inode(&s->before), s->before.low, dmbc_key_inode(k),
			    dmbc_key_start(k)) <= 0;
}

static enum dmbc_result take_extent(struct restore *s, const struct dmbc_record *r,
				    struct dmbc_error *err)
{
	enum dmbc_result result = s->begun ? DMBC_OK : begin(s, err);
	struct dmbc_key k;

	if (result != DMBC_OK)
		return result;
	if (!get_extent(s, r, &k) || s->report->extents == s->extents)
		return wrong(s, err, "not an extent, or out of order, or in no data bucket");
	s->before = k;
	s->report->extents++;
	s->report->dirty += dmbc_key_dirty(&k) ? dmbc_key_size(&k) : 0;
	if (s->p->dry_run)
		return DMBC_OK;
	if (s->p->data)
		result = copy_data(s, &k, err);
	return result == DMBC_OK ? dmbc_build_add(&s->build, &k, err) : result;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* Older dumps have none, and do not say so. */
static bool has_all_notes(const struct restore *s, const struct dmbc_record *r)
{
	__u64 nr = 0;

	dmbc_record_get(r, "notes", &nr);
	return nr == __le32_to_cpu(s->notes.nr);
}

static enum dmbc_result take_end(struct restore *s, const struct dmbc_record *r,
				 struct dmbc_error *err)
{
	static const char *const names[] = { "disks", "buckets", "extents", NULL };
	__u64 v[3];
	enum dmbc_result result = s->begun ? DMBC_OK : begin(s, err);

	if (result != DMBC_OK)
		return result;
	if (!get_numbers(r, names, v) || v[0] != s->disks || v[1] != s->buckets ||
	    v[2] != s->report->extents || !has_all_notes(s, r))
		return wrong(s, err, "lines are missing");
	s->ended = true;
	if (s->p->dry_run)
		return DMBC_OK;
	result = dmbc_build_end(&s->build, err);
	if (result == DMBC_OK && s->notes.nr)
		result = dmbc_inplace_write_notes(s->p->dev, &s->notes, err);
	if (result == DMBC_OK)
		result = dmbc_device_write_super(s->p->dev, &s->super, err);
	return result;
}

static enum dmbc_result take_line(struct restore *s, char *line, struct dmbc_error *err)
{
	struct dmbc_record r;

	if (!dmbc_record_parse(&r, line) || s->ended)
		return wrong(s, err, "not a line of a dump");
	if (!strcmp(r.type, "super"))
		return take_super(s, &r, err);
	if (!s->has_super)
		return wrong(s, err, "the super line is not the first");
	if (!strcmp(r.type, "disk"))
		return take_disk(s, &r, err);
	if (!strcmp(r.type, "note"))
		return take_note(s, &r, err);
	if (!strcmp(r.type, "bucket"))
		return take_bucket(s, &r, err);
	if (!strcmp(r.type, "extent"))
		return take_extent(s, &r, err);
	if (!strcmp(r.type, "end"))
		return take_end(s, &r, err);
	return wrong(s, err, "an unknown kind of line");
}

enum dmbc_result dmbc_restore_run(const struct dmbc_restore_params *params,
				  struct dmbc_restore_report *report, struct dmbc_error *err)
{
	struct restore s = { .p = params, .report = report };
	enum dmbc_result r = DMBC_OK;
	char *line = NULL;
	size_t room = 0;

	memset(report, 0, sizeof(*report));
	while (r == DMBC_OK && getline(&line, &room, params->in) > 0) {
		s.line++;
		r = take_line(&s, line, err);
	}
	if (r == DMBC_OK && !s.ended)
		r = wrong(&s, err, "it breaks off");
	report->evicted = s.build.skipped;
	dmbc_build_exit(&s.build);
	free(line);
	free(s.data);
	free(s.bucket);
	free(s.uuid);
	return r;
}
