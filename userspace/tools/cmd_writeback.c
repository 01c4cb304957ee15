// SPDX-License-Identifier: GPL-2.0
/* dmbcache writeback and dmbcache verify: data between a cache and its disks, without the kernel module. */
#include "inplace.h"
#include "session.h"
#include "set.h"
#include "writeback.h"

#include <getopt.h>
#include <json-c/json.h>
#include <string.h>

enum key { KEY_KEEP = 256, KEY_ORIGIN_ID, KEY_FORCE, KEY_DRY_RUN, KEY_JSON };

static const struct option_row writeback_options[] = {
	{ "keep", KEY_KEEP, NULL, "leave the disks attached to the cache, and dirty" },
	{ "origin-id", KEY_ORIGIN_ID, "UUID", "of the one disk, which is cached in place" },
	{ "force", KEY_FORCE, NULL, "of a damaged cache: what can be read" },
	{ "dry-run", KEY_DRY_RUN, NULL, "say how much there is, write nothing" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

static const struct option_row verify_options[] = {
	{ "origin-id", KEY_ORIGIN_ID, "UUID", "of the one disk, which is cached in place" },
	{ "force", KEY_FORCE, NULL, "of a damaged cache: what can be read" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	struct session_params p;
	bool keep, dry_run, json;
	bool verify;
	const char *origin_id;
};

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	int key, i;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_KEEP: q->keep = true; break;
		case KEY_ORIGIN_ID: q->origin_id = optarg; break;
		case KEY_FORCE: q->p.force = true; break;
		case KEY_DRY_RUN: q->dry_run = true; break;
		case KEY_JSON: q->json = true; break;
		}
	}
	if (optind + 2 > argc)
		return tool_refuse(
			"%s: name the cache device and its disks; see dmbcache %s --help",
			command->name, command->name);
	if (q->origin_id && optind + 2 != argc)
		return tool_refuse("--origin-id: is that of one disk; name only that");
	q->p.path = argv[optind];
	for (i = optind + 1; i < argc; i++)
		if (disks_add(&q->p.disks, argv[i]) != DMBC_OK)
			return DMBC_REFUSED;
	if (q->origin_id && disks_set_id(&q->p.disks, q->origin_id) != DMBC_OK)
		return DMBC_REFUSED;
	q->p.writes = q->origin_id && !q->verify && !q->dry_run;
	return DMBC_OK;
}

static enum dmbc_result open_disks(const struct request *q, struct dmbc_device **disk,
				   struct dmbc_error *err)
{
	enum dmbc_access access = q->verify || q->dry_run ? DMBC_ACCESS_READ : DMBC_ACCESS_WRITE;
	enum dmbc_result r = DMBC_OK;
	unsigned int i;

	for (i = 0; i < q->p.disks.nr && r == DMBC_OK; i++)
		r = dmbc_device_open(q->p.disks.path[i], access, &disk[i], err);
	return r;
}

/* Sectors of the disks given that are dirty, or are not. */
static __u64 amount(const struct session *s, bool dirty)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < s->origins; i++) {
		int slot = dmbc_set_find_slot(s->set, s->origin[i].uuid);
		const struct dmbc_check_tally *t = slot < 0 ? NULL : &s->report.tally[slot];

		if (t)
			sum += dirty ? t->dirty : t->sectors - t->dirty;
	}
	return sum;
}

static enum dmbc_result detach(const struct request *q, const struct session *s,
			       struct dmbc_device **disk, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	unsigned int i;

	if (q->origin_id) {
		r = dmbc_inplace_detach(s->set, s->origin[0].uuid, err);
		if (r == DMBC_OK && !q->json)
			printf("%s: complete; the cache will drop what it has of it\n",
			       q->p.disks.path[0]);
		return r;
	}
	for (i = 0; i < q->p.disks.nr && r == DMBC_OK; i++) {
		r = dmbc_writeback_detach(disk[i], err);
		if (r == DMBC_OK && !q->json)
			printf("%s: complete and detached; its data begins at sector %llu\n",
			       q->p.disks.path[i], s->origin[i].data_offset);
	}
	return r;
}

/* @detached: of the disks given. */
static void print_json(const struct request *q, const struct session *s, __u64 done, bool detached)
{
	struct json_object *o = json_object_new_object(), *disks = json_object_new_array();
	unsigned int i;

	json_object_object_add(o, "device", json_object_new_string(q->p.path));
	json_object_object_add(o, "verdict",
			       json_object_new_string(findings_verdict(&s->out.findings)));
	tool_json_number(o, q->verify ? "compared_bytes" : "written_bytes",
			 q->dry_run ? 0 : done * DMBC_SECTOR_BYTES);
	if (q->dry_run)
		tool_json_number(o, "dirty_bytes", done * DMBC_SECTOR_BYTES);
	for (i = 0; i < q->p.disks.nr; i++)
		json_object_array_add(disks, json_object_new_string(q->p.disks.path[i]));
	json_object_object_add(o, "disks", disks);
	if (!q->verify)
		json_object_object_add(o, "detached", json_object_new_boolean(detached));
	json_object_object_add(o, "findings", json_object_get(s->out.list));
	tool_print_json(o);
}

static void print_text(const struct request *q, __u64 done)
{
	char size[32];

	dmbc_text_size(done * DMBC_SECTOR_BYTES, size, sizeof(size));
	printf("%s: %s %s\n", q->p.path, size,
	       q->verify    ? "of clean data compared"
	       : q->dry_run ? "to be written back; nothing was written"
			    : "written back");
}

static enum dmbc_result work(const struct request *q, struct session *s, struct dmbc_device **disk,
			     struct dmbc_error *err)
{
	struct dmbc_writeback w = {
		.set = s->set,
		.origin = s->origin,
		.disk = disk,
		.origins = s->origins,
		.findings = &s->out.findings,
		.dry_run = q->dry_run,
		.progress = tool_progress,
		.total = amount(s, !q->verify),
	};
	enum dmbc_result r =
		q->verify ? dmbc_writeback_verify(&w, err) : dmbc_writeback_run(&w, err);
	bool detaches;

	findings_end(&s->out);
	if (r != DMBC_OK)
		return r;
	if (!q->json)
		print_text(q, w.done);
	r = dmbc_check_verdict(&s->out.findings);
	err->text[0] = '\0';
	detaches = r < DMBC_BROKEN && !q->verify && !q->dry_run && !q->keep;
	if (r < DMBC_BROKEN)
		r = detaches ? detach(q, s, disk, err) : DMBC_OK;
	if (q->json)
		print_json(q, s, w.done, detaches && r == DMBC_OK);
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct dmbc_device *disk[FINDINGS_ORIGINS] = { NULL };
	struct request q = { .verify = !strcmp(command->name, "verify") };
	struct session s;
	struct dmbc_error err;
	enum dmbc_result r;
	unsigned int i;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	q.p.list = q.json ? json_object_new_array() : NULL;
	r = session_open(&s, &q.p, &err);
	if (r >= DMBC_BROKEN && q.json)
		print_json(&q, &s, 0, false);
	if (r == DMBC_OK)
		r = open_disks(&q, disk, &err);
	if (r == DMBC_OK && q.p.writes)
		r = dmbc_inplace_begin(s.set, s.origin[0].uuid, &err);
	if (r == DMBC_OK)
		r = work(&q, &s, disk, &err);
	if (r != DMBC_OK && err.text[0])
		tool_report(r, &err);
	for (i = 0; i < FINDINGS_ORIGINS; i++)
		dmbc_device_close(disk[i]);
	session_close(&s);
	json_object_put(q.p.list);
	return (int)r;
}

const struct command cmd_writeback = {
	.name = "writeback",
	.arguments = "[OPTION...] SSD DISK...",
	.summary = "Write all dirty data to the disks, without the kernel module.",
	.example = "dmbcache writeback /dev/nvme0n1p3 /dev/sdb",
	.options = writeback_options,
	.run = run,
};

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "[OPTION...] SSD DISK...",
	.summary = "Compare clean data with the disks.",
	.example = "dmbcache verify /dev/nvme0n1p3 /dev/sdb",
	.options = verify_options,
	.run = run,
};
