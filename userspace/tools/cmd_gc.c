// SPDX-License-Identifier: GPL-2.0
/* dmbcache gc: garbage collection now. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_GC, .least = 0, .most = 0 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_gc = {
	.name = "gc",
	.arguments = "[--dry-run] NAME",
	.summary = "Clean the index now; it happens by itself as well.",
	.example = "dmbcache gc fast",
	.options = message_options,
	.run = run,
};
