// SPDX-License-Identifier: GPL-2.0
/* dmbcache flush: all dirty data to the disk; the cache goes on. */
#include "drain.h"

#include "dm-bcache/interface.h"

static int run(const struct command *command, int argc, char **argv)
{
	return drain_run(command, argc, argv, DMBC_MESSAGE_FLUSH, DMBC_STATE_TEXT_FLUSHING);
}

const struct command cmd_flush = {
	.name = "flush",
	.arguments = "[OPTION...] NAME",
	.summary = "Write all dirty data to the disk, as fast as it goes.",
	.example = "dmbcache flush --wait fast",
	.options = drain_options,
	.run = run,
};
