// SPDX-License-Identifier: GPL-2.0
/* Looks at running caches: what they say in one moment, and the rates between two. */
#include "online.h"

#include "dm-bcache/interface.h"

#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum dmbc_result online_look(struct online *o, const char *name, struct dmbc_error *err)
{
	memset(o, 0, sizeof(*o));
	snprintf(o->name, sizeof(o->name), "%s", name);
	o->taken = now();
	return dmbc_target_status(name, &o->fields, err);
}

struct all {
	struct online *list;
	unsigned int count;
};

static enum dmbc_result look_too(void *ctx, const char *name, struct dmbc_error *err)
{
	struct all *all = ctx;
	enum dmbc_result r;

	if (all->count == ONLINE_MAX)
		return DMBC_OK;
	r = online_look(&all->list[all->count], name, err);
	if (r == DMBC_OK)
		all->count++;
	return r == DMBC_REFUSED ? DMBC_OK : r; /* removed meanwhile */
}

enum dmbc_result online_look_at_all(struct online *list, unsigned int *count,
				    struct dmbc_error *err)
{
	struct all all = { .list = list };
	enum dmbc_result r = dmbc_target_list(look_too, &all, err);

	*count = all.count;
	return r;
}

void online_free(struct online *list, unsigned int count)
{
	while (count--)
		dmbc_fields_free(&list[count].fields);
}

static double number(const struct online *o, const char *field)
{
	return (double)dmbc_fields_number(&o->fields, field);
}

static double share(__u64 hits, __u64 misses, __u64 bypassed)
{
	double all = (double)hits + (double)misses + (double)bypassed;

	return all > 0 ? 100 * (double)hits / all : -1;
}

double online_hit_percent(const struct online *o)
{
	return share(dmbc_fields_number(&o->fields, "read_hits"),
		     dmbc_fields_number(&o->fields, "read_misses"),
		     dmbc_fields_number(&o->fields, "bypass_reads"));
}

static const char *const window_names[ONLINE_WINDOWS] = {
	[ONLINE_TOTAL] = "total",
	[ONLINE_FIVE_MINUTES] = "five_minute",
	[ONLINE_HOUR] = "hour",
	[ONLINE_DAY] = "day",
};

const char *online_window_name(enum online_window window)
{
	return window_names[window];
}

enum dmbc_result online_hit_percents(const struct online *o, double percent[ONLINE_WINDOWS],
				     struct dmbc_error *err)
{
	struct dmbc_fields fields;
	enum dmbc_result r = DMBC_OK;
	char message[32], *reply;
	unsigned int i;

	percent[ONLINE_TOTAL] = online_hit_percent(o);
	for (i = ONLINE_TOTAL + 1; i < ONLINE_WINDOWS; i++) {
		percent[i] = -1;
		snprintf(message, sizeof(message), "%s %s", DMBC_MESSAGE_STATS, window_names[i]);
		r = dmbc_target_message(o->name, message, &reply, err);
		if (r != DMBC_OK)
			break;
		if (!reply)
			continue;
		dmbc_fields_parse(&fields, reply);
		percent[i] = share(dmbc_fields_number(&fields, "read_hit_requests"),
				   dmbc_fields_number(&fields, "read_miss_requests"),
				   dmbc_fields_number(&fields, "read_bypass_requests"));
		dmbc_fields_free(&fields);
	}
	return r;
}

double online_rate(const struct online *before, const struct online *later, const char *field)
{
	double was = number(before, field), is = number(later, field);
	double seconds = later->taken - before->taken;

	/* smaller: the statistics were cleared meanwhile */
	return seconds > 0 && is >= was ? (is - was) / seconds : 0;
}

struct json_object *online_json_value(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	return *text && !*end ? json_object_new_int64(n) : json_object_new_string(text);
}

struct json_object *online_json(const char *name, const struct dmbc_fields *fields)
{
	struct json_object *object = json_object_new_object();
	unsigned int i;

	json_object_object_add(object, "name", json_object_new_string(name));
	for (i = 0; i < fields->count; i++)
		json_object_object_add(object, fields->field[i].name,
				       online_json_value(fields->field[i].value));
	return object;
}

/* ---- again and again -------------------------------------------------------------------- */

static sigset_t waiting; /* the mask while online_wait() waits */

static void stop(int signal)
{
	(void)signal; /* that it came ends the wait */
}

void online_begin(void)
{
	const struct sigaction action = { .sa_handler = stop };
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, &waiting);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool online_wait(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	fflush(stdout);
	return !ferror(stdout) && !ppoll(NULL, 0, &t, &waiting);
}

/* ---- messages --------------------------------------------------------------------------- */

/* For a shell: a backslash that the kernel wants, and the blank behind it. */
static void print_message(const char *name, const char *message)
{
	printf("dmsetup message %s 0 ", name);
	for (; *message; message++) {
		if (*message == '\\')
			printf("\\\\\\%c", *++message);
		else
			putchar(*message);
	}
	putchar('\n');
}

int online_send(const char *name, const char *message, bool dry_run)
{
	struct dmbc_error err;
	enum dmbc_result r;
	char *reply;

	if (dry_run) {
		print_message(name, message);
		return DMBC_OK;
	}
	r = dmbc_target_message(name, message, &reply, &err);
	if (r != DMBC_OK)
		return tool_report(r, &err);
	if (reply && *reply)
		printf("%s%s", reply, reply[strlen(reply) - 1] == '\n' ? "" : "\n");
	free(reply);
	return DMBC_OK;
}
