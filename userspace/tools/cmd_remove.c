// SPDX-License-Identifier: GPL-2.0
/* dmbcache remove: ends a running cache; what is dirty stays on the SSD. */
#include "target.h"
#include "tool.h"

#include <getopt.h>

static const struct option_row options[] = {
	{ "dry-run", 'd', NULL, "print the dmsetup line, remove nothing" },
	{ NULL, 0, NULL, NULL },
};

static int run(const struct command *command, int argc, char **argv)
{
	bool dry_run = tool_flag_option(command, argc, argv);
	struct dmbc_error err;
	enum dmbc_result r;
	int code = DMBC_OK;

	if (optind == argc)
		return tool_refuse("remove: name a cache; see dmbcache list");
	for (; optind < argc; optind++) {
		if (dry_run) {
			printf("dmsetup remove %s\n", argv[optind]);
			continue;
		}
		r = dmbc_target_remove(argv[optind], &err);
		if (r != DMBC_OK)
			code = (int)tool_report(r, &err);
	}
	return code;
}

const struct command cmd_remove = {
	.name = "remove",
	.arguments = "[--dry-run] NAME...",
	.summary = "Stop caches; dirty data stays on the SSD until the next start.",
	.example = "dmbcache remove fast",
	.options = options,
	.run = run,
};
