// SPDX-License-Identifier: GPL-2.0
/*
 * dmbcache format: new super blocks on a cache device, a backing device or both.
 *
 * In time order: parse_options() and check_usage() settle what is asked for,
 * open_targets() opens the devices and refuses those in use or with data,
 * dmbc_format_build() makes the super blocks, write_targets() writes them, and
 * print_result() says what was done. Nothing is written before every check of
 * every device has passed.
 */
#include "tool.h"

#include <getopt.h>
#include <json-c/json.h>
#include <string.h>
#include <uuid/uuid.h>

#define MAX_TARGETS 2

struct request {
	struct dmbc_format_params params;
	const char *cache;
	const char *backing;
	const char *cache_only; /* the last option given that only a cache device has */
	const char *backing_only;
	uuid_t uuid;
	uuid_t set_uuid;
	bool force;
	bool dry_run;
	bool json;
};

enum key {
	KEY_CACHE = 256,
	KEY_BACKING,
	KEY_BUCKET,
	KEY_BLOCK,
	KEY_LABEL,
	KEY_UUID,
	KEY_SET_UUID,
	KEY_DATA_OFFSET,
	KEY_MODE,
	KEY_REPLACEMENT,
	KEY_FORCE,
	KEY_DRY_RUN,
	KEY_JSON,
};

static const struct option_row options[] = {
	{ "cache", KEY_CACHE, "DEV", "the SSD to format as a cache device" },
	{ "backing", KEY_BACKING, "DEV", "the device to format as a backing device" },
	{ "bucket", KEY_BUCKET, "SIZE", "cache: unit of allocation, a power of two (512K)" },
	{ "block", KEY_BLOCK, "SIZE", "512 to 4096 (largest logical block size of the devices)" },
	{ "replacement", KEY_REPLACEMENT, "NAME", "cache: lru, fifo or random (lru)" },
	{ "mode", KEY_MODE, "NAME",
	  "backing: writethrough, writeback, writearound or none (writethrough)" },
	{ "data-offset", KEY_DATA_OFFSET, "SIZE", "backing: where the data begins (8K)" },
	{ "label", KEY_LABEL, "TEXT", "at most 32 bytes" },
	{ "uuid", KEY_UUID, "UUID", "of the device (random)" },
	{ "set-uuid", KEY_SET_UUID, "UUID", "of the cache set (random; none for --backing alone)" },
	{ "force", KEY_FORCE, NULL, "erase the signatures of file systems and others first" },
	{ "dry-run", KEY_DRY_RUN, NULL, "check and print, write nothing" },
	{ "json", KEY_JSON, NULL, "print the result as JSON" },
	{ NULL, 0, NULL, NULL },
};

static int parse_size(const char *option, __u64 *bytes)
{
	if (dmbc_text_parse_size(optarg, bytes))
		return DMBC_OK;
	return tool_refuse("--%s %s: not a size; use a number with K, M, G or T", option, optarg);
}

static int parse_uuid(const char *option, uuid_t uuid)
{
	if (uuid_parse(optarg, uuid))
		return tool_refuse("--%s %s: not a UUID; see uuidgen(1)", option, optarg);
	if (uuid_is_null(uuid))
		return tool_refuse("--%s: all zero, which means none; see uuidgen(1)", option);
	return DMBC_OK;
}

/* The number of the name @optarg; -1 after a message. */
static int parse_name(const char *option, const char *(*name_of)(unsigned int), const char *names)
{
	unsigned int i;

	for (i = 0; name_of(i); i++)
		if (!strcmp(name_of(i), optarg))
			return (int)i;
	tool_refuse("--%s %s: no such %s; use %s", option, optarg, option, names);
	return -1;
}

static int parse_device(const char *option, const char **path)
{
	if (*path)
		return tool_refuse("--%s: given twice; a set has one", option);
	*path = optarg;
	return DMBC_OK;
}

/* Options that belong to one kind of device. */
static int parse_kind_option(int key, struct request *q)
{
	int number;

	switch (key) {
	case KEY_BUCKET:
		q->cache_only = "bucket";
		return parse_size("bucket", &q->params.bucket_bytes);
	case KEY_REPLACEMENT:
		q->cache_only = "replacement";
		number = parse_name("replacement", dmbc_text_replacement, "lru, fifo or random");
		q->params.replacement = (enum dmbc_replacement)number;
		return number < 0 ? DMBC_REFUSED : DMBC_OK;
	case KEY_MODE:
		q->backing_only = "mode";
		number = parse_name("mode", dmbc_text_mode,
				    "writethrough, writeback, writearound or none");
		q->params.mode = (enum dmbc_mode)number;
		return number < 0 ? DMBC_REFUSED : DMBC_OK;
	case KEY_DATA_OFFSET:
		q->backing_only = "data-offset";
		return parse_size("data-offset", &q->params.data_offset_bytes);
	}
	return DMBC_REFUSED;
}

static int parse_block(struct request *q)
{
	int r = parse_size("block", &q->params.block_bytes);

	if (r == DMBC_OK && !q->params.block_bytes)
		return tool_refuse("--block 0: not a block size; use 512 to 4096");
	return r;
}

static int parse_option(int key, struct request *q)
{
	switch (key) {
	case KEY_CACHE: return parse_device("cache", &q->cache);
	case KEY_BACKING: return parse_device("backing", &q->backing);
	case KEY_BLOCK: return parse_block(q);
	case KEY_LABEL: q->params.label = optarg; return DMBC_OK;
	case KEY_UUID: q->params.uuid = q->uuid; return parse_uuid("uuid", q->uuid);
	case KEY_SET_UUID:
		q->params.set_uuid = q->set_uuid;
		return parse_uuid("set-uuid", q->set_uuid);
	case KEY_FORCE: q->force = true; return DMBC_OK;
	case KEY_DRY_RUN: q->dry_run = true; return DMBC_OK;
	case KEY_JSON: q->json = true; return DMBC_OK;
	}
	return parse_kind_option(key, q);
}

static int parse_options(const struct command *command, int argc, char **argv, struct request *q)
{
	int key;

	memset(q, 0, sizeof(*q));
	dmbc_format_defaults(&q->params);
	while ((key = tool_next_option(command, argc, argv)) != -1)
		if (parse_option(key, q) != DMBC_OK)
			return DMBC_REFUSED;
	if (optind < argc)
		return tool_refuse("%s: a device without its kind; use --cache %s or --backing %s",
				   argv[optind], argv[optind], argv[optind]);
	return DMBC_OK;
}

static int check_usage(const struct request *q)
{
	if (!q->cache && !q->backing)
		return tool_refuse("format: no device given; use --cache DEV or --backing DEV");
	if (!q->cache && q->cache_only)
		return tool_refuse("--%s: only a cache device has it; add --cache DEV",
				   q->cache_only);
	if (!q->backing && q->backing_only)
		return tool_refuse("--%s: only a backing device has it; add --backing DEV",
				   q->backing_only);
	if (q->cache && q->backing && q->params.uuid)
		return tool_refuse("--uuid: two devices cannot share one; format them one by one");
	if (q->cache && q->backing && dmbc_device_same(q->cache, q->backing))
		return tool_refuse("%s: given as cache and as backing device; name two devices",
				   q->backing);
	return DMBC_OK;
}

static enum dmbc_result open_target(const struct request *q, const char *path, enum dmbc_kind kind,
				    struct dmbc_format_target *target, struct dmbc_error *err)
{
	enum dmbc_access access = q->dry_run ? DMBC_ACCESS_PROBE : DMBC_ACCESS_WRITE;
	enum dmbc_result r;

	target->kind = kind;
	r = dmbc_device_open(path, access, &target->dev, err);
	if (r == DMBC_OK && !q->force)
		r = dmbc_signature_refuse(target->dev, err);
	return r;
}

/* Opened targets are the caller's to close, even after a failure. */
static enum dmbc_result open_targets(const struct request *q, struct dmbc_format_target *targets,
				     unsigned int *count, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;

	*count = 0;
	if (q->cache)
		r = open_target(q, q->cache, DMBC_KIND_CACHE, &targets[(*count)++], err);
	if (q->backing && r == DMBC_OK)
		r = open_target(q, q->backing, DMBC_KIND_BACKING, &targets[(*count)++], err);
	return r;
}

static enum dmbc_result write_targets(const struct request *q, struct dmbc_format_target *targets,
				      unsigned int count, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	unsigned int i, wiped = 0;

	for (i = 0; i < count && r == DMBC_OK; i++) {
		if (q->force)
			r = dmbc_signature_wipe(targets[i].dev, &wiped, err);
		if (r == DMBC_OK)
			r = dmbc_device_write_super(targets[i].dev, &targets[i].super, err);
		if (r == DMBC_OK && wiped && !q->json)
			printf("%s: erased %u old signature%s\n", dmbc_device_path(targets[i].dev),
			       wiped, wiped == 1 ? "" : "s");
		wiped = 0;
	}
	return r;
}

static void print_next(const struct request *q, const struct dmbc_format_target *target)
{
	unsigned int block = __le16_to_cpu(target->super.block_size) * DMBC_SECTOR_BYTES;

	if (q->dry_run)
		puts("\nNothing was written. Next: the same command without --dry-run");
	else if (q->cache && q->backing)
		printf("\nNext: dmbcache show %s %s\n", q->cache, q->backing);
	else if (q->cache)
		printf("\nNext: dmbcache format --backing DEV --block %u\n", block);
	else
		printf("\nNext, unless you have a cache device with blocks of %u bytes or less:\n"
		       "  dmbcache format --cache DEV --block %u\n",
		       block, block);
}

static void print_result(const struct request *q, const struct dmbc_format_target *targets,
			 unsigned int count)
{
	struct json_object *list = q->json ? json_object_new_array() : NULL;
	struct dmbc_super_info info;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const char *path = dmbc_device_path(targets[i].dev);

		dmbc_super_decode(&targets[i].super, dmbc_device_sectors(targets[i].dev), &info);
		if (list)
			json_object_array_add(list, dmbc_report_json(path, &info));
		else
			dmbc_report_text(stdout, path, &info);
	}
	if (list)
		tool_print_json(list);
	else
		print_next(q, &targets[0]);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct dmbc_format_target targets[MAX_TARGETS] = { { .dev = NULL } };
	struct dmbc_error err;
	struct request q;
	enum dmbc_result r;
	unsigned int count, i;

	if (parse_options(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	if (check_usage(&q) != DMBC_OK)
		return DMBC_REFUSED;
	r = open_targets(&q, targets, &count, &err);
	if (r == DMBC_OK)
		r = dmbc_format_build(&q.params, targets, count, &err);
	if (r == DMBC_OK && !q.dry_run)
		r = write_targets(&q, targets, count, &err);
	if (r == DMBC_OK)
		print_result(&q, targets, count);
	else
		tool_report(r, &err);
	for (i = 0; i < MAX_TARGETS; i++)
		dmbc_device_close(targets[i].dev);
	return r;
}

const struct command cmd_format = {
	.name = "format",
	.arguments = "[--cache DEV] [--backing DEV] [OPTION...]",
	.summary = "Make a cache device, a backing device or both.",
	.example = "dmbcache format --cache /dev/nvme0n1p3 --backing /dev/sdb --mode writeback",
	.options = options,
	.run = run,
};
