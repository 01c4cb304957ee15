// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that are one message to a running cache: mode, set, get, reset,
 * attach, label, gc, clear-stats. The kernel knows what is allowed and
 * says what is wrong; its answer, if there is one, is printed.
 */
#include "online.h"

#include "dm-bcache/interface.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 512

static const struct option_row changes[] = {
	{ "dry-run", 'd', NULL, "print the dmsetup line, send nothing" },
	{ NULL, 0, NULL, NULL },
};

static const struct option_row asks[] = {
	{ NULL, 0, NULL, NULL },
};

static const struct {
	const char *command, *message;
	int least, most; /* words after the cache's name */
} row[] = {
	{ "mode", DMBC_MESSAGE_CACHE_MODE, 1, 1 },
	{ "set", DMBC_MESSAGE_SET, 1, 2 },
	{ "get", DMBC_MESSAGE_GET, 1, 1 },
	{ "reset", DMBC_MESSAGE_RESET, 1, 1 },
	{ "attach", DMBC_MESSAGE_ATTACH, 0, 0 },
	{ "label", DMBC_MESSAGE_LABEL, 0, 1 },
	{ "gc", DMBC_MESSAGE_GC, 0, 0 },
	{ "clear-stats", DMBC_MESSAGE_CLEAR_STATS, 0, 0 },
};

/* "set NAME option=value" is as good as "set NAME option value". */
static int build(const char *verb, char **word, int words, char *message, size_t size)
{
	size_t used = (size_t)snprintf(message, size, "%s", verb);
	char *equals = !strcmp(verb, DMBC_MESSAGE_SET) && words == 1 ? strchr(word[0], '=') : NULL;
	int i;

	if (equals)
		*equals = ' ';
	else if (!strcmp(verb, DMBC_MESSAGE_SET) && words == 1)
		return tool_refuse("set: give an option and its value, as OPTION=VALUE");
	for (i = 0; i < words && used < size; i++)
		used += (size_t)snprintf(message + used, size - used, " %s", word[i]);
	return used < size ? DMBC_OK : tool_refuse("%s: too long", word[0]);
}

static int run(const struct command *command, int argc, char **argv)
{
	bool dry_run = tool_flag_option(command, argc, argv);
	int words = argc - optind - 1;
	char message[MESSAGE_BYTES];
	unsigned int i = 0;

	while (strcmp(row[i].command, command->name))
		i++;
	if (words < row[i].least || words > row[i].most)
		return tool_refuse("%s: use dmbcache %s %s", command->name, command->name,
				   command->arguments);
	if (build(row[i].message, argv + optind + 1, words, message, sizeof(message)) != DMBC_OK)
		return DMBC_REFUSED;
	return online_send(argv[optind], message, dry_run);
}

#define MESSAGE(id, word, table, args, text, sample)                                               \
	const struct command cmd_##id = {                                                          \
		.name = word,                                                                      \
		.arguments = args,                                                                 \
		.summary = text,                                                                   \
		.example = sample,                                                                 \
		.options = table,                                                                  \
		.run = run,                                                                        \
	}

MESSAGE(mode, "mode", changes, "[--dry-run] NAME writethrough|writeback|writearound|none",
	"Change what a cache does with writes, while it is used.", "dmbcache mode fast writeback");
MESSAGE(set, "set", changes, "[--dry-run] NAME OPTION=VALUE",
	"Change a tunable of a running cache.", "dmbcache set fast sequential_cutoff=8M");
MESSAGE(get, "get", asks, "NAME OPTION", "Print a tunable.", "dmbcache get fast writeback_percent");
MESSAGE(reset, "reset", changes, "[--dry-run] NAME OPTION|all",
	"Give tunables their defaults again.", "dmbcache reset fast all");
MESSAGE(attach, "attach", changes, "[--dry-run] NAME", "Use the SSD again after a detach.",
	"dmbcache attach fast");
MESSAGE(label, "label", changes, "[--dry-run] NAME [TEXT]",
	"Print or change the label of the disk.", "dmbcache label fast backup");
MESSAGE(gc, "gc", changes, "[--dry-run] NAME", "Clean the index now; it happens by itself as well.",
	"dmbcache gc fast");
MESSAGE(clear_stats, "clear-stats", changes, "[--dry-run] NAME", "Start counting from zero.",
	"dmbcache clear-stats fast");
