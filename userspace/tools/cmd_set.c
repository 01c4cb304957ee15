// SPDX-License-Identifier: GPL-2.0
/* dmbcache set: another value of a tunable, given as OPTION=VALUE or as two words. */
#include "message.h"

#include "dm-bcache/interface.h"

#include <string.h>

static int run(const struct command *command, int argc, char **argv)
{
	struct message m = { .verb = DMBC_MESSAGE_SET, .least = 1, .most = 2 };
	char *words[3], *equals;

	if (message_read(&m, command, argc, argv) != DMBC_OK)
		return DMBC_REFUSED;
	if (m.words == 1) {
		equals = strchr(m.word[1], '=');
		if (!equals)
			return tool_refuse("set: give an option and its value, as OPTION=VALUE");
		*equals = '\0';
		words[0] = m.word[0];
		words[1] = m.word[1];
		words[2] = equals + 1;
		m.word = words;
		m.words = 2;
	}
	return message_send(&m);
}

const struct command cmd_set = {
	.name = "set",
	.arguments = "[--dry-run] NAME OPTION=VALUE",
	.summary = "Change a tunable of a running cache.",
	.example = "dmbcache set fast sequential_cutoff=8M",
	.options = message_options,
	.run = run,
};
