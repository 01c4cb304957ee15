// SPDX-License-Identifier: GPL-2.0
/* dmbcache top: all caches that run, a line each, with rates; anew every few seconds. */
#include "online.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum key { KEY_DELAY = 256, KEY_COUNT };

static const struct option_row options[] = {
	{ "delay", KEY_DELAY, "SECONDS", "between two looks; 2 by default" },
	{ "count", KEY_COUNT, "N", "stop after so many looks; 0 (default): go on" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	double delay;
	unsigned long count;
};

static void print_line(const struct online *before, const struct online *o)
{
	char dirty[32];

	dmbc_text_size(dmbc_fields_number(&o->fields, "dirty_bytes"), dirty, sizeof(dirty));
	printf("%-16s %-10s %-12s %9.0f %9.0f %6.1f %9.1f %9.1f %6llu %12s\n", o->name,
	       dmbc_fields_text(&o->fields, "state"), dmbc_fields_text(&o->fields, "mode"),
	       online_rate(before, o, "read_hits") + online_rate(before, o, "read_misses") +
		       online_rate(before, o, "bypass_reads"),
	       online_rate(before, o, "write_hits") + online_rate(before, o, "write_misses") +
		       online_rate(before, o, "bypass_writes"),
	       online_hit_percent(o) < 0 ? 0 : online_hit_percent(o),
	       (online_rate(before, o, "read_hit_bytes") +
		online_rate(before, o, "read_miss_bytes") +
		online_rate(before, o, "read_bypass_bytes")) /
		       (1 << 20),
	       (online_rate(before, o, "write_hit_bytes") +
		online_rate(before, o, "write_miss_bytes") +
		online_rate(before, o, "write_bypass_bytes")) /
		       (1 << 20),
	       dmbc_fields_number(&o->fields, "used_percent"), dirty);
}

static void print_all(const struct online *before, unsigned int nbefore, const struct online *list,
		      unsigned int count)
{
	unsigned int i, k;

	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	printf("%-16s %-10s %-12s %9s %9s %6s %9s %9s %6s %12s\n", "NAME", "STATE", "MODE",
	       "READS/s", "WRITES/s", "HIT%", "RD MiB/s", "WR MiB/s", "USED%", "DIRTY");
	for (i = 0; i < count; i++) {
		for (k = 0; k < nbefore && strcmp(before[k].name, list[i].name); k++)
			;
		print_line(k < nbefore ? &before[k] : &list[i], &list[i]);
	}
}

static enum dmbc_result watch(const struct request *q, struct dmbc_error *err)
{
	static struct online list[2][ONLINE_MAX];
	unsigned int count[2] = { 0 }, turn = 0;
	unsigned long looks = 0;
	enum dmbc_result r;

	online_begin();
	do {
		online_free(list[turn], count[turn]);
		r = online_look_at_all(list[turn], &count[turn], err);
		if (r == DMBC_OK)
			print_all(list[!turn], count[!turn], list[turn], count[turn]);
		turn = !turn;
	} while (r == DMBC_OK && ++looks != q->count && online_wait(q->delay));
	online_free(list[0], count[0]);
	online_free(list[1], count[1]);
	return r;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	char *end = NULL;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_DELAY:
			q->delay = strtod(optarg, &end);
			if (*end || !(q->delay >= 0.1 && q->delay <= 3600))
				return tool_refuse("--delay %s: give 0.1 to 3600 seconds", optarg);
			break;
		case KEY_COUNT:
			q->count = strtoul(optarg, &end, 10);
			if (*end || !*optarg)
				return tool_refuse("--count %s: give a number, 0 for no end",
						   optarg);
			break;
		}
	}
	return optind == argc ? DMBC_OK : tool_refuse("top: takes no names; see dmbcache status");
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .delay = 2 };
	struct dmbc_error err;
	enum dmbc_result r;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	r = watch(&q, &err);
	if (r != DMBC_OK)
		tool_report(r, &err);
	return (int)r;
}

const struct command cmd_top = {
	.name = "top",
	.arguments = "[OPTION...]",
	.summary = "Watch all caches, a line each.",
	.example = "dmbcache top --delay 1",
	.options = options,
	.run = run,
};
