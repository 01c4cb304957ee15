// SPDX-License-Identifier: GPL-2.0
/* dmbcache restore: a cache from a dump. */
#include "dump.h"
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <string.h>

enum key { KEY_FROM = 256, KEY_DATA, KEY_FORCE, KEY_DRY_RUN, KEY_JSON };

static const struct option_row options[] = {
	{ "from", KEY_FROM, "FILE", "the dump, text or JSON; - is standard input" },
	{ "data", KEY_DATA, "DEV", "the cache the dump is of: its data is copied to DEV as well" },
	{ "force", KEY_FORCE, NULL, "DEV may hold something: it is overwritten" },
	{ "dry-run", KEY_DRY_RUN, NULL, "read and check the dump, write nothing" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	const char *from, *data, *path;
	bool force, dry_run, json;
};

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_FROM: q->from = optarg; break;
		case KEY_DATA: q->data = optarg; break;
		case KEY_FORCE: q->force = true; break;
		case KEY_DRY_RUN: q->dry_run = true; break;
		case KEY_JSON: q->json = true; break;
		}
	}
	if (!q->from)
		return tool_refuse("restore: no dump given; add --from FILE");
	if (optind + 1 != argc)
		return tool_refuse("restore: name one device; see dmbcache restore --help");
	q->path = argv[optind];
	if (q->data && dmbc_device_same(q->data, q->path))
		return tool_refuse("--data %s: the device itself; leave it out, its data stays",
				   q->data);
	return DMBC_OK;
}

static void print_json(const struct request *q, const struct dmbc_restore_report *report)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "device", json_object_new_string(q->path));
	json_object_object_add(o, "dry_run", json_object_new_boolean(q->dry_run));
	tool_json_number(o, "extents", report->extents);
	tool_json_number(o, "dirty_bytes", report->dirty * DMBC_SECTOR_BYTES);
	tool_json_number(o, "evicted_extents", report->evicted);
	tool_print_json(o);
}

static void print_text(const struct request *q, const struct dmbc_restore_report *report)
{
	char dirty[32];

	dmbc_text_size(report->dirty * DMBC_SECTOR_BYTES, dirty, sizeof(dirty));
	printf("%s: %llu extents, %s dirty%s\n", q->path, report->extents, dirty,
	       q->dry_run ? "; nothing was written" : ", restored");
	if (report->evicted)
		printf("%llu extents of clean data gave way to the index\n", report->evicted);
	if (!q->dry_run)
		printf("\nNext: dmbcache check %s\n", q->path);
}

static enum dmbc_result restore(const struct request *q, struct dmbc_restore_params *p,
				struct dmbc_error *err)
{
	enum dmbc_access access = q->dry_run ? DMBC_ACCESS_PROBE : DMBC_ACCESS_WRITE;
	struct dmbc_restore_report report;
	enum dmbc_result r = dmbc_device_open(q->path, access, &p->dev, err);

	if (r == DMBC_OK && !q->force)
		r = dmbc_signature_refuse(p->dev, err);
	if (r == DMBC_OK && q->data)
		r = dmbc_device_open(q->data, DMBC_ACCESS_READ, &p->data, err);
	if (r == DMBC_OK)
		r = dmbc_restore_run(p, &report, err);
	if (r != DMBC_OK)
		return r;
	if (q->json)
		print_json(q, &report);
	else
		print_text(q, &report);
	return DMBC_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .from = NULL };
	struct dmbc_restore_params p = { .in = NULL };
	struct dmbc_error err;
	enum dmbc_result r;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	p.in_name = q.from;
	p.dry_run = q.dry_run;
	p.in = strcmp(q.from, "-") ? fopen(q.from, "re") : stdin;
	if (!p.in) {
		tool_refuse("%s: cannot open: %s; check the path", q.from, strerror(errno));
		return DMBC_IO;
	}
	r = restore(&q, &p, &err);
	if (r != DMBC_OK)
		tool_report(r, &err);
	dmbc_device_close(p.data);
	dmbc_device_close(p.dev);
	if (p.in != stdin)
		fclose(p.in);
	return (int)r;
}

const struct command cmd_restore = {
	.name = "restore",
	.arguments = "--from FILE [OPTION...] DEV",
	.summary = "Write a cache from a dump.",
	.example = "dmbcache restore --from cache.dump --data /dev/nvme0n1p3 /dev/nvme1n1p3",
	.options = options,
	.run = run,
};
