/* SPDX-License-Identifier: GPL-2.0 */
/* The commands that bring dirty data to the disk: flush, and detach, which goes on to a plain disk. */
#ifndef DMBC_DRAIN_H
#define DMBC_DRAIN_H

#include "tool.h"

/* --wait and --dry-run */
extern const struct option_row drain_options[];

/*
 * Sends @message to the cache of the command line. With --wait stays while the
 * cache's state is @busy, shows how far it is, and tells how it ended. An exit
 * code, after a message.
 */
int drain_run(const struct command *command, int argc, char **argv, const char *message,
	      const char *busy);

#endif
