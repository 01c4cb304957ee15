// SPDX-License-Identifier: GPL-2.0
/* dmbcache attach: the SSD again, for a disk that was detached and goes on running. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_ATTACH, .least = 0, .most = 0 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_attach = {
	.name = "attach",
	.arguments = "[--dry-run] NAME",
	.summary = "Use the SSD again after a detach.",
	.example = "dmbcache attach fast",
	.options = message_options,
	.run = run,
};
