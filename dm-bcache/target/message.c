// SPDX-License-Identifier: GPL-2.0
/* Owns the verbs that a target understands, one row and one function each. */
#include "target/message.h"

#include <linux/device-mapper.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"
#include "lib/port.h"
#include "target/report.h"
#include "target/table.h"

#define DM_MSG_PREFIX "bcache"

struct message {
	struct dmbc_origin *origin;
	char **word; /* after the verb */
	unsigned int words;
	char *result;
	unsigned int maxlen;
	struct dmbc_why why;
};

struct verb {
	const char *name;
	unsigned int least, most; /* words after it */
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

static int detach(struct message *m)
{
	return dmbc_origin_detach(m->origin, &m->why);
}

static int attach(struct message *m)
{
	return dmbc_origin_attach(m->origin, &m->why);
}

/* An interrupted or failed one tells in the log how far it got. */
static int range(struct message *m, dmbc_range_fn fn)
{
	unsigned int sz = 0, maxlen = m->maxlen;
	struct dmbc_range_ask ask = {};
	struct dmbc_range_result done;
	char *result = m->result;
	int r;

	if (m->words && (m->words != 2 || kstrtou64(m->word[0], 10, &ask.start) ||
			 kstrtou64(m->word[1], 10, &ask.sectors) || !ask.sectors)) {
		dmbc_explain(&m->why, "use two numbers, <start> <sectors>");
		return -EINVAL;
	}
	r = dmbc_origin_range(m->origin, fn, &ask, &done, &m->why);
	if (r)
		return r;
	DMEMIT("done_bytes=%llu", (unsigned long long)done.done << SECTOR_SHIFT);
	if (fn == dmbc_range_verify)
		DMEMIT(" differing_bytes=%llu", (unsigned long long)done.differing << SECTOR_SHIFT);
	return 1;
}

static int invalidate(struct message *m)
{
	return range(m, dmbc_range_invalidate);
}

static int read_in(struct message *m)
{
	return range(m, dmbc_range_prefetch);
}

static int verify(struct message *m)
{
	return range(m, dmbc_range_verify);
}

static void list_volume(void *ctx, const struct dmbc_disk_uuid *u, u64 used_sectors)
{
	struct message *m = ctx;
	unsigned int sz = strlen(m->result), maxlen = m->maxlen;
	char *result = m->result;

	DMEMIT("%pUb label=%.32s bytes=%llu used_bytes=%llu\n", u->uuid, u->label,
	       (unsigned long long)__le64_to_cpu(u->sectors) << SECTOR_SHIFT,
	       (unsigned long long)used_sectors << SECTOR_SHIFT);
}

static int volume(struct message *m)
{
	const char *verb = m->word[0];
	u64 sectors = 0;
	int r;

	if (m->words == 1 && !strcmp(verb, "list")) {
		*m->result = '\0';
		r = dmbc_volume_list(m->origin, list_volume, m, &m->why);
		return r ? r : 1;
	}
	if (m->words == 2 && !strcmp(verb, "remove"))
		return dmbc_volume_remove(m->origin, m->word[1], &m->why);
	if (m->words != 3 || (strcmp(verb, "create") && strcmp(verb, "resize"))) {
		dmbc_explain(&m->why, "use create <label> <size>, resize <name> <size>, "
				      "remove <name> or list");
		return -EINVAL;
	}
	r = dmbc_table_size(m->word[2], &sectors, &m->why);
	if (r)
		return r;
	return strcmp(verb, "create") ? dmbc_volume_resize(m->origin, m->word[1], sectors, &m->why)
				      : dmbc_volume_create(m->origin, m->word[1], sectors, &m->why);
}

static int label(struct message *m)
{
	char text[DMBC_SB_LABEL_BYTES + 1];
	unsigned int sz = 0, maxlen = m->maxlen;
	char *result = m->result;

	if (m->words)
		return dmbc_origin_set_label(m->origin, m->word[0], &m->why);
	dmbc_origin_get_label(m->origin, text);
	DMEMIT("%s", text);
	return 1;
}

static int writeback(struct message *m)
{
	bool run = !strcmp(m->word[0], "run");

	if (!run && strcmp(m->word[0], "pause")) {
		dmbc_explain(&m->why, "'%.32s': use pause or run", m->word[0]);
		return -EINVAL;
	}
	dmbc_origin_set_option(m->origin, DMBC_OPT_WRITEBACK_RUNNING, run);
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

static int stats(struct message *m)
{
	return dmbc_report(m->origin, m->words ? m->word[0] : "total", m->result, m->maxlen,
			   &m->why);
}

static int set(struct message *m)
{
	int which = dmbc_option_find(m->word[0], &m->why), r;
	u64 value;

	if (which < 0)
		return which;
	r = dmbc_option_parse(which, m->word[1], &value, &m->why);
	if (!r)
		dmbc_origin_set_option(m->origin, which, value);
	return r;
}

static int get(struct message *m)
{
	int which = dmbc_option_find(m->word[0], &m->why);

	if (which < 0)
		return which;
	dmbc_option_print(which, dmbc_origin_option(m->origin, which), m->result, m->maxlen);
	return 1;
}

static int reset(struct message *m)
{
	int first = 0, last = DMBC_NR_OPTIONS - 1;

	if (strcmp(m->word[0], "all")) {
		first = dmbc_option_find(m->word[0], &m->why);
		last = first;
	}
	if (first < 0)
		return first;
	for (; first <= last; first++)
		dmbc_origin_set_option(m->origin, first, dmbc_option_rows[first].def);
	return 0;
}

static int options(struct message *m)
{
	unsigned int sz = 0, maxlen = m->maxlen, i;
	char value[24], usual[24], range[64];
	char *result = m->result;

	for (i = 0; i < DMBC_NR_OPTIONS; i++) {
		const struct dmbc_option_row *row = &dmbc_option_rows[i];

		dmbc_option_print(i, dmbc_origin_option(m->origin, i), value, sizeof(value));
		dmbc_option_print(i, row->def, usual, sizeof(usual));
		dmbc_option_range(i, range, sizeof(range));
		DMEMIT("%s=%s (%s, default %s%s) %s\n", row->name, value, range, usual,
		       row->scope == DMBC_SCOPE_SET ? ", all disks of the SSD" : "", row->text);
	}
	return 1;
}

static const struct verb verbs[] = {
	{ DMBC_MESSAGE_CACHE_MODE, 1, 1, " <mode>", cache_mode },
	{ DMBC_MESSAGE_FLUSH, 0, 0, "", flush },
	{ DMBC_MESSAGE_DETACH, 0, 0, "", detach },
	{ DMBC_MESSAGE_ATTACH, 0, 0, "", attach },
	{ DMBC_MESSAGE_INVALIDATE, 2, 2, " <start> <sectors>", invalidate },
	{ DMBC_MESSAGE_PREFETCH, 2, 2, " <start> <sectors>", read_in },
	{ DMBC_MESSAGE_VERIFY, 0, 2, " [<start> <sectors>]", verify },
	{ DMBC_MESSAGE_LABEL, 0, 1, " [<text>]", label },
	{ DMBC_MESSAGE_VOLUME, 1, 3, " create|resize|remove|list [<name> [<size>]]", volume },
	{ DMBC_MESSAGE_WRITEBACK, 1, 1, " <pause|run>", writeback },
	{ DMBC_MESSAGE_GC, 0, 0, "", gc },
	{ DMBC_MESSAGE_CLEAR_STATS, 0, 0, "", clear_stats },
	{ DMBC_MESSAGE_STATS, 0, 1, " [total|five_minute|hour|day|internal]", stats },
	{ DMBC_MESSAGE_SET, 2, 2, " <name> <value>", set },
	{ DMBC_MESSAGE_GET, 1, 1, " <name>", get },
	{ DMBC_MESSAGE_RESET, 1, 1, " <name|all>", reset },
	{ DMBC_MESSAGE_OPTIONS, 0, 0, "", options },
};

static int refuse_verb(const char *name)
{
	char known[256] = "";
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
		.words = argc ? argc - 1 : 0,
		.result = result,
		.maxlen = maxlen,
	};
	unsigned int i;
	int r;

	for (i = 0; i < ARRAY_SIZE(verbs) && argc; i++) {
		if (strcmp(argv[0], verbs[i].name))
			continue;
		if (argc - 1 < verbs[i].least || argc - 1 > verbs[i].most) {
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
