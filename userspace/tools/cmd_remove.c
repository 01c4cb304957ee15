// SPDX-License-Identifier: GPL-2.0
/* dmbcache remove: ends a running cache; what is dirty stays on the SSD. */
#include "target.h"
#include "tool.h"

#include <getopt.h>

static const struct option_row options[] = {
	{ "help", TOOL_KEY_HELP, NULL, "print this text" },
	{ NULL, 0, NULL, NULL },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct dmbc_error err;
	enum dmbc_result r;
	int key, code = DMBC_OK;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		if (key != TOOL_KEY_HELP)
			return DMBC_REFUSED;
		tool_help(command);
		return DMBC_OK;
	}
	if (optind == argc)
		return tool_refuse("remove: name a cache; see dmbcache list");
	for (; optind < argc; optind++) {
		r = dmbc_target_remove(argv[optind], &err);
		if (r != DMBC_OK)
			code = (int)tool_report(r, &err);
	}
	return code;
}

const struct command cmd_remove = {
	.name = "remove",
	.arguments = "NAME...",
	.summary = "Stop caches; dirty data stays on the SSD until the next start.",
	.example = "dmbcache remove fast",
	.options = options,
	.run = run,
};
