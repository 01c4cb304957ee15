// SPDX-License-Identifier: GPL-2.0
/* dmbcache label: the text in the disk's super block. */
#include "message.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	const struct message m = { .verb = DMBC_MESSAGE_LABEL, .least = 0, .most = 1 };

	return message_run(m, command, argc, argv);
}

const struct command cmd_label = {
	.name = "label",
	.arguments = "[--dry-run] NAME [TEXT]",
	.summary = "Print or change the label of the disk.",
	.example = "dmbcache label fast backup",
	.options = message_options,
	.run = run,
};
