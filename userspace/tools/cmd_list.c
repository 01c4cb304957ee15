// SPDX-License-Identifier: GPL-2.0
/* dmbcache list: the caches that run. */
#include "online.h"

#include <json-c/json.h>

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON array, one object for each" },
	{ "help", TOOL_KEY_HELP, NULL, "print this text" },
	{ NULL, 0, NULL, NULL },
};

static enum dmbc_result print_one(void *ctx, const char *name, struct dmbc_error *err)
{
	struct json_object *list = ctx, *object;
	char ssd[64], hdd[64];
	struct online o;
	enum dmbc_result r = online_look(&o, name, err);

	if (r == DMBC_OK)
		r = dmbc_target_devices(name, ssd, hdd, sizeof(ssd), err);
	if (r == DMBC_OK && list) {
		object = online_json(name, &o.fields);
		json_object_object_add(object, "ssd", json_object_new_string(ssd));
		json_object_object_add(object, "hdd", json_object_new_string(hdd));
		json_object_array_add(list, object);
	} else if (r == DMBC_OK) {
		printf("%-16s %-12s %-12s %-10s %s\n", name, dmbc_fields_text(&o.fields, "state"),
		       dmbc_fields_text(&o.fields, "mode"), ssd, hdd);
	}
	online_free(&o, 1);
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct json_object *list = NULL;
	struct dmbc_error err;
	enum dmbc_result r;
	bool json = false;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		if (key == TOOL_KEY_HELP) {
			tool_help(command);
			return DMBC_OK;
		}
		if (key != 'j')
			return DMBC_REFUSED;
		json = true;
	}
	if (json)
		list = json_object_new_array();
	else
		printf("%-16s %-12s %-12s %-10s %s\n", "NAME", "STATE", "MODE", "SSD", "DISK");
	r = dmbc_target_list(print_one, list, &err);
	if (list)
		tool_print_json(list);
	if (r != DMBC_OK)
		tool_report(r, &err);
	return (int)r;
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "[--json]",
	.summary = "List the caches that run.",
	.example = "dmbcache list",
	.options = options,
	.run = run,
};
