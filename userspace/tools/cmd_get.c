// SPDX-License-Identifier: GPL-2.0
/* dmbcache get: the value of one tunable. */
#include "message.h"

#include "dm-bcache/interface.h"

static const struct option_row options[] = {
	{ NULL, 0, NULL, NULL },
};

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_GET, .least = 1, .most = 1 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_get = {
	.name = "get",
	.arguments = "NAME OPTION",
	.summary = "Print a tunable.",
	.example = "dmbcache get fast writeback_percent",
	.options = options,
	.run = run,
};
