// SPDX-License-Identifier: GPL-2.0
/* dmbcache reset: one tunable or all as they were at first. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_RESET, .least = 1, .most = 1 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_reset = {
	.name = "reset",
	.arguments = "[--dry-run] NAME OPTION|all",
	.summary = "Give tunables their defaults again.",
	.example = "dmbcache reset fast all",
	.options = message_options,
	.run = run,
};
