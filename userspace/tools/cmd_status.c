// SPDX-License-Identifier: GPL-2.0
/* dmbcache status: how a cache is doing, for people; all fields with --json. */
#include "online.h"

#include "dm-bcache/interface.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum key { KEY_WATCH = 256 };

static const struct option_row options[] = {
	{ "json", 'j', NULL, "print a JSON array, one object for each" },
	{ "watch", KEY_WATCH, "SECONDS", "again and again, with rates, until interrupted" },
	{ NULL, 0, NULL, NULL },
};

struct request {
	char **name;
	int names; /* 0: all */
	double watch; /* seconds; 0: once */
	bool json;
};

static void print_size(const char *what, double bytes, const char *end)
{
	char size[32];

	dmbc_text_size(bytes > 0 ? (__u64)bytes : 0, size, sizeof(size));
	printf("%s%s%s", what, size, end);
}

static double number(const struct online *o, const char *field)
{
	return (double)dmbc_fields_number(&o->fields, field);
}

/* ---- one cache ------------------------------------------------------------------------- */

static void print_reasons(const struct online *o)
{
	static const char *const reason[] = {
#define NAME(upper, name) #name,
		DMBC_BYPASS_REASONS(NAME)
#undef NAME
	};
	const char *before = "  because of  ";
	char field[64];
	unsigned int i;

	for (i = 0; i < sizeof(reason) / sizeof(reason[0]); i++) {
		snprintf(field, sizeof(field), "bypass_%s", reason[i]);
		if (!dmbc_fields_number(&o->fields, field))
			continue;
		printf("%s%s %llu", before, reason[i], dmbc_fields_number(&o->fields, field));
		before = ", ";
	}
	if (before[0] == ',')
		putchar('\n');
}

static void print_requests(const struct online *o)
{
	double percent = online_hit_percent(o);

	printf("  reads       %llu from the SSD, %llu from the disk, %llu past the cache",
	       dmbc_fields_number(&o->fields, "read_hits"),
	       dmbc_fields_number(&o->fields, "read_misses"),
	       dmbc_fields_number(&o->fields, "bypass_reads"));
	if (percent >= 0)
		printf(" (%.1f %% hits)", percent);
	printf("\n  writes      %llu to the SSD, %llu to both, %llu past the cache\n",
	       dmbc_fields_number(&o->fields, "write_hits"),
	       dmbc_fields_number(&o->fields, "write_misses"),
	       dmbc_fields_number(&o->fields, "bypass_writes"));
	print_reasons(o);
}

/* Seconds until all is written back at the rate of two looks; at the controller's without. */
static void print_dirty(const struct online *before, const struct online *o)
{
	double dirty = number(o, "dirty_bytes");
	double rate = 0;

	print_size("  dirty       ", dirty, "");
	if (before && number(before, "dirty_bytes") > dirty)
		rate = (number(before, "dirty_bytes") - dirty) / (o->taken - before->taken);
	if (dirty > 0)
		print_size(", written back at ", before ? rate : number(o, "writeback_rate"), "/s");
	if (dirty > 0 && before && rate > 0)
		printf(", %.0f s to go", dirty / rate);
	putchar('\n');
}

static void print_text(const struct online *before, const struct online *o)
{
	printf("%s: %s, %s\n", o->name, dmbc_fields_text(&o->fields, "state"),
	       dmbc_fields_text(&o->fields, "mode"));
	print_size("  SSD         ", number(o, "nbuckets") * number(o, "bucket_bytes"), "");
	printf(", %llu %% used, %llu %% not free to be used again\n",
	       dmbc_fields_number(&o->fields, "used_percent"),
	       dmbc_fields_number(&o->fields, "in_use_percent"));
	print_dirty(before, o);
	print_requests(o);
	printf("  errors      %llu of the SSD, %llu of the disk\n",
	       dmbc_fields_number(&o->fields, "ssd_errors"),
	       dmbc_fields_number(&o->fields, "origin_errors"));
}

/* ---- all that were asked for ------------------------------------------------------------- */

/* @looks: before this one. Then a cache that is gone is told of, and may come back. */
static enum dmbc_result look(const struct request *q, struct online *list, unsigned int *count,
			     unsigned int looks, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	int i;

	*count = 0;
	if (!q->names)
		return online_look_at_all(list, count, err);
	for (i = 0; i < q->names && i < ONLINE_MAX && r == DMBC_OK; i++) {
		r = online_look(&list[*count], q->name[i], err);
		*count += r == DMBC_OK;
		if (looks && r != DMBC_OK) {
			tool_report(r, err);
			r = DMBC_OK;
		}
	}
	return r;
}

static const struct online *earlier(const struct online *list, unsigned int count, const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

static void print_json(const struct online *list, unsigned int count)
{
	struct json_object *array = json_object_new_array();
	unsigned int i;

	for (i = 0; i < count; i++)
		json_object_array_add(array, online_json(list[i].name, &list[i].fields));
	tool_print_json(array);
}

static enum dmbc_result show(const struct request *q, struct dmbc_error *err)
{
	static struct online list[2][ONLINE_MAX];
	unsigned int count[2] = { 0 }, turn = 0, looks = 0, i;
	enum dmbc_result r;

	if (q->watch > 0)
		online_begin();
	do {
		online_free(list[turn], count[turn]);
		r = look(q, list[turn], &count[turn], looks++, err);
		if (r == DMBC_OK && q->json)
			print_json(list[turn], count[turn]);
		for (i = 0; i < count[turn] && r == DMBC_OK && !q->json; i++)
			print_text(earlier(list[!turn], count[!turn], list[turn][i].name),
				   &list[turn][i]);
		turn = !turn;
	} while (r == DMBC_OK && q->watch > 0 && online_wait(q->watch));
	online_free(list[0], count[0]);
	online_free(list[1], count[1]);
	return r;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	char *end;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case 'j': q->json = true; break;
		case KEY_WATCH:
			q->watch = strtod(optarg, &end);
			if (*end || !(q->watch >= 0.1 && q->watch <= 86400))
				return tool_refuse("--watch %s: give 0.1 to 86400 seconds", optarg);
			break;
		}
	}
	q->name = argv + optind;
	q->names = argc - optind;
	return DMBC_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { 0 };
	struct dmbc_error err;
	enum dmbc_result r;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	r = show(&q, &err);
	if (r != DMBC_OK)
		tool_report(r, &err);
	return (int)r;
}

const struct command cmd_status = {
	.name = "status",
	.arguments = "[OPTION...] [NAME...]",
	.summary = "Show how caches are doing.",
	.example = "dmbcache status fast --watch 2",
	.options = options,
	.run = run,
};
