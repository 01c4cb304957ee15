// SPDX-License-Identifier: GPL-2.0
/* dmbcache list: the caches that run. */
#include "online.h"

#include <getopt.h>
#include <json-c/json.h>

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON array, one object for each" },
	{ NULL, 0, NULL, NULL },
};

struct listing {
	struct json_object *list; /* NULL: lines of text */
	bool begun;
};

static void print_head(struct listing *l)
{
	if (!l->begun && !l->list)
		printf("%-16s %-12s %-12s %-10s %s\n", "NAME", "STATE", "MODE", "SSD", "DISK");
	l->begun = true;
}

static enum dmbc_result print_one(void *ctx, const char *name, struct dmbc_error *err)
{
	struct listing *l = ctx;
	struct json_object *object;
	char ssd[64], hdd[64];
	struct online o;
	enum dmbc_result r = online_look(&o, name, err);

	if (r == DMBC_OK)
		r = dmbc_target_devices(name, ssd, hdd, sizeof(ssd), err);
	print_head(l);
	if (r == DMBC_OK && l->list) {
		object = online_json(name, &o.fields);
		json_object_object_add(object, "ssd", json_object_new_string(ssd));
		json_object_object_add(object, "hdd", json_object_new_string(hdd));
		json_object_array_add(l->list, object);
	} else if (r == DMBC_OK) {
		printf("%-16s %-12s %-12s %-10s %s\n", name, dmbc_fields_text(&o.fields, "state"),
		       dmbc_fields_text(&o.fields, "mode"), ssd, hdd);
	}
	online_free(&o, 1);
	return r == DMBC_REFUSED ? DMBC_OK : r; /* removed meanwhile */
}

static int run(const struct command *command, int argc, char **argv)
{
	bool json = tool_flag_option(command, argc, argv);
	struct listing l = { NULL, false };
	struct dmbc_error err;
	enum dmbc_result r;

	if (optind < argc)
		return tool_refuse("list: takes no names; see dmbcache status %s", argv[optind]);
	l.list = json ? json_object_new_array() : NULL;
	r = dmbc_target_list(print_one, &l, &err);
	if (r != DMBC_OK) {
		json_object_put(l.list);
		return tool_report(r, &err);
	}
	print_head(&l);
	if (json)
		tool_print_json(l.list);
	return DMBC_OK;
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "[--json]",
	.summary = "List the caches that run.",
	.example = "dmbcache list",
	.options = options,
	.run = run,
};
