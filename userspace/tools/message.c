// SPDX-License-Identifier: GPL-2.0
/*
 * A command line into one message: message_read(), then message_send(). The
 * kernel knows what is allowed and says what is wrong.
 */
#include "message.h"

#include "online.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>

#define WORD_BYTES 100
#define MESSAGE_BYTES 512 /* room for any verb and two words, all escaped */

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

/* Adds @word at @end. The kernel cuts at blanks, but not at those behind a backslash. */
static char *add_word(char *end, const char *word)
{
	*end++ = ' ';
	for (; *word; word++) {
		if (isspace((unsigned char)*word) || *word == '\\')
			*end++ = '\\';
		*end++ = *word;
	}
	*end = '\0';
	return end;
}

int message_send(const struct message *m)
{
	char text[MESSAGE_BYTES], *end = stpcpy(text, m->verb);
	int i;

	for (i = 1; i <= m->words; i++) {
		if (!*m->word[i])
			return tool_refuse("'': an empty word; give a letter at least");
		if (strlen(m->word[i]) > WORD_BYTES)
			return tool_refuse("%.40s...: too long; a word has at most %d bytes",
					   m->word[i], WORD_BYTES);
		end = add_word(end, m->word[i]);
	}
	return online_send(m->word[0], text, m->dry_run);
}

int message_run(struct message m, const struct command *command, int argc, char **argv)
{
	return message_read(&m, command, argc, argv) == DMBC_OK ? message_send(&m) : DMBC_REFUSED;
}
