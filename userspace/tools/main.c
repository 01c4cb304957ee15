// SPDX-License-Identifier: GPL-2.0
/* dmbcache: picks the command. Everything else is in cmd_*.c and libdmbc. */
#include "tool.h"

#include <string.h>

static const struct command *const commands[] = {
	&cmd_format, &cmd_create,   &cmd_remove, &cmd_list,    &cmd_status,    &cmd_top,
	&cmd_mode,   &cmd_set,	    &cmd_get,	 &cmd_reset,   &cmd_options,   &cmd_flush,
	&cmd_detach, &cmd_attach,   &cmd_stats,	 &cmd_label,   &cmd_gc,	       &cmd_clear_stats,
	&cmd_show,   &cmd_check,    &cmd_dump,	 &cmd_restore, &cmd_writeback, &cmd_verify,
	&cmd_repair, &cmd_estimate, &cmd_volume,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	unsigned int i;

	fputs("Usage: dmbcache COMMAND [OPTION...]\n"
	      "SSD caches of the device-mapper target dm-bcache.\n\n",
	      out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  --help     this text; dmbcache COMMAND --help for a command\n"
	      "  --version  print the version\n\n"
	      "Exit codes: 0 ok, 1 wrong usage or refused, 2 I/O error, "
	      "3 not a bcache device, 4 super block damaged;\nof a check: 5 minor damage, "
	      "6 broken, 7 dirty data lost.\n\nExamples:\n",
	      out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %s\n", commands[i]->example);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 2) {
		help(stderr);
		return DMBC_REFUSED;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return tool_finish(DMBC_OK);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("dmbcache " DMBC_VERSION);
		return tool_finish(DMBC_OK);
	}
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return tool_finish(commands[i]->run(commands[i], argc - 1, argv + 1));
	return tool_refuse("%s: no such command; see dmbcache --help", argv[1]);
}
