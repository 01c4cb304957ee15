/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands on running caches share: their status as text and JSON, and rates. */
#ifndef DMBC_ONLINE_H
#define DMBC_ONLINE_H

#include "target.h"
#include "tool.h"

#define ONLINE_MAX 64 /* caches shown at once */

/* One look at one cache. */
struct online {
	char name[128];
	struct dmbc_fields fields; /* of its status */
	double taken; /* seconds of a clock that never goes back */
};

/* Takes a look at @name. To be ended with online_free(), also after a failure. */
enum dmbc_result online_look(struct online *o, const char *name, struct dmbc_error *err);
/* The same for every cache that runs; *@count of them. */
enum dmbc_result online_look_at_all(struct online *list, unsigned int *count,
				    struct dmbc_error *err);
void online_free(struct online *list, unsigned int count);

enum online_window {
	ONLINE_TOTAL,
	ONLINE_FIVE_MINUTES,
	ONLINE_HOUR,
	ONLINE_DAY,
	ONLINE_WINDOWS,
};

/* Reads that the SSD answered, of all: 0 to 100; -1: none yet. */
double online_hit_percent(const struct online *o);
/* The same for every window, the total from @o; asks the cache for the others. */
enum dmbc_result online_hit_percents(const struct online *o, double percent[ONLINE_WINDOWS],
				     struct dmbc_error *err);
/* As the kernel calls it. */
const char *online_window_name(enum online_window window);
/* Change of a field a second between two looks at the same cache. */
double online_rate(const struct online *before, const struct online *now, const char *field);
/* A number, where it is one, or a string. */
struct json_object *online_json_value(const char *text);
/* Every field, by these values. The caller owns the object. */
struct json_object *online_json(const char *name, const struct dmbc_fields *fields);
/* Before the first look: from now on an interrupt or a termination only ends online_wait(). */
void online_begin(void);
/* Waits so long, in seconds; false when the user wants no more, or nobody reads any more. */
bool online_wait(double seconds);
/* Sends @message and prints the answer; or prints the line of dmsetup. An exit code, after a message. */
int online_send(const char *name, const char *message, bool dry_run);

#endif
