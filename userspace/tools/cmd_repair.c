// SPDX-License-Identifier: GPL-2.0
/*
 * dmbcache repair: a damaged cache made one that starts.
 *
 * In time order: prepare() opens the device, or makes the copy that is to be
 * repaired, and has the super block mended; repair() does the work in libdmbc,
 * which asks for each piece to be saved before it writes; print_result().
 */
#include "backup.h"
#include "disks.h"
#include "repair.h"
#include "set.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

enum key {
	KEY_TO = 256,
	KEY_BACKUP,
	KEY_NO_BACKUP,
	KEY_UNDO,
	KEY_BACKING,
	KEY_ORIGIN_ID,
	KEY_MAX,
	KEY_DRY_RUN,
	KEY_JSON
};

#define COPY_SECTORS 8192U

static const struct option_row options[] = {
	{ "to", KEY_TO, "DEV", "copy the cache to DEV first and repair the copy" },
	{ "backup", KEY_BACKUP, "FILE", "what is overwritten goes there (dmbcache-UUID.backup)" },
	{ "no-backup", KEY_NO_BACKUP, NULL, "keep nothing of what is overwritten" },
	{ "undo", KEY_UNDO, "FILE", "write a backup file back" },
	DISKS_BACKING_ROW(KEY_BACKING, "a disk of this cache, to find a lost table"),
	DISKS_ORIGIN_ID_ROW(KEY_ORIGIN_ID),
	{ "max", KEY_MAX, "NUMBER", "findings and lost ranges to print, of each (100)" },
	{ "dry-run", KEY_DRY_RUN, NULL, "say what would be kept and lost, write nothing" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	const char *path, *to, *backup, *undo;
	struct disks disks;
	__u64 max;
	bool no_backup, dry_run, json;
};

struct work {
	const struct request *q;
	struct dmbc_device *dev;
	struct dmbc_disk_super super;
	struct dmbc_backup *backup;
	char backup_path[64];
	bool mended; /* the super block */
	struct json_object *ranges; /* that are lost; NULL: they are printed */
	__u64 lost;
};

static int parse_option(int key, struct request *q)
{
	switch (key) {
	case KEY_TO: q->to = optarg; return DMBC_OK;
	case KEY_BACKUP: q->backup = optarg; return DMBC_OK;
	case KEY_NO_BACKUP: q->no_backup = true; return DMBC_OK;
	case KEY_UNDO: q->undo = optarg; return DMBC_OK;
	case KEY_DRY_RUN: q->dry_run = true; return DMBC_OK;
	case KEY_JSON: q->json = true; return DMBC_OK;
	case KEY_MAX:
		if (!dmbc_text_parse_size(optarg, &q->max))
			return tool_refuse("--max %s: not a number; use --max 1000", optarg);
		return DMBC_OK;
	case KEY_BACKING: return disks_add(&q->disks, optarg);
	case KEY_ORIGIN_ID: return disks_set_id(&q->disks, optarg);
	}
	return DMBC_REFUSED;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1)
		if (parse_option(key, q) != DMBC_OK)
			return DMBC_REFUSED;
	if (optind + 1 != argc)
		return tool_refuse("repair: name one cache device; see dmbcache repair --help");
	q->path = argv[optind];
	if (q->to && (q->backup || q->no_backup || q->undo))
		return tool_refuse("--to: the original stays as it is; leave the other option out");
	if (q->undo && (q->backup || q->no_backup))
		return tool_refuse("--undo: makes no backup; leave %s out",
				   q->backup ? "--backup" : "--no-backup");
	if (q->backup && q->no_backup)
		return tool_refuse("--backup and --no-backup: leave one of them out");
	if (q->to && q->dry_run)
		return tool_refuse("--to and --dry-run: leave one of them out");
	if (q->to && dmbc_device_same(q->to, q->path))
		return tool_refuse("--to %s: the device itself; leave it out", q->to);
	return DMBC_OK;
}

/* ---- before ------------------------------------------------------------------------ */

static enum dmbc_result copy_all(const struct dmbc_device *from, const struct dmbc_device *to,
				 struct dmbc_error *err)
{
	__u64 end = dmbc_device_sectors(from), at;
	void *buf = dmbc_device_buffer(COPY_SECTORS * DMBC_SECTOR_BYTES);
	int r = 0;

	for (at = 0; buf && !r && at < end; at += COPY_SECTORS) {
		__u32 n = end - at < COPY_SECTORS ? (__u32)(end - at) : COPY_SECTORS;

		tool_progress(NULL, at, end);
		r = dmbc_device_read(from, at, n, buf);
		if (!r)
			r = dmbc_device_write(to, at, n, buf);
	}
	free(buf);
	tool_progress(NULL, 0, 0);
	if (!r && buf)
		return dmbc_device_sync(to, err);
	snprintf(err->text, sizeof(err->text),
		 "%s: cannot be copied at sector %llu: %s; leave out --to, then only the index is "
		 "read",
		 dmbc_device_path(from), at, buf ? strerror(r) : "not enough memory");
	return DMBC_IO;
}

/* The copy of the device; it must be empty and large enough. */
static enum dmbc_result make_copy(struct work *w, struct dmbc_error *err)
{
	struct dmbc_device *from;
	enum dmbc_result r = dmbc_device_open(w->q->path, DMBC_ACCESS_ALONE, &from, err);

	if (r != DMBC_OK)
		return r;
	r = dmbc_device_open(w->q->to, DMBC_ACCESS_WRITE, &w->dev, err);
	if (r == DMBC_OK)
		r = dmbc_signature_refuse(w->dev, err);
	if (r == DMBC_OK && dmbc_device_sectors(w->dev) < dmbc_device_sectors(from)) {
		snprintf(err->text, sizeof(err->text),
			 "%s: smaller than %s; use a device as large or larger", w->q->to,
			 w->q->path);
		r = DMBC_REFUSED;
	}
	if (r == DMBC_OK)
		r = copy_all(from, w->dev, err);
	dmbc_device_close(from);
	return r;
}

static enum dmbc_result open_backup(struct work *w, struct dmbc_error *err)
{
	const char *path = w->q->backup;
	char uuid[DMBC_UUID_TEXT];

	if (w->q->no_backup || w->q->dry_run || w->q->to)
		return DMBC_OK;
	uuid_unparse_lower(w->super.uuid, uuid);
	snprintf(w->backup_path, sizeof(w->backup_path), "dmbcache-%s.backup", uuid);
	if (!path)
		path = w->backup_path;
	return dmbc_backup_create(path, w->dev, &w->super, &w->backup, err);
}

static enum dmbc_result prepare(struct work *w, struct dmbc_error *err)
{
	enum dmbc_access access = w->q->dry_run ? DMBC_ACCESS_ALONE : DMBC_ACCESS_WRITE;
	struct dmbc_super_info info;
	enum dmbc_result r;

	r = w->q->to ? make_copy(w, err) : dmbc_device_open(w->q->path, access, &w->dev, err);
	if (r == DMBC_OK)
		r = dmbc_device_read_super(w->dev, &w->super, err);
	if (r != DMBC_OK)
		return r;
	dmbc_super_decode(&w->super, dmbc_device_sectors(w->dev), &info);
	if (info.verdict == DMBC_DAMAGED && !info.csum_ok && dmbc_repair_super(&w->super)) {
		w->mended = true;
		if (!w->q->json)
			printf("super block: one bit was wrong%s\n",
			       w->q->dry_run ? "" : "; set right");
	}
	return open_backup(w, err);
}

/* ---- the work ------------------------------------------------------------------------ */

static struct json_object *lost_json(const struct dmbc_range *range, const char *why)
{
	struct json_object *o = json_object_new_object();

	if (range)
		findings_add_range(o, range);
	json_object_object_add(o, "why", json_object_new_string(why));
	return o;
}

/* Without a range: dirty data of anywhere may be lost. */
static void tell_lost(void *ctx, const struct dmbc_range *range, const char *why)
{
	struct work *w = ctx;

	if (w->lost++ >= w->q->max)
		return;
	if (w->ranges)
		json_object_array_add(w->ranges, lost_json(range, why));
	else if (!range)
		printf("lost    anywhere: %s\n", why);
	else if (range->to_inode != range->inode)
		printf("lost    disk %u, sector %llu to disk %u, sector %llu: %s\n", range->inode,
		       range->start, range->to_inode, range->end, why);
	else
		printf("lost    disk %u, sectors %llu to %llu: %s\n", range->inode, range->start,
		       range->end, why);
}

static enum dmbc_result save(void *ctx, __u64 sector, __u32 sectors, struct dmbc_error *err)
{
	struct work *w = ctx;

	return dmbc_backup_add(w->backup, sector, sectors, err);
}

static void print_json(const struct work *w, const struct dmbc_repair_report *report,
		       struct json_object *findings)
{
	struct json_object *o = json_object_new_object();
	const char *backup = w->q->backup ? w->q->backup : w->backup_path;

	json_object_object_add(o, "device", json_object_new_string(dmbc_device_path(w->dev)));
	json_object_object_add(o, "dry_run", json_object_new_boolean(w->q->dry_run));
	json_object_object_add(o, "super_block_mended", json_object_new_boolean(w->mended));
	tool_json_number(o, "extents", report->extents);
	tool_json_number(o, "dirty_bytes", report->dirty * DMBC_SECTOR_BYTES);
	tool_json_number(o, "dropped_bytes", report->dropped * DMBC_SECTOR_BYTES);
	tool_json_number(o, "nodes_found", report->orphans);
	tool_json_number(o, "lost_ranges", report->lost);
	json_object_object_add(o, "lost", json_object_get(w->ranges));
	json_object_object_add(o, "findings", json_object_get(findings));
	if (w->backup)
		json_object_object_add(o, "backup", json_object_new_string(backup));
	tool_print_json(o);
}

static void print_result(const struct work *w, const struct dmbc_repair_report *report)
{
	char dirty[32], dropped[32];

	dmbc_text_size(report->dirty * DMBC_SECTOR_BYTES, dirty, sizeof(dirty));
	dmbc_text_size(report->dropped * DMBC_SECTOR_BYTES, dropped, sizeof(dropped));
	if (w->lost > w->q->max)
		printf("%llu more lost ranges; add --max %llu to see them\n", w->lost - w->q->max,
		       w->lost);
	printf("%s: %s: %llu extents, %s dirty; %s of clean data dropped, %llu ranges lost, %llu "
	       "nodes found by search\n",
	       dmbc_device_path(w->dev), w->q->dry_run ? "nothing was written" : "repaired",
	       report->extents, dirty, dropped, report->lost, report->orphans);
	if (w->backup)
		printf("\nTo undo: dmbcache repair --undo %s %s\n",
		       w->q->backup ? w->q->backup : w->backup_path, w->q->path);
	if (!w->q->dry_run)
		printf("%sNext: dmbcache check %s\n", w->backup ? "" : "\n",
		       dmbc_device_path(w->dev));
}

static enum dmbc_result write_super(struct work *w, struct dmbc_error *err)
{
	if (!w->mended || w->q->dry_run)
		return DMBC_OK;
	return dmbc_device_write_super(w->dev, &w->super, err);
}

static enum dmbc_result open_set(struct work *w, struct dmbc_set **set, struct dmbc_error *err)
{
	enum dmbc_result r = dmbc_set_open_as(w->dev, &w->super, set, err);

	if (r == DMBC_OK && dmbc_set_is_fresh(*set)) {
		snprintf(err->text, sizeof(err->text),
			 "%s: never started: there is nothing to repair; see dmbcache show",
			 w->q->path);
		r = DMBC_REFUSED;
	}
	return r;
}

static enum dmbc_result repair(struct work *w, struct dmbc_error *err)
{
	struct dmbc_check_origin origin[FINDINGS_ORIGINS];
	struct dmbc_repair_params p = {
		.origin = origin, .lost = tell_lost, .progress = tool_progress, .ctx = w
	};
	struct dmbc_repair_report report;
	struct json_object *list = w->q->json ? json_object_new_array() : NULL;
	struct findings_out out;
	enum dmbc_result r = open_set(w, &p.set, err);

	w->ranges = w->q->json ? json_object_new_array() : NULL;
	findings_start(&out, stdout, list, w->q->max);
	p.findings = &out.findings;
	p.save = w->backup ? save : NULL;
	p.dry_run = w->q->dry_run;
	p.origins = w->q->disks.nr;
	if (r == DMBC_OK)
		r = disks_read(&w->q->disks, p.set, origin, err);
	if (r == DMBC_OK)
		r = dmbc_repair_run(&p, &report, err);
	if (r == DMBC_OK)
		r = write_super(w, err);
	findings_end(&out);
	if (r == DMBC_OK) {
		if (w->q->json)
			print_json(w, &report, list);
		else
			print_result(w, &report);
		r = report.lost ? DMBC_LOST : DMBC_OK;
		err->text[0] = '\0';
	}
	dmbc_set_close(p.set);
	json_object_put(w->ranges);
	json_object_put(list);
	return r;
}

static enum dmbc_result undo(const struct request *q, struct dmbc_error *err)
{
	enum dmbc_access access = q->dry_run ? DMBC_ACCESS_ALONE : DMBC_ACCESS_WRITE;
	struct dmbc_device *dev;
	__u64 pieces = 0;
	enum dmbc_result r = dmbc_device_open(q->path, access, &dev, err);

	if (r != DMBC_OK)
		return r;
	r = dmbc_backup_undo(q->undo, dev, q->dry_run, &pieces, err);
	if (r == DMBC_OK && q->json) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "device", json_object_new_string(q->path));
		json_object_object_add(o, "dry_run", json_object_new_boolean(q->dry_run));
		tool_json_number(o, "pieces", pieces);
		tool_print_json(o);
	} else if (r == DMBC_OK)
		printf("%s: %llu pieces %s\n", q->path, pieces,
		       q->dry_run ? "could be written back" : "written back: as before the repair");
	dmbc_device_close(dev);
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .max = FINDINGS_MAX };
	struct work w = { .q = &q };
	struct dmbc_error err = { "" };
	enum dmbc_result r;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	r = q.undo ? undo(&q, &err) : prepare(&w, &err);
	if (r == DMBC_OK && !q.undo)
		r = repair(&w, &err);
	if (r != DMBC_OK && err.text[0]) {
		fflush(stdout);
		tool_report(r, &err);
	}
	dmbc_backup_close(w.backup);
	dmbc_device_close(w.dev);
	return (int)r;
}

const struct command cmd_repair = {
	.name = "repair",
	.arguments = "[OPTION...] DEV",
	.summary = "Make a damaged cache one that starts.",
	.example = "dmbcache repair --dry-run /dev/nvme0n1p3",
	.options = options,
	.run = run,
};
