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
	printf("  reads       %llu from the SSD, %llu from the disk, %llu past the cache\n",
	       dmbc_fields_number(&o->fields, "read_hits"),
	       dmbc_fields_number(&o->fields, "read_misses"),
	       dmbc_fields_number(&o->fields, "bypass_reads"));
	printf("  writes      %llu to the SSD, %llu to both, %llu past the cache\n",
	       dmbc_fields_number(&o->fields, "write_hits"),
	       dmbc_fields_number(&o->fields, "write_misses"),
	       dmbc_fields_number(&o->fields, "bypass_writes"));
	print_reasons(o);
}

/* Of windows in which nothing was read there is nothing to say. */
static void print_hits(const double percent[ONLINE_WINDOWS])
{
	static const char *const words[ONLINE_WINDOWS] = { "in all", "in five minutes",
							   "in an hour", "in a day" };
	const char *before = "  read hits   ";
	unsigned int i;

	for (i = 0; i < ONLINE_WINDOWS; i++) {
		if (percent[i] < 0)
			continue;
		printf("%s%.1f %% %s", before, percent[i], words[i]);
		before = ", ";
	}
	if (before[0] == ',')
		putchar('\n');
}

/* How dirty data goes to the disk. */
struct drain {
	double rate; /* bytes a second; -1: not known from one look */
	double seconds; /* until all is there, if nothing new gets dirty; -1: not known, or never */
};

static bool is_paused(const char *name)
{
	struct dmbc_error ignored;
	char *reply = NULL;
	bool paused;

	if (dmbc_target_message(name, DMBC_MESSAGE_GET " writeback_running", &reply, &ignored) !=
	    DMBC_OK)
		return false;
	paused = reply && !strcmp(reply, "0");
	free(reply);
	return paused;
}

/* Of two looks what has gone, of one what the controller allows: it has no say in a flush. */
static double drain_rate(const struct online *before, const struct online *o)
{
	double gone;

	if (before) {
		gone = number(before, "dirty_bytes") - number(o, "dirty_bytes");
		return gone > 0 && o->taken > before->taken ? gone / (o->taken - before->taken) : 0;
	}
	if (strcmp(dmbc_fields_text(&o->fields, "state"), DMBC_STATE_TEXT_DIRTY))
		return -1;
	return is_paused(o->name) ? 0 : number(o, "writeback_rate");
}

static struct drain drain_of(const struct online *before, const struct online *o)
{
	double dirty = number(o, "dirty_bytes");
	struct drain d = { -1, 0 };

	if (dirty > 0) {
		d.rate = drain_rate(before, o);
		d.seconds = d.rate > 0 ? dirty / d.rate : -1;
	}
	return d;
}

static void print_duration(double seconds)
{
	if (seconds < 120)
		printf("%.0f s", seconds);
	else if (seconds < 120 * 60)
		printf("%.0f min", seconds / 60);
	else
		printf("%.0f h", seconds / 3600);
}

static void print_dirty(const struct online *before, const struct online *o)
{
	struct drain d = drain_of(before, o);

	print_size("  dirty       ", number(o, "dirty_bytes"), "");
	if (d.rate >= 0)
		print_size(", written back at ", d.rate, "/s");
	if (d.rate >= 0 && d.seconds > 0) {
		printf(", ");
		print_duration(d.seconds);
		printf(" to go");
	}
	putchar('\n');
}

static void print_text(const struct online *before, const struct online *o,
		       const double percent[ONLINE_WINDOWS])
{
	printf("%s: %s, %s\n", o->name, dmbc_fields_text(&o->fields, "state"),
	       dmbc_fields_text(&o->fields, "mode"));
	print_size("  SSD         ", number(o, "nbuckets") * number(o, "bucket_bytes"), "");
	printf(", %llu %% used, %llu %% not free to be used again\n",
	       dmbc_fields_number(&o->fields, "used_percent"),
	       dmbc_fields_number(&o->fields, "in_use_percent"));
	print_dirty(before, o);
	print_requests(o);
	print_hits(percent);
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
	for (i = 0; i < q->names && r == DMBC_OK; i++) {
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

static struct json_object *number_or_null(double value)
{
	return value < 0 ? NULL : json_object_new_double(value);
}

static struct json_object *to_json(const struct online *before, const struct online *o,
				   const double percent[ONLINE_WINDOWS])
{
	struct json_object *object = online_json(o->name, &o->fields);
	struct json_object *hits = json_object_new_object();
	unsigned int i;

	for (i = 0; i < ONLINE_WINDOWS; i++)
		json_object_object_add(hits, online_window_name(i), number_or_null(percent[i]));
	json_object_object_add(object, "read_hit_percent", hits);
	json_object_object_add(object, "drain_seconds",
			       number_or_null(drain_of(before, o).seconds));
	return object;
}

/* @array: NULL for text. A cache may go between two questions, and is told of then. */
static enum dmbc_result print_one(const struct online *before, const struct online *o,
				  struct json_object *array, struct dmbc_error *err)
{
	double percent[ONLINE_WINDOWS];
	enum dmbc_result r = online_hit_percents(o, percent, err);

	if (r == DMBC_OK && array)
		json_object_array_add(array, to_json(before, o, percent));
	else if (r == DMBC_OK)
		print_text(before, o, percent);
	return r;
}

static enum dmbc_result print(const struct request *q, const struct online *before,
			      unsigned int nbefore, const struct online *list, unsigned int count,
			      struct dmbc_error *err)
{
	struct json_object *array = q->json ? json_object_new_array() : NULL;
	enum dmbc_result r = DMBC_OK;
	unsigned int i;

	for (i = 0; i < count && r == DMBC_OK; i++) {
		r = print_one(earlier(before, nbefore, list[i].name), &list[i], array, err);
		if (r == DMBC_REFUSED && (q->watch > 0 || !q->names))
			r = DMBC_OK; /* gone meanwhile; the next look tells of it */
	}
	if (r == DMBC_OK && array)
		tool_print_json(array);
	else
		json_object_put(array);
	return r;
}

static enum dmbc_result show(const struct request *q, struct dmbc_error *err)
{
	static struct online list[2][ONLINE_MAX];
	unsigned int count[2] = { 0 }, turn = 0, looks = 0;
	enum dmbc_result r;

	if (q->watch > 0)
		online_begin();
	do {
		online_free(list[turn], count[turn]);
		r = look(q, list[turn], &count[turn], looks++, err);
		if (r == DMBC_OK)
			r = print(q, list[!turn], count[!turn], list[turn], count[turn], err);
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
	if (q->names > ONLINE_MAX)
		return tool_refuse("status: more than %d caches; leave some out", ONLINE_MAX);
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
