// SPDX-License-Identifier: GPL-2.0
/*
 * A super block for people and for programs. Both forms come from one list of
 * rows, so that neither can lack a field that the other has: collect() names
 * the fields, dmbc_report_text() and dmbc_report_json() only lay them out.
 *
 * The names of the rows are an interface: scripts use them.
 */
#include "internal.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#define MAX_ROWS 32
#define ROW_TEXT (DMBC_LABEL_TEXT + 32)

struct row {
	const char *name;
	struct json_object *value;
	char text[ROW_TEXT];
};

struct rows {
	unsigned int count;
	struct row row[MAX_ROWS];
};

static struct row *add(struct rows *rows, const char *name, struct json_object *value)
{
	struct row *row = &rows->row[rows->count++];

	row->name = name;
	row->value = value;
	return row;
}

static void add_text(struct rows *rows, const char *name, const char *value, const char *if_empty)
{
	struct row *row = add(rows, name, json_object_new_string(value));

	snprintf(row->text, sizeof(row->text), "%s", *value ? value : if_empty);
}

static void add_number(struct rows *rows, const char *name, __u64 value)
{
	struct row *row = add(rows, name, json_object_new_uint64(value));

	snprintf(row->text, sizeof(row->text), "%" PRIu64, (uint64_t)value);
}

static void add_bool(struct rows *rows, const char *name, bool value)
{
	struct row *row = add(rows, name, json_object_new_boolean(value));

	snprintf(row->text, sizeof(row->text), "%s", value ? "yes" : "no");
}

static void add_size(struct rows *rows, const char *name, __u64 sectors)
{
	struct row *row = add(rows, name, json_object_new_uint64(sectors << DMBC_SECTOR_SHIFT));
	char size[32];

	dmbc_text_size(sectors << DMBC_SECTOR_SHIFT, size, sizeof(size));
	snprintf(row->text, sizeof(row->text), "%s (%" PRIu64 " sectors)", size, (uint64_t)sectors);
}

/* A field whose values have names; @name_of_value is NULL for one out of range. */
static void add_named(struct rows *rows, const char *name, unsigned int value,
		      const char *name_of_value)
{
	char text[32];

	snprintf(text, sizeof(text), "unknown (%u)", value);
	add_text(rows, name, name_of_value ? name_of_value : text, "");
}

static void add_features(struct rows *rows, const struct dmbc_super_info *info)
{
	__u64 unknown = info->incompat & ~DMBC_INCOMPAT_KNOWN;
	char text[ROW_TEXT];

	snprintf(text, sizeof(text), "%s%s%s",
		 info->incompat & DMBC_INCOMPAT_OBSOLETE_LARGE ? "obso_large_bucket " : "",
		 info->incompat & DMBC_INCOMPAT_LOG_LARGE ? "large_bucket " : "",
		 unknown ? "unknown " : "");
	if (*text)
		text[strlen(text) - 1] = '\0';
	add_text(rows, "features", text, "none");
	add_number(rows, "feature_compat", info->compat);
	add_number(rows, "feature_incompat", info->incompat);
	add_number(rows, "feature_ro_compat", info->ro_compat);
}

static void collect_cache(const struct dmbc_super_info *info, struct rows *rows)
{
	add_bool(rows, "initialised", info->sync);
	add_size(rows, "bucket_size", info->bucket_sectors);
	add_number(rows, "buckets", info->nbuckets);
	add_number(rows, "first_bucket", info->first_bucket);
	add_number(rows, "journal_buckets", info->njournal);
	add_named(rows, "replacement", info->replacement, dmbc_text_replacement(info->replacement));
	add_bool(rows, "discard", info->discard);
	add_number(rows, "devices_in_set", info->nr_in_set);
	add_number(rows, "device_number", info->nr_this_dev);
}

static void collect_backing(const struct dmbc_super_info *info, struct rows *rows)
{
	__u64 data = info->device_sectors > info->data_offset
			     ? info->device_sectors - info->data_offset
			     : 0;

	add_named(rows, "mode", info->mode, dmbc_text_mode(info->mode));
	add_named(rows, "state", info->state, dmbc_text_state(info->state));
	add_size(rows, "data_offset", info->data_offset);
	add_size(rows, "data_size", data);
}

static void collect(const struct dmbc_super_info *info, struct rows *rows)
{
	struct row *row;

	add_number(rows, "version", info->version);
	row = &rows->row[rows->count - 1];
	if (dmbc_text_version(info->version))
		snprintf(row->text, sizeof(row->text), "%u (%s)", (unsigned int)info->version,
			 dmbc_text_version(info->version));
	add_text(rows, "uuid", info->uuid, "");
	add_text(rows, "set_uuid", info->has_set ? info->set_uuid : "", "none (not attached)");
	add_text(rows, "label", info->label, "none");
	add_size(rows, "device_size", info->device_sectors);
	add_size(rows, "block_size", info->block_sectors);
	if (info->kind == DMBC_KIND_CACHE)
		collect_cache(info, rows);
	else
		collect_backing(info, rows);
	add_number(rows, "seq", info->seq);
	add_number(rows, "last_mount", info->last_mount);
	add_features(rows, info);
	row = add(rows, "flags", json_object_new_uint64(info->flags));
	snprintf(row->text, sizeof(row->text), "0x%" PRIx64, (uint64_t)info->flags);
	add_number(rows, "super_sector", info->offset);
	add_bool(rows, "checksum_ok", info->csum_ok);
}

static const char *kind_text(enum dmbc_kind kind)
{
	if (kind == DMBC_KIND_NONE)
		return "none";
	return kind == DMBC_KIND_CACHE ? "cache" : "backing";
}

static const char *verdict_text(const struct dmbc_super_info *info)
{
	if (info->verdict == DMBC_NOT_BCACHE)
		return "not bcache";
	if (info->verdict == DMBC_OK)
		return "ok";
	return info->unsupported ? "unsupported" : "damaged";
}

void dmbc_report_text(FILE *out, const char *path, const struct dmbc_super_info *info)
{
	struct rows rows = { .count = 0 };
	unsigned int i;

	collect(info, &rows);
	fprintf(out, "%s: bcache %s device, %s%s%s\n", path, kind_text(info->kind),
		verdict_text(info), *info->why ? ": " : "", info->why);
	for (i = 0; i < rows.count; i++) {
		fprintf(out, "  %-18s %s\n", rows.row[i].name, rows.row[i].text);
		json_object_put(rows.row[i].value);
	}
}

struct json_object *dmbc_report_json(const char *path, const struct dmbc_super_info *info)
{
	struct json_object *object = json_object_new_object();
	struct rows rows = { .count = 0 };
	unsigned int i;

	json_object_object_add(object, "device", json_object_new_string(path));
	json_object_object_add(object, "kind", json_object_new_string(kind_text(info->kind)));
	json_object_object_add(object, "verdict", json_object_new_string(verdict_text(info)));
	json_object_object_add(object, "reason", json_object_new_string(info->why));
	if (info->kind == DMBC_KIND_NONE)
		return object;
	collect(info, &rows);
	for (i = 0; i < rows.count; i++)
		json_object_object_add(object, rows.row[i].name, rows.row[i].value);
	return object;
}
