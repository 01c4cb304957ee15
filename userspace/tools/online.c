// SPDX-License-Identifier: GPL-2.0
/* Looks at running caches: what they say in one moment, and the rates between two. */
#include "online.h"

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

double online_hit_percent(const struct online *o)
{
	double hits = number(o, "read_hits");
	double all = hits + number(o, "read_misses") + number(o, "bypass_reads");

	return all > 0 ? 100 * hits / all : -1;
}

double online_rate(const struct online *before, const struct online *later, const char *field)
{
	double was = number(before, field), is = number(later, field);
	double seconds = later->taken - before->taken;

	/* smaller: the statistics were cleared meanwhile */
	return seconds > 0 && is >= was ? (is - was) / seconds : 0;
}

struct json_object *online_json(const char *name, const struct dmbc_fields *fields)
{
	struct json_object *object = json_object_new_object();
	unsigned int i;

	json_object_object_add(object, "name", json_object_new_string(name));
	for (i = 0; i < fields->count; i++) {
		const char *value = fields->field[i].value;
		char *end;
		long long n = strtoll(value, &end, 10);

		json_object_object_add(object, fields->field[i].name,
				       *value && !*end ? json_object_new_int64(n)
						       : json_object_new_string(value));
	}
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

int online_send(const char *name, const char *message, bool dry_run)
{
	struct dmbc_error err;
	enum dmbc_result r;
	char *reply;

	if (dry_run) {
		printf("dmsetup message %s 0 %s\n", name, message);
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
