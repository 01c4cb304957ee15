/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of dmbcache share: option tables, messages, exit codes. */
#ifndef DMBC_TOOL_H
#define DMBC_TOOL_H

#include <stdbool.h>

#include "dmbc.h"

struct option_row {
	const char *name;
	int key; /* returned by tool_next_option() */
	const char *argument; /* NULL: takes none */
	const char *help;
};

#define TOOL_MAX_OPTIONS 24
#define TOOL_KEY_HELP 'h' /* every command has it; it is not in the tables */

struct command {
	const char *name;
	const char *arguments; /* of the usage line */
	const char *summary;
	const char *example;
	const struct option_row *options; /* ends with a row without a name */
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command cmd_format;
extern const struct command cmd_show;
extern const struct command cmd_create;
extern const struct command cmd_remove;
extern const struct command cmd_list;
extern const struct command cmd_status;
extern const struct command cmd_top;
extern const struct command cmd_flush;
extern const struct command cmd_detach;
extern const struct command cmd_stats;
extern const struct command cmd_volume;
extern const struct command cmd_mode;
extern const struct command cmd_set;
extern const struct command cmd_get;
extern const struct command cmd_reset;
extern const struct command cmd_options;
extern const struct command cmd_attach;
extern const struct command cmd_label;
extern const struct command cmd_gc;
extern const struct command cmd_clear_stats;
extern const struct command cmd_check;
extern const struct command cmd_dump;
extern const struct command cmd_restore;
extern const struct command cmd_writeback;
extern const struct command cmd_verify;
extern const struct command cmd_repair;
extern const struct command cmd_estimate;

/* The next option's key; -1 after the last. Help, and what is wrong, end the program. */
int tool_next_option(const struct command *command, int argc, char **argv);
/* All options of a command that has one without a value; true: it was given. */
bool tool_flag_option(const struct command *command, int argc, char **argv);
/* "dmbcache: TEXT" to stderr; returns DMBC_REFUSED. */
int tool_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for the error of a library call that gave @result, which it returns. */
int tool_report(enum dmbc_result result, const struct dmbc_error *err);
/* Flushes stdout: a full disk must not look like success. Returns @code or DMBC_IO. */
int tool_finish(int code);
/* A bar of which so much is filled, 0 to 1, from the start of the line, on standard error. */
void tool_bar(double part);
/* A bar and "12 %" on standard error, where that is a terminal; @total 0: wipes it. */
void tool_progress(void *unused, __u64 done, __u64 total);
void tool_json_number(struct json_object *object, const char *name, __u64 value);
/* Prints and frees @object. */
void tool_print_json(struct json_object *object);

#endif
