// SPDX-License-Identifier: GPL-2.0
/* dmbcache estimate: what a cache would cost. */
#include "estimate.h"
#include "tool.h"

#include <getopt.h>
#include <json-c/json.h>

enum key { KEY_BUCKET = 256, KEY_BLOCK, KEY_EXTENT, KEY_JSON };

static const struct option_row options[] = {
	{ "bucket", KEY_BUCKET, "SIZE", "unit of allocation (chosen by the SSD's size)" },
	{ "block", KEY_BLOCK, "SIZE", "unit of I/O (4K)" },
	{ "extent", KEY_EXTENT, "SIZE", "what is cached in one piece, on average (16K)" },
	{ "json", KEY_JSON, NULL, "print the result as JSON, in bytes" },
	{ NULL, 0, NULL, NULL },
};

struct row {
	const char *name, *text;
	__u64 value;
	bool is_size;
};

/* A device or a size. */
static int parse_amount(const char *text, __u64 *bytes)
{
	struct dmbc_device *dev;
	struct dmbc_error err;

	if (dmbc_text_parse_size(text, bytes))
		return DMBC_OK;
	if (dmbc_device_open(text, DMBC_ACCESS_READ, &dev, &err) != DMBC_OK)
		return tool_refuse(
			"%s: neither a size nor a device that can be opened; use one like 100G",
			text);
	*bytes = dmbc_device_sectors(dev) << DMBC_SECTOR_SHIFT;
	dmbc_device_close(dev);
	return DMBC_OK;
}

static int parse_option(int key, struct dmbc_estimate *e)
{
	__u64 *where = key == KEY_BUCKET  ? &e->bucket_bytes
		       : key == KEY_BLOCK ? &e->block_bytes
					  : &e->extent_bytes;

	if (dmbc_text_parse_size(optarg, where) && *where)
		return DMBC_OK;
	return tool_refuse("%s: not a size; use a number with K, M, G or T", optarg);
}

static void print(const struct dmbc_estimate *e, bool json)
{
	const struct row rows[] = {
		{ "bucket_bytes", "bucket size", e->bucket_bytes, true },
		{ "block_bytes", "block size", e->block_bytes, true },
		{ "buckets", "buckets", e->buckets, false },
		{ "node_bytes", "index node", e->node_bytes, true },
		{ "journal_bytes", "journal", e->journal_bytes, true },
		{ "prio_bytes", "generations, per copy", e->prio_bytes, true },
		{ "extents", "extents when full", e->extents, false },
		{ "index_bytes", "index when full", e->index_bytes, true },
		{ "data_bytes", "left for data", e->data_bytes, true },
		{ "bucket_memory", "kernel memory, buckets", e->bucket_memory, true },
		{ "index_memory", "kernel memory, whole index", e->index_memory, true },
		{ "check_memory", "memory of dmbcache check", e->check_memory, true },
	};
	struct json_object *o = json ? json_object_new_object() : NULL;
	char size[32];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (o) {
			json_object_object_add(o, rows[i].name,
					       json_object_new_uint64(rows[i].value));
			continue;
		}
		if (rows[i].is_size)
			dmbc_text_size(rows[i].value, size, sizeof(size));
		else
			snprintf(size, sizeof(size), "%llu", rows[i].value);
		printf("%-28s %s\n", rows[i].text, size);
	}
	if (o)
		tool_print_json(o);
	else
		printf("\nNext: dmbcache format --cache SSD --backing DISK --bucket %lluK "
		       "--block %llu\n",
		       e->bucket_bytes >> 10, e->block_bytes);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct dmbc_estimate e = { .ssd_bytes = 0 };
	struct dmbc_error err;
	bool json = false;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		if (key != KEY_JSON && parse_option(key, &e) != DMBC_OK)
			return DMBC_REFUSED;
		json |= key == KEY_JSON;
	}
	if (optind == argc || optind + 2 < argc)
		return tool_refuse(
			"estimate: name an SSD and, if you like, a disk, or their sizes: "
			"dmbcache estimate 200G 4T");
	if (parse_amount(argv[optind], &e.ssd_bytes) != DMBC_OK ||
	    (optind + 1 < argc && parse_amount(argv[optind + 1], &e.disk_bytes) != DMBC_OK))
		return DMBC_REFUSED;
	if (dmbc_estimate_run(&e, &err) != DMBC_OK)
		return tool_report(DMBC_REFUSED, &err);
	print(&e, json);
	return DMBC_OK;
}

const struct command cmd_estimate = {
	.name = "estimate",
	.arguments = "[OPTION...] SSD [DISK]",
	.summary = "Say what a cache on devices or of sizes would cost.",
	.example = "dmbcache estimate 200G 4T",
	.options = options,
	.run = run,
};
