// SPDX-License-Identifier: GPL-2.0
/* Writing a dump: dump.h has its form. */
#include "dump.h"

#include "extents.h"
#include "inplace.h"
#include "internal.h"
#include "record.h"

#include <uuid/uuid.h>

struct dump {
	struct dmbc_set *set;
	FILE *out;
	bool json;
	__u64 disks, notes, buckets, extents;
};

static void add_uuid(struct dmbc_record *r, const char *name, const __u8 *uuid)
{
	char text[DMBC_UUID_TEXT];

	uuid_unparse_lower(uuid, text);
	dmbc_record_add_text(r, name, text);
}

static void dump_super(struct dump *d, __u64 extents)
{
	const struct dmbc_disk_super *sb = &d->set->super;
	struct dmbc_record r;

	dmbc_record_start(&r, "super");
	dmbc_record_add(&r, "format", 1);
	add_uuid(&r, "uuid", sb->uuid);
	add_uuid(&r, "set_uuid", sb->set_uuid);
	dmbc_record_add_bytes(&r, "label", sb->label, sizeof(sb->label));
	dmbc_record_add(&r, "version", __le64_to_cpu(sb->version));
	dmbc_record_add(&r, "incompat", __le64_to_cpu(sb->feature_incompat));
	dmbc_record_add(&r, "flags", __le64_to_cpu(sb->flags));
	dmbc_record_add(&r, "seq", __le64_to_cpu(sb->seq));
	dmbc_record_add(&r, "last_mount", __le32_to_cpu(sb->last_mount));
	dmbc_record_add(&r, "block_size", __le16_to_cpu(sb->block_size));
	dmbc_record_add(&r, "bucket_size", __le16_to_cpu(sb->bucket_size));
	dmbc_record_add(&r, "buckets", d->set->g.nbuckets);
	dmbc_record_add(&r, "first_bucket", d->set->g.first_bucket);
	dmbc_record_add(&r, "journal", d->set->g.njournal);
	dmbc_record_add(&r, "node_size", d->set->g.node_sectors);
	dmbc_record_add(&r, "journal_seq", d->set->newest);
	dmbc_record_add(&r, "prio_seq", d->set->prio_seq);
	dmbc_record_add(&r, "extents", extents);
	dmbc_record_write(&r, d->out, d->json);
}

static void dump_disks(struct dump *d)
{
	const struct dmbc_set *set = d->set;
	struct dmbc_record r;
	__u32 i;

	for (i = 0; i < set->slots; i++) {
		const struct dmbc_disk_uuid *u = &set->uuid[i];

		if (uuid_is_null(u->uuid))
			continue;
		dmbc_record_start(&r, "disk");
		dmbc_record_add(&r, "slot", i);
		add_uuid(&r, "uuid", u->uuid);
		dmbc_record_add_bytes(&r, "label", u->label, sizeof(u->label));
		dmbc_record_add(&r, "first", __le32_to_cpu(u->first_reg));
		dmbc_record_add(&r, "last", __le32_to_cpu(u->last_reg));
		dmbc_record_add(&r, "invalidated", __le32_to_cpu(u->invalidated));
		dmbc_record_add(&r, "flags", __le32_to_cpu(u->flags));
		dmbc_record_add(&r, "sectors", __le64_to_cpu(u->sectors));
		dmbc_record_write(&r, d->out, d->json);
		d->disks++;
	}
}

static enum dmbc_result dump_notes(struct dump *d, struct dmbc_error *err)
{
	struct dmbc_disk_notes table;
	enum dmbc_result result = dmbc_inplace_read_notes(d->set, &table, err);
	struct dmbc_record r;
	char name[8];
	__u32 i, n;

	for (i = 0; i < __le32_to_cpu(table.nr) && result == DMBC_OK; i++) {
		const struct dmbc_disk_note *note = &table.note[i];

		dmbc_record_start(&r, "note");
		add_uuid(&r, "uuid", note->uuid);
		dmbc_record_add(&r, "sectors", __le64_to_cpu(note->sectors));
		dmbc_record_add(&r, "super_seq", __le64_to_cpu(note->super_seq));
		dmbc_record_add(&r, "state", note->state);
		dmbc_record_add(&r, "open", note->open);
		dmbc_record_add(&r, "known", __le16_to_cpu(note->known));
		for (n = 0; n < DMBC_NOTE_REGIONS; n++) {
			snprintf(name, sizeof(name), "hash%u", n);
			dmbc_record_add(&r, name, __le64_to_cpu(note->hash[n]));
		}
		dmbc_record_write(&r, d->out, d->json);
		d->notes++;
	}
	return result;
}

static void dump_buckets(struct dump *d)
{
	struct dmbc_record r;
	__u64 i;

	for (i = dmbc_geometry_first_free(&d->set->g); i < d->set->g.nbuckets; i++) {
		const struct dmbc_set_bucket *b = &d->set->bucket[i];
		bool data = b->use == DMBC_USE_DATA;

		if (!b->gen && !data)
			continue;
		dmbc_record_start(&r, "bucket");
		dmbc_record_add(&r, "number", i);
		dmbc_record_add(&r, "gen", b->gen);
		dmbc_record_add(&r, "prio", data ? b->prio : 0);
		dmbc_record_add(&r, "data", data);
		dmbc_record_write(&r, d->out, d->json);
		d->buckets++;
	}
}

static bool dump_extent(void *ctx, const struct dmbc_key *k)
{
	static const char text[] = "extent disk=%u start=%llu sectors=%u at=%llu gen=%u dirty=%d\n";
	static const char json[] = "{\"type\":\"extent\",\"disk\":%u,\"start\":%llu,\"sectors\":%u,"
				   "\"at\":%llu,\"gen\":%u,\"dirty\":%d}\n";
	struct dump *d = ctx;

	fprintf(d->out, d->json ? json : text, dmbc_key_inode(k), dmbc_key_start(k),
		dmbc_key_size(k), dmbc_ptr_sector(k->ptr), dmbc_ptr_gen(k->ptr), dmbc_key_dirty(k));
	d->extents++;
	return !ferror(d->out);
}

enum dmbc_result dmbc_dump_run(struct dmbc_set *set, const struct dmbc_check_report *report,
			       FILE *out, bool json, struct dmbc_error *err)
{
	struct dump d = { .set = set, .out = out, .json = json };
	struct dmbc_record r;
	enum dmbc_result result;

	dump_super(&d, report->extents);
	dump_disks(&d);
	result = dump_notes(&d, err);
	if (result != DMBC_OK)
		return result;
	dump_buckets(&d);
	err->text[0] = '\0';
	result = dmbc_extents_run(set, dump_extent, &d, err);
	dmbc_record_start(&r, "end");
	dmbc_record_add(&r, "disks", d.disks);
	dmbc_record_add(&r, "notes", d.notes);
	dmbc_record_add(&r, "buckets", d.buckets);
	dmbc_record_add(&r, "extents", d.extents);
	if (result == DMBC_OK)
		dmbc_record_write(&r, out, json);
	if ((result != DMBC_OK && !err->text[0]) || fflush(out) || ferror(out))
		result = dmbc_error_set(err, DMBC_IO, "cannot write the dump; make room");
	return result;
}
