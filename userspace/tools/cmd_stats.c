// SPDX-License-Identifier: GPL-2.0
/* dmbcache stats: the counters of a cache over a window of time, or the engine's inside. */
#include "online.h"

#include "dm-bcache/interface.h"

#include <getopt.h>
#include <stdlib.h>

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON object" },
	{ NULL, 0, NULL, NULL },
};

static enum dmbc_result show(const char *name, const char *window, bool json,
			     struct dmbc_error *err)
{
	struct dmbc_fields fields;
	char message[64], *reply;
	enum dmbc_result r;
	unsigned int i;

	snprintf(message, sizeof(message), "%s %s", DMBC_MESSAGE_STATS, window);
	r = dmbc_target_message(name, message, &reply, err);
	if (r != DMBC_OK || !reply)
		return r;
	dmbc_fields_parse(&fields, reply);
	if (json)
		tool_print_json(online_json(name, &fields));
	for (i = 0; i < fields.count && !json; i++)
		printf("%-28s %s\n", fields.field[i].name, fields.field[i].value);
	dmbc_fields_free(&fields);
	return DMBC_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct dmbc_error err;
	enum dmbc_result r;
	bool json;

	json = tool_flag_option(command, argc, argv);
	if (argc - optind < 1 || argc - optind > 2)
		return tool_refuse("stats: name a cache, and a window if not total; see dmbcache "
				   "stats --help");
	r = show(argv[optind], optind + 2 == argc ? argv[optind + 1] : "total", json, &err);
	if (r != DMBC_OK)
		tool_report(r, &err);
	return (int)r;
}

const struct command cmd_stats = {
	.name = "stats",
	.arguments = "[--json] NAME [total|five_minute|hour|day|internal]",
	.summary = "Show counters of a window of time, or of the engine.",
	.example = "dmbcache stats fast hour",
	.options = options,
	.run = run,
};
