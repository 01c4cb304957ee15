/* SPDX-License-Identifier: GPL-2.0 */
/* The commands that are one message to a running cache. */
#ifndef DMBC_MESSAGE_H
#define DMBC_MESSAGE_H

#include "tool.h"

struct message {
	const char *verb;
	int least, most; /* words after the cache's name */

	/* message_read() fills in: */
	bool dry_run;
	char **word; /* the cache's name, then the words */
	int words; /* after the name */
};

/* The options of those that change something: --dry-run. */
extern const struct option_row message_options[];

/* Takes the command line apart, by the first part of @m. DMBC_REFUSED after a message. */
int message_read(struct message *m, const struct command *command, int argc, char **argv);
/* Sends what was read and prints the answer, if there is one. An exit code, after a message. */
int message_send(const struct message *m);
/* Both. */
int message_run(struct message m, const struct command *command, int argc, char **argv);

#endif
