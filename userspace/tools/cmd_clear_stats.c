// SPDX-License-Identifier: GPL-2.0
/* dmbcache clear-stats: the counters of the total start at zero, those of windows of time do not. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_CLEAR_STATS, .least = 0, .most = 0 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_clear_stats = {
	.name = "clear-stats",
	.arguments = "[--dry-run] NAME",
	.summary = "Start counting from zero.",
	.example = "dmbcache clear-stats fast",
	.options = message_options,
	.run = run,
};
