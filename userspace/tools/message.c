// SPDX-License-Identifier: GPL-2.0
/*
 * A command line into one message: message_read(), then message_send(). The
 * kernel knows what is allowed and says what is wrong.
 */
#include "message.h"

#include "online.h"

#include <getopt.h>

#define MESSAGE_BYTES 512

const struct option_row message_options[] = {
	{ "dry-run", 'd', NULL, "print the dmsetup line, send nothing" },
	{ NULL, 0, NULL, NULL },
};

int message_read(struct message *m, const struct command *command, int argc, char **argv)
{
	m->dry_run = tool_flag_option(command, argc, argv);
	m->word = argv + optind;
	m->words = argc - optind - 1;
	if (m->words < m->least || m->words > m->most)
		return tool_refuse("%s: use dmbcache %s %s", command->name, command->name,
				   command->arguments);
	return DMBC_OK;
}

int message_send(const struct message *m)
{
	char text[MESSAGE_BYTES];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", m->verb);
	int i;

	for (i = 1; i <= m->words && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", m->word[i]);
	if (used >= sizeof(text))
		return tool_refuse("%.40s...: too long; a message has at most %d bytes", m->word[1],
				   MESSAGE_BYTES - 1);
	return online_send(m->word[0], text, m->dry_run);
}

int message_run(struct message m, const struct command *command, int argc, char **argv)
{
	return message_read(&m, command, argc, argv) == DMBC_OK ? message_send(&m) : DMBC_REFUSED;
}
