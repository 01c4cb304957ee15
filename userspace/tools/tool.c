// SPDX-License-Identifier: GPL-2.0
/* Option tables into getopt_long(), help from the same tables, messages. */
#include "tool.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option_row help_row = { "help", TOOL_KEY_HELP, NULL, "print this text" };

static void help_line(const struct option_row *row)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument ? " " : "",
		 row->argument ? row->argument : "");
	printf("  %-22s %s\n", left, row->help);
}

static void help(const struct command *command)
{
	const struct option_row *row;

	printf("Usage: dmbcache %s %s\n%s\n\n", command->name, command->arguments,
	       command->summary);
	for (row = command->options; row->name; row++)
		help_line(row);
	help_line(&help_row);
	printf("\nExample:\n  %s\n", command->example);
}

static struct option getopt_row(const struct option_row *row)
{
	return (struct option){
		.name = row->name,
		.has_arg = row->argument ? required_argument : no_argument,
		.val = row->key,
	};
}

int tool_next_option(const struct command *command, int argc, char **argv)
{
	struct option options[TOOL_MAX_OPTIONS + 2] = { { 0 } };
	const struct option_row *row;
	unsigned int count = 0;
	int key;

	for (row = command->options; row->name && count < TOOL_MAX_OPTIONS; row++)
		options[count++] = getopt_row(row);
	options[count] = getopt_row(&help_row);
	opterr = 0;
	key = getopt_long(argc, argv, ":h", options, NULL);
	if (key == TOOL_KEY_HELP) {
		help(command);
		exit(tool_finish(DMBC_OK));
	}
	if (key == ':')
		exit(tool_refuse("%s: needs a value; see dmbcache %s --help", argv[optind - 1],
				 command->name));
	if (key == '?')
		exit(tool_refuse("%s: unknown or wrong option; see dmbcache %s --help",
				 argv[optind - 1], command->name));
	return key;
}

bool tool_flag_option(const struct command *command, int argc, char **argv)
{
	bool given = false;

	while (tool_next_option(command, argc, argv) != -1)
		given = true;
	return given;
}

int tool_refuse(const char *format, ...)
{
	struct dmbc_error err;
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	return tool_report(DMBC_REFUSED, &err);
}

/* Names that were given are in it: a line stays a line, and a terminal as it is. */
int tool_report(enum dmbc_result result, const struct dmbc_error *err)
{
	const char *c;

	fputs("dmbcache: ", stderr);
	for (c = err->text; *c; c++)
		fputc((unsigned char)*c < ' ' || *c == 127 ? '?' : *c, stderr);
	fputc('\n', stderr);
	return result;
}

int tool_finish(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	perror("dmbcache: standard output: cannot write; make room");
	return code > DMBC_IO ? code : DMBC_IO;
}

#define BAR_LETTERS 30

void tool_bar(double part)
{
	int filled = part > 0 ? (int)(BAR_LETTERS * part) : 0, i;

	fputs("\r[", stderr);
	for (i = 0; i < BAR_LETTERS; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fputs("] ", stderr);
}

void tool_progress(void *unused, __u64 done, __u64 total)
{
	(void)unused;
	if (!isatty(STDERR_FILENO))
		return;
	if (total) {
		tool_bar((double)done / (double)total);
		fprintf(stderr, "%3llu %% ", done < total ? 100 * done / total : 99);
	} else {
		fprintf(stderr, "\r%*s\r", BAR_LETTERS + 9, "");
	}
	fflush(stderr);
}

void tool_json_number(struct json_object *object, const char *name, __u64 value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

void tool_print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
