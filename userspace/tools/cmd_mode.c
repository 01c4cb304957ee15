// SPDX-License-Identifier: GPL-2.0
/* dmbcache mode: another cache mode, while the cache runs. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_CACHE_MODE, .least = 1, .most = 1 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_mode = {
	.name = "mode",
	.arguments = "[--dry-run] NAME writethrough|writeback|writearound|none",
	.summary = "Change what a cache does with writes, while it is used.",
	.example = "dmbcache mode fast writeback",
	.options = message_options,
	.run = run,
};
