// SPDX-License-Identifier: GPL-2.0
/*
 * dmbcache options: all tunables of a cache as the kernel lists them, a line each:
 * "name=value (range, default usual[, all disks of the SSD]) meaning". With --json
 * split_line() takes the lines apart.
 */
#include "online.h"

#include "dm-bcache/interface.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON array, one object for each" },
	{ NULL, 0, NULL, NULL },
};

struct parts {
	char *name, *value, *range, *usual, *meaning;
	bool shared; /* by all disks of the SSD */
};

/* Ends *@at at @mark and moves it behind; what was there, or NULL if there is no @mark. */
static char *cut(char **at, const char *mark)
{
	char *from = *at, *end = from ? strstr(from, mark) : NULL;

	*at = end ? end + strlen(mark) : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	return from;
}

static bool split_line(char *line, struct parts *p)
{
	char *comma;

	p->name = cut(&line, "=");
	p->value = cut(&line, " (");
	p->range = cut(&line, ", default ");
	p->usual = cut(&line, ") ");
	p->meaning = line;
	if (!p->usual)
		return false;
	comma = strchr(p->usual, ',');
	p->shared = comma;
	if (comma)
		*comma = '\0';
	return true;
}

static struct json_object *to_json(const struct parts *p)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(p->name));
	json_object_object_add(o, "value", online_json_value(p->value));
	json_object_object_add(o, "default", online_json_value(p->usual));
	json_object_object_add(o, "range", json_object_new_string(p->range));
	json_object_object_add(o, "shared", json_object_new_boolean(p->shared));
	json_object_object_add(o, "meaning", json_object_new_string(p->meaning));
	return o;
}

static enum dmbc_result print_json(const char *name, char *reply, struct dmbc_error *err)
{
	struct json_object *array = json_object_new_array();
	struct parts parts;
	char *line, *at;

	for (line = strtok_r(reply, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		if (!split_line(line, &parts)) {
			json_object_put(array);
			snprintf(err->text, sizeof(err->text),
				 "%s: the kernel lists options in another way than this version "
				 "knows; leave out --json",
				 name);
			return DMBC_IO;
		}
		json_object_array_add(array, to_json(&parts));
	}
	tool_print_json(array);
	return DMBC_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	bool json = tool_flag_option(command, argc, argv);
	struct dmbc_error err;
	enum dmbc_result r;
	char *reply;

	if (optind + 1 != argc)
		return tool_refuse("options: name one cache; see dmbcache list");
	r = dmbc_target_message(argv[optind], DMBC_MESSAGE_OPTIONS, &reply, &err);
	if (r == DMBC_OK && reply) {
		if (json)
			r = print_json(argv[optind], reply, &err);
		else
			fputs(reply, stdout);
		free(reply);
	}
	return r == DMBC_OK ? DMBC_OK : tool_report(r, &err);
}

const struct command cmd_options = {
	.name = "options",
	.arguments = "[--json] NAME",
	.summary = "List all tunables: value, default, range, meaning.",
	.example = "dmbcache options fast",
	.options = options,
	.run = run,
};
