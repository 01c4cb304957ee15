// SPDX-License-Identifier: GPL-2.0
/* dmbcache create: a running cache from a formatted SSD and disk. */
#include "target.h"
#include "tool.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 128

enum key { KEY_MODE = 256, KEY_OPTION, KEY_DRY_RUN };

static const struct option_row options[] = {
	{ "mode", KEY_MODE, "MODE", "writethrough (default), writeback, writearound or none" },
	{ "option", KEY_OPTION, "NAME=VALUE", "a tunable, as dmbcache options lists them" },
	{ "dry-run", KEY_DRY_RUN, NULL, "print the dmsetup line, create nothing" },
	{ "help", TOOL_KEY_HELP, NULL, "print this text" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	struct dmbc_target_spec spec;
	const char *word[MAX_WORDS];
	bool dry_run, help;
};

/* "name=value" becomes two words of the table. */
static int add_option(struct request *q, char *text)
{
	char *value = strchr(text, '=');

	if (!value || value == text)
		return tool_refuse("--option %s: write it as NAME=VALUE", text);
	if (q->spec.words + 2 > MAX_WORDS)
		return tool_refuse("too many options");
	*value++ = '\0';
	q->word[q->spec.words++] = text;
	q->word[q->spec.words++] = value;
	return DMBC_OK;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_MODE: q->spec.mode = optarg; break;
		case KEY_OPTION:
			if (add_option(q, optarg) != DMBC_OK)
				return DMBC_REFUSED;
			break;
		case KEY_DRY_RUN: q->dry_run = true; break;
		case TOOL_KEY_HELP: q->help = true; return DMBC_OK;
		default: return DMBC_REFUSED;
		}
	}
	if (optind + 3 != argc)
		return tool_refuse("create: give a name, the SSD and the disk; see dmbcache create "
				   "--help");
	q->spec.name = argv[optind];
	q->spec.ssd = argv[optind + 1];
	q->spec.hdd = argv[optind + 2];
	return DMBC_OK;
}

static enum dmbc_result print_line(const struct request *q, struct dmbc_error *err)
{
	__u64 sectors;
	char *words;
	enum dmbc_result r = dmbc_target_table(&q->spec, &sectors, &words, err);

	if (r != DMBC_OK)
		return r;
	printf("dmsetup create %s --table \"0 %llu bcache %s\"\n", q->spec.name, sectors, words);
	free(words);
	return DMBC_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .spec.mode = "writethrough" };
	struct dmbc_error err;
	enum dmbc_result r;

	q.spec.word = q.word;
	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	if (q.help) {
		tool_help(command);
		return DMBC_OK;
	}
	r = q.dry_run ? print_line(&q, &err) : dmbc_target_create(&q.spec, &err);
	if (r != DMBC_OK)
		return (int)tool_report(r, &err);
	if (!q.dry_run)
		printf("/dev/mapper/%s\n", q.spec.name);
	return DMBC_OK;
}

const struct command cmd_create = {
	.name = "create",
	.arguments = "[OPTION...] NAME SSD DISK",
	.summary = "Start a cache on a formatted SSD and disk.",
	.example = "dmbcache create fast /dev/nvme0n1p3 /dev/md0 --mode writeback",
	.options = options,
	.run = run,
};
