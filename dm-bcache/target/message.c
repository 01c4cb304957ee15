// SPDX-License-Identifier: GPL-2.0
/* Owns the verbs that a target understands, one row and one function each. */
#include "target/message.h"

#include <linux/device-mapper.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"
#include "target/table.h"

#define DM_MSG_PREFIX "bcache"

struct message {
	struct dmbc_origin *origin;
	char **word; /* after the verb */
	char *result;
	unsigned int maxlen;
	struct dmbc_why why;
};

struct verb {
	const char *name;
	unsigned int words;
	const char *usage;
	int (*run)(struct message *m);
};

static int cache_mode(struct message *m)
{
	int mode = dmbc_table_mode(m->word[0], &m->why);

	if (mode < 0)
		return mode;
	dmbc_origin_set_mode(m->origin, mode);
	return 0;
}

static int flush(struct message *m)
{
	dmbc_origin_flush(m->origin);
	return 0;
}

static int gc(struct message *m)
{
	dmbc_origin_gc(m->origin);
	return 0;
}

static int clear_stats(struct message *m)
{
	dmbc_origin_clear_stats(m->origin);
	return 0;
}

static int set(struct message *m)
{
	int which = dmbc_table_option(m->word[0], &m->why), r;
	u64 value;

	if (which < 0)
		return which;
	r = dmbc_table_value(which, m->word[1], &value, &m->why);
	if (!r)
		dmbc_origin_set_option(m->origin, which, value);
	return r;
}

static int get(struct message *m)
{
	int which = dmbc_table_option(m->word[0], &m->why);
	unsigned int sz = 0, maxlen = m->maxlen;
	char *result = m->result;

	if (which < 0)
		return which;
	DMEMIT("%llu", (unsigned long long)dmbc_origin_option(m->origin, which));
	return 1;
}

static const struct verb verbs[] = {
	{ DMBC_MESSAGE_CACHE_MODE, 1, " <mode>", cache_mode },
	{ DMBC_MESSAGE_FLUSH, 0, "", flush },
	{ DMBC_MESSAGE_GC, 0, "", gc },
	{ DMBC_MESSAGE_CLEAR_STATS, 0, "", clear_stats },
	{ DMBC_MESSAGE_SET, 2, " <name> <value>", set },
	{ DMBC_MESSAGE_GET, 1, " <name>", get },
};

static int refuse_verb(const char *name)
{
	char known[128] = "";
	unsigned int i, at = 0;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		at += scnprintf(known + at, sizeof(known) - at, " %s", verbs[i].name);
	DMERR("unknown message '%.32s': use one of%s", name, known);
	return -EINVAL;
}

int dmbc_message(struct dmbc_origin *origin, unsigned int argc, char **argv, char *result,
		 unsigned int maxlen)
{
	struct message m = {
		.origin = origin,
		.word = argv + 1,
		.result = result,
		.maxlen = maxlen,
	};
	unsigned int i;
	int r;

	for (i = 0; i < ARRAY_SIZE(verbs) && argc; i++) {
		if (strcmp(argv[0], verbs[i].name))
			continue;
		if (argc - 1 != verbs[i].words) {
			DMERR("message %s with %u words: use %s%s", argv[0], argc - 1,
			      verbs[i].name, verbs[i].usage);
			return -EINVAL;
		}
		r = verbs[i].run(&m);
		if (r < 0)
			DMERR("message %s: %s", argv[0], m.why.text);
		return r;
	}
	return refuse_verb(argc ? argv[0] : "");
}
