// SPDX-License-Identifier: GPL-2.0
/* dmbcache dump: all that a cache knows, as text. */
#include "dump.h"
#include "session.h"

#include <getopt.h>

enum key { KEY_JSON = 256, KEY_FORCE };

static const struct option_row options[] = {
	{ "json", KEY_JSON, NULL, "one JSON object per line instead of text" },
	{ "force", KEY_FORCE, NULL, "of a damaged cache: what can be read" },
	{ NULL, 0, NULL, NULL },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct session_params p = { .quiet = true };
	struct session s;
	struct dmbc_error err;
	enum dmbc_result r;
	bool json = false;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_JSON: json = true; break;
		case KEY_FORCE: p.force = true; break;
		}
	}
	if (optind + 1 != argc)
		return tool_refuse("dump: name one cache device; see dmbcache dump --help");
	p.path = argv[optind];
	r = session_open(&s, &p, &err);
	if (r == DMBC_OK)
		r = dmbc_dump_run(s.set, &s.report, stdout, json, &err);
	if (r != DMBC_OK)
		tool_report(r, &err);
	else
		r = s.verdict < DMBC_BROKEN ? DMBC_OK : s.verdict;
	session_close(&s);
	return (int)r;
}

const struct command cmd_dump = {
	.name = "dump",
	.arguments = "[OPTION...] DEV",
	.summary = "Print all that a cache knows, without user data.",
	.example = "dmbcache dump /dev/nvme0n1p3 >cache.dump",
	.options = options,
	.run = run,
};
