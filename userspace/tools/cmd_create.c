// SPDX-License-Identifier: GPL-2.0
/* dmbcache create: a running cache from a formatted SSD and disk, or a volume of the SSD. */
#include "target.h"
#include "tool.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 128

enum key { KEY_MODE = 256, KEY_OPTION, KEY_VOLUME, KEY_SIZE, KEY_DRY_RUN };

static const struct option_row options[] = {
	{ "mode", KEY_MODE, "MODE", "writethrough (default), writeback, writearound or none" },
	{ "option", KEY_OPTION, "NAME=VALUE", "a tunable, as dmbcache options lists them" },
	{ "volume", KEY_VOLUME, "VOLUME",
	  "in place of a disk: a volume of the SSD, by label or UUID" },
	{ "size", KEY_SIZE, "SIZE", "of the volume; it is made if there is none" },
	{ "dry-run", KEY_DRY_RUN, NULL, "print the dmsetup line, create nothing" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	struct dmbc_target_spec spec;
	const char *word[MAX_WORDS];
	bool dry_run;
};

/* "name=value" becomes two words of the table. */
static int add_option(struct request *q, char *text)
{
	char *value = strchr(text, '=');

	if (!value || value == text)
		return tool_refuse("--option %s: write it as NAME=VALUE", text);
	if (q->spec.words + 2 > MAX_WORDS)
		return tool_refuse(
			"--option: more than %d of them; set others later, with dmbcache set",
			MAX_WORDS / 2);
	*value++ = '\0';
	q->word[q->spec.words++] = text;
	q->word[q->spec.words++] = value;
	return DMBC_OK;
}

static int check_volume(const struct request *q)
{
	if (!q->spec.volume != !q->spec.volume_bytes)
		return tool_refuse("create: --volume and --size go together; dmbcache volume list "
				   "shows sizes");
	if (q->spec.volume && q->spec.mode)
		return tool_refuse("create: --mode is for disks; a volume has none, leave it out");
	return DMBC_OK;
}

static int take_names(int argc, char **argv, struct request *q)
{
	int names = q->spec.volume ? 2 : 3;

	if (check_volume(q) != DMBC_OK)
		return DMBC_REFUSED;
	if (optind + names != argc)
		return tool_refuse("create: give a name, the SSD and the disk, or --volume; see "
				   "dmbcache create --help");
	q->spec.name = argv[optind];
	q->spec.ssd = argv[optind + 1];
	q->spec.hdd = names == 3 ? argv[optind + 2] : NULL;
	if (!q->spec.mode)
		q->spec.mode = "writethrough";
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
		case KEY_VOLUME: q->spec.volume = optarg; break;
		case KEY_SIZE:
			if (!dmbc_text_parse_size(optarg, &q->spec.volume_bytes))
				return tool_refuse("--size %s: not a size; use a number with K, M, "
						   "G or T",
						   optarg);
			break;
		case KEY_DRY_RUN: q->dry_run = true; break;
		}
	}
	return take_names(argc, argv, q);
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
	struct request q = { .dry_run = false };
	struct dmbc_error err;
	enum dmbc_result r;

	q.spec.word = q.word;
	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	r = q.dry_run ? print_line(&q, &err) : dmbc_target_create(&q.spec, &err);
	if (r != DMBC_OK)
		return (int)tool_report(r, &err);
	if (!q.dry_run)
		printf("/dev/mapper/%s\n", q.spec.name);
	return DMBC_OK;
}

const struct command cmd_create = {
	.name = "create",
	.arguments = "[OPTION...] NAME SSD [DISK]",
	.summary = "Start a cache on a formatted SSD and disk, or a volume of the SSD.",
	.example = "dmbcache create fast /dev/nvme0n1p3 /dev/md0 --mode writeback",
	.options = options,
	.run = run,
};
