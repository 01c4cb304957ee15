// SPDX-License-Identifier: GPL-2.0
/* drain_run(): a message, then wait_for_end() looks again and again and calls show_progress(). */
#include "drain.h"

#include "online.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#define LOOK_SECONDS 0.5

enum key { KEY_WAIT = 256, KEY_DRY_RUN };

const struct option_row drain_options[] = {
	{ "wait", KEY_WAIT, NULL, "until it is done, with a progress bar on a terminal" },
	{ "dry-run", KEY_DRY_RUN, NULL, "print the dmsetup line, send nothing" },
	{ NULL, 0, NULL, NULL },
};

static void show_progress(double all, double left, double seconds)
{
	double rate = seconds > 0 ? (all - left) / seconds : 0;
	char size[32];

	if (!isatty(STDERR_FILENO))
		return;
	dmbc_text_size((__u64)left, size, sizeof(size));
	tool_bar(all > 0 ? (all - left) / all : 1);
	fprintf(stderr, "%s left", size);
	if (rate > 0)
		fprintf(stderr, ", %.0f s", left / rate);
	fputs("      ", stderr);
	fflush(stderr);
}

/* @busy: the state while it is under way. It has ended when the state is another one. */
static enum dmbc_result wait_for_end(const char *name, const char *busy, struct dmbc_error *err)
{
	double all = -1, began = 0, left;
	bool ended = false;
	enum dmbc_result r;
	struct online o;

	online_begin();
	do {
		r = online_look(&o, name, err);
		if (r != DMBC_OK)
			break;
		left = (double)dmbc_fields_number(&o.fields, "dirty_bytes");
		if (left > all) {
			all = left;
			began = o.taken;
		}
		show_progress(all, left, o.taken - began);
		ended = strcmp(dmbc_fields_text(&o.fields, "state"), busy) != 0;
		if (ended && !strncmp(dmbc_fields_text(&o.fields, "state"), "failed", 6)) {
			snprintf(err->text, sizeof(err->text),
				 "%s: the SSD failed meanwhile; see dmbcache status", name);
			r = DMBC_IO;
		}
		online_free(&o, 1);
	} while (r == DMBC_OK && !ended && online_wait(LOOK_SECONDS));
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (r != DMBC_OK || ended)
		return r;
	snprintf(err->text, sizeof(err->text), "%s: no longer waited for; it goes on", name);
	return DMBC_REFUSED;
}

int drain_run(const struct command *command, int argc, char **argv, const char *message,
	      const char *busy)
{
	bool wait = false, dry_run = false;
	struct dmbc_error err;
	enum dmbc_result r;
	int key, code;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_WAIT: wait = true; break;
		case KEY_DRY_RUN: dry_run = true; break;
		}
	}
	if (optind + 1 != argc)
		return tool_refuse("%s: name one cache; see dmbcache list", command->name);
	code = online_send(argv[optind], message, dry_run);
	if (code != DMBC_OK || !wait || dry_run)
		return code;
	r = wait_for_end(argv[optind], busy, &err);
	return r == DMBC_OK ? DMBC_OK : tool_report(r, &err);
}
