// SPDX-License-Identifier: GPL-2.0
/* dmbcache show: the super block of each device and what the verifier thinks of it. */
#include "tool.h"

#include <getopt.h>
#include <json-c/json.h>

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON array, one object per device" },
	{ NULL, 0, NULL, NULL },
};

/* Reads and decodes; a device without a super block yields an info of kind none. */
static enum dmbc_result examine(const char *path, struct dmbc_super_info *info,
				struct dmbc_error *err)
{
	struct dmbc_disk_super super = { 0 };
	struct dmbc_device *dev;
	enum dmbc_result r = dmbc_device_open(path, DMBC_ACCESS_READ, &dev, err);

	if (r != DMBC_OK)
		return r;
	r = dmbc_device_read_super(dev, &super, err);
	if (r == DMBC_OK || r == DMBC_NOT_BCACHE)
		dmbc_super_decode(&super, dmbc_device_sectors(dev), info);
	dmbc_device_close(dev);
	if (r != DMBC_OK)
		return r;
	if (info->verdict == DMBC_NOT_BCACHE)
		snprintf(err->text, sizeof(err->text),
			 "%s: not a bcache device: %s; name another device", path, info->why);
	else if (info->unsupported)
		snprintf(err->text, sizeof(err->text), "%s: not supported: %s; use a newer version",
			 path, info->why);
	else if (info->verdict == DMBC_DAMAGED)
		snprintf(err->text, sizeof(err->text),
			 "%s: damaged: %s; do not start it, restore its first 8 KiB from a backup",
			 path, info->why);
	return info->verdict;
}

/* @list is NULL for the human form. */
static enum dmbc_result show(const char *path, struct json_object *list)
{
	struct dmbc_super_info info;
	struct dmbc_error err;
	enum dmbc_result r = examine(path, &info, &err);

	if (r == DMBC_OK || r == DMBC_NOT_BCACHE || r == DMBC_DAMAGED) {
		if (list)
			json_object_array_add(list, dmbc_report_json(path, &info));
		else if (r != DMBC_NOT_BCACHE)
			dmbc_report_text(stdout, path, &info);
	}
	if (r != DMBC_OK) {
		fflush(stdout);
		tool_report(r, &err);
	}
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct json_object *list;
	bool json;
	int code = DMBC_OK;

	json = tool_flag_option(command, argc, argv);
	if (optind == argc)
		return tool_refuse("show: no device given; see dmbcache show --help");
	list = json ? json_object_new_array() : NULL;
	for (; optind < argc; optind++) {
		int r = show(argv[optind], list);

		code = r > code ? r : code;
	}
	if (list)
		tool_print_json(list);
	return code;
}

const struct command cmd_show = {
	.name = "show",
	.arguments = "[--json] DEV...",
	.summary = "Show the bcache super block of devices and check it.",
	.example = "dmbcache show /dev/nvme0n1p3 /dev/sdb",
	.options = options,
	.run = run,
};
