// SPDX-License-Identifier: GPL-2.0
/* dmbcache detach: all dirty data to the disk, which then goes on without the SSD. */
#include "drain.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	return drain_run(command, argc, argv, DMBC_MESSAGE_DETACH, DMBC_STATE_TEXT_DETACHING);
}

const struct command cmd_detach = {
	.name = "detach",
	.arguments = "[OPTION...] NAME",
	.summary = "Write all back and go on as a plain disk, without the SSD.",
	.example = "dmbcache detach --wait fast",
	.options = drain_options,
	.run = run,
};
