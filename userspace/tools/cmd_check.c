// SPDX-License-Identifier: GPL-2.0
/* dmbcache check: everything on a cache device against everything else. */
#include "disks.h"
#include "set.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

enum key { KEY_BACKING = 256, KEY_ORIGIN_ID, KEY_LEVEL, KEY_MAX, KEY_JSON };

static const struct option_row options[] = {
	DISKS_BACKING_ROW(KEY_BACKING, "a disk of this cache: its size and state count too"),
	DISKS_ORIGIN_ID_ROW(KEY_ORIGIN_ID),
	{ "level", KEY_LEVEL, "LEVEL",
	  "quick: no leaves; all (default); data: read dirty data too" },
	{ "max", KEY_MAX, "NUMBER", "findings to print (100); all of them count" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	struct disks disks;
	enum dmbc_check_level level;
	__u64 max;
	bool json;
};

static int parse_level(struct request *q)
{
	if (!strcmp(optarg, "quick"))
		q->level = DMBC_CHECK_QUICK;
	else if (!strcmp(optarg, "all"))
		q->level = DMBC_CHECK_ALL;
	else if (!strcmp(optarg, "data"))
		q->level = DMBC_CHECK_DATA;
	else
		return tool_refuse("--level %s: no such level; use quick, all or data", optarg);
	return DMBC_OK;
}

static int parse_option(int key, struct request *q)
{
	switch (key) {
	case KEY_BACKING: return disks_add(&q->disks, optarg);
	case KEY_ORIGIN_ID: return disks_set_id(&q->disks, optarg);
	case KEY_LEVEL: return parse_level(q);
	case KEY_MAX:
		if (!dmbc_text_parse_size(optarg, &q->max))
			return tool_refuse("--max %s: not a number; use --max 1000", optarg);
		return DMBC_OK;
	case KEY_JSON: q->json = true; return DMBC_OK;
	}
	return DMBC_REFUSED;
}

/* ---- the result ---------------------------------------------------------------- */

static struct json_object *disks_json(const struct dmbc_set *set,
				      const struct dmbc_check_report *report)
{
	struct json_object *list = json_object_new_array(), *o;
	char uuid[DMBC_UUID_TEXT], label[DMBC_LABEL_TEXT];
	__u32 i;

	for (i = 0; i < report->slots; i++) {
		if (!dmbc_set_slot_used(set, i) && !report->tally[i].extents)
			continue;
		o = json_object_new_object();
		uuid_unparse_lower(set->uuid[i].uuid, uuid);
		dmbc_text_label(set->uuid[i].label, label);
		tool_json_number(o, "slot", i);
		json_object_object_add(o, "uuid", json_object_new_string(uuid));
		json_object_object_add(o, "label", json_object_new_string(label));
		tool_json_number(o, "extents", report->tally[i].extents);
		tool_json_number(o, "cached_bytes", report->tally[i].sectors * DMBC_SECTOR_BYTES);
		tool_json_number(o, "dirty_bytes", report->tally[i].dirty * DMBC_SECTOR_BYTES);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(const struct dmbc_set *set, const struct dmbc_check_report *report,
		       const struct findings_out *out)
{
	struct json_object *o = json_object_new_object();
	static const char *const names[] = { "notes", "minor", "broken", "lost" };
	int i;

	json_object_object_add(o, "device", json_object_new_string(dmbc_device_path(set->dev)));
	json_object_object_add(o, "verdict",
			       json_object_new_string(dmbc_set_is_fresh(set)
							      ? "never started"
							      : findings_verdict(&out->findings)));
	for (i = 0; i < DMBC_NR_SEVERITIES; i++)
		tool_json_number(o, names[i], out->findings.count[i]);
	tool_json_number(o, "nodes", report->nodes);
	tool_json_number(o, "extents", report->extents);
	tool_json_number(o, "cached_bytes", report->sectors * DMBC_SECTOR_BYTES);
	tool_json_number(o, "dirty_bytes", report->dirty * DMBC_SECTOR_BYTES);
	tool_json_number(o, "journal_first", set->last_seq);
	tool_json_number(o, "journal_newest", set->newest);
	tool_json_number(o, "journal_keys", set->replay_keys);
	json_object_object_add(o, "disks", disks_json(set, report));
	json_object_object_add(o, "findings", json_object_get(out->list));
	tool_print_json(o);
}

static void print_text(const struct dmbc_set *set, const struct dmbc_check_report *report,
		       const struct findings_out *out)
{
	const char *path = dmbc_device_path(set->dev);
	char cached[32], dirty[32];

	if (dmbc_set_is_fresh(set)) {
		printf("%s: sound: never started, there is only a super block\n", path);
		return;
	}
	dmbc_text_size(report->sectors * DMBC_SECTOR_BYTES, cached, sizeof(cached));
	dmbc_text_size(report->dirty * DMBC_SECTOR_BYTES, dirty, sizeof(dirty));
	printf("%s: %s: %llu nodes, %llu extents, %s cached, %s dirty; journal %llu to %llu, "
	       "%llu keys to replay\n",
	       path, findings_verdict(&out->findings), report->nodes, report->extents, cached,
	       dirty, set->last_seq, set->newest, set->replay_keys);
}

/* ---- the work -------------------------------------------------------------------- */

static enum dmbc_result check_set(const struct request *q, struct dmbc_set *set,
				  struct dmbc_error *err)
{
	struct dmbc_check_origin origin[FINDINGS_ORIGINS];
	struct dmbc_check_params params = {
		.level = q->level,
		.origin = origin,
		.origins = q->disks.nr,
	};
	struct dmbc_check_report report = { .nodes = 0 };
	struct json_object *list = q->json ? json_object_new_array() : NULL;
	struct findings_out out;
	enum dmbc_result r = disks_read(&q->disks, set, origin, err);

	findings_start(&out, q->json ? NULL : stdout, list, q->max);
	params.findings = &out.findings;
	params.progress = tool_progress;
	if (r == DMBC_OK && !dmbc_set_is_fresh(set))
		r = dmbc_check_run(set, &params, &report, err);
	findings_end(&out);
	if (r == DMBC_OK) {
		if (q->json)
			print_json(set, &report, &out);
		else
			print_text(set, &report, &out);
		r = dmbc_check_verdict(&out.findings);
		err->text[0] = '\0';
	}
	json_object_put(list);
	dmbc_check_report_free(&report);
	return r;
}

static enum dmbc_result check_path(const struct request *q, const char *path)
{
	struct dmbc_device *dev = NULL;
	struct dmbc_set *set = NULL;
	struct dmbc_error err = { "" };
	enum dmbc_result r = dmbc_device_open(path, DMBC_ACCESS_ALONE, &dev, &err);

	if (r == DMBC_OK)
		r = dmbc_set_open(dev, &set, &err);
	if (r == DMBC_OK)
		r = check_set(q, set, &err);
	if (err.text[0]) {
		fflush(stdout);
		tool_report(r, &err);
	}
	dmbc_set_close(set);
	dmbc_device_close(dev);
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .level = DMBC_CHECK_ALL, .max = FINDINGS_MAX };
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1)
		if (parse_option(key, &q) != DMBC_OK)
			return DMBC_REFUSED;
	if (optind == argc)
		return tool_refuse("check: no device given; see dmbcache check --help");
	if (optind + 1 < argc)
		return tool_refuse("check: one cache device at a time; leave out %s, or give it as "
				   "--backing %s",
				   argv[optind + 1], argv[optind + 1]);
	return (int)check_path(&q, argv[optind]);
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[OPTION...] DEV",
	.summary = "Check everything on a cache device; nothing is written.",
	.example = "dmbcache check /dev/nvme0n1p3 --backing /dev/sdb",
	.options = options,
	.run = run,
};
