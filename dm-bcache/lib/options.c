// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of options.def as a table, and the text form of their values.
 *
 * A value is a number in the unit of its row. dmbc_option_parse() also takes
 * suffixes of that unit, and for units that are a choice the names, whose
 * numbers are their places in the list.
 */
#include "lib/options.h"

#include "lib/port.h"

#define MAX_NAMES 4
#define MAX_SUFFIXES 4

const struct dmbc_option_row dmbc_option_rows[DMBC_NR_OPTIONS] = {
#define DMBC_OPTION(upper, name, scope, unit, min, max, def, text)                                 \
	{ #name, DMBC_SCOPE_##scope, DMBC_UNIT_##unit, min, max, def, text },
#include <dm-bcache/options.def>
#undef DMBC_OPTION
};

struct suffix {
	const char *text;
	__u64 factor;
};

struct unit {
	const char *text; /* behind a range */
	bool choice; /* has names only */
	const char *name[MAX_NAMES];
	struct suffix suffix[MAX_SUFFIXES];
};

static const struct unit units[DMBC_NR_UNITS] = {
	[DMBC_UNIT_BOOL] = { "", false, { "off", "on" }, {} },
	[DMBC_UNIT_COUNT] = { "", false, {}, {} },
	[DMBC_UNIT_PERCENT] = { " percent", false, {}, { { "%", 1 } } },
	[DMBC_UNIT_SECONDS] = { " s",
				false,
				{},
				{ { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } } },
	[DMBC_UNIT_MILLISECONDS] = { " ms", false, {}, { { "ms", 1 }, { "s", 1000 } } },
	[DMBC_UNIT_MICROSECONDS] = { " us",
				     false,
				     {},
				     { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } } },
	[DMBC_UNIT_BYTES] = { " bytes",
			      false,
			      {},
			      { { "K", 1 << 10 },
				{ "M", 1 << 20 },
				{ "G", 1 << 30 },
				{ "T", 1ULL << 40 } } },
	/* a suffix counts bytes */
	[DMBC_UNIT_SECTORS_PER_SECOND] = { " sectors/s",
					   false,
					   {},
					   { { "K", 2 }, { "M", 2 << 10 }, { "G", 2 << 20 } } },
	[DMBC_UNIT_READAHEAD] = { "", true, { "all", "meta-only" }, {} },
	[DMBC_UNIT_PRIORITY] = { "", true, { "off", "idle", "best-effort" }, {} },
	[DMBC_UNIT_FAILURE] = { "", true, { "auto", "always" }, {} },
	[DMBC_UNIT_PACE] = { "", true, { "rate", "lazy" }, {} },
	[DMBC_UNIT_REPLACEMENT] = { "", true, { "as-formatted", "lru", "fifo", "random" }, {} },
};

static const struct unit *unit_of(enum dmbc_option which)
{
	return &units[dmbc_option_rows[which].unit];
}

/* ---- names of options ---------------------------------------------------------------- */

/* Letters in common, most of all at the start, and a like length: enough for typing errors. */
static int likeness(const char *a, const char *b)
{
	int same = 0, points = 0, longer = (int)strlen(a) - (int)strlen(b);
	const char *p;

	while (a[same] && a[same] == b[same])
		same++;
	for (p = a; *p; p++)
		points += strchr(b, *p) != NULL;
	return same * 4 + points - 2 * (longer < 0 ? -longer : longer);
}

int dmbc_option_find(const char *name, struct dmbc_why *why)
{
	int best = 0, points = 0, i;

	for (i = 0; i < DMBC_NR_OPTIONS; i++) {
		int p = likeness(dmbc_option_rows[i].name, name);

		if (!strcmp(name, dmbc_option_rows[i].name))
			return i;
		if (p <= points)
			continue;
		points = p;
		best = i;
	}
	if (points >= 2 * (int)strlen(dmbc_option_rows[best].name))
		dmbc_explain(why, "unknown option '%.40s': did you mean %s?", name,
			     dmbc_option_rows[best].name);
	else
		dmbc_explain(why, "unknown option '%.40s': message options lists them", name);
	return -EINVAL;
}

/* ---- values ---------------------------------------------------------------------------- */

static int find_name(const struct unit *u, const char *text)
{
	int i;

	for (i = 0; i < MAX_NAMES && u->name[i]; i++)
		if (!strcmp(text, u->name[i]))
			return i;
	return -EINVAL;
}

/* Digits at the start; returns what follows, NULL if there are none or too many. */
static const char *parse_digits(const char *text, __u64 *value)
{
	const char *p = text;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		__u64 digit = *p - '0';

		if (*value > (~0ULL - digit) / 10)
			return NULL;
		*value = *value * 10 + digit;
	}
	return p == text ? NULL : p;
}

/* Suffixes of one capital letter may be small as well. */
static bool is_suffix(const char *text, const char *suffix)
{
	if (suffix[0] >= 'A' && suffix[0] <= 'Z')
		return (text[0] == suffix[0] || text[0] == suffix[0] + 'a' - 'A') && !text[1];
	return !strcmp(text, suffix);
}

static int apply_suffix(const struct unit *u, const char *text, __u64 *value)
{
	int i;

	if (!*text)
		return 0;
	for (i = 0; i < MAX_SUFFIXES && u->suffix[i].text; i++) {
		if (!is_suffix(text, u->suffix[i].text))
			continue;
		if (*value > dmbc_div_u64(~0ULL, u->suffix[i].factor))
			return -EINVAL;
		*value *= u->suffix[i].factor;
		return 0;
	}
	return -EINVAL;
}

static int parse_number(const struct unit *u, const char *text, __u64 *value)
{
	const char *rest = parse_digits(text, value);

	return rest ? apply_suffix(u, rest, value) : -EINVAL;
}

int dmbc_option_parse(enum dmbc_option which, const char *text, __u64 *value, struct dmbc_why *why)
{
	const struct dmbc_option_row *row = &dmbc_option_rows[which];
	const struct unit *u = unit_of(which);
	int name = find_name(u, text);
	char range[64];

	if (name >= 0) {
		*value = name;
		return 0;
	}
	if (!u->choice && !parse_number(u, text, value) && *value >= row->min && *value <= row->max)
		return 0;
	dmbc_option_range(which, range, sizeof(range));
	dmbc_explain(why, "%s '%.24s': use %s%s", row->name, text,
		     u->choice ? "" : "a number from ", range);
	return -EINVAL;
}

static unsigned int at_most(int length, unsigned int size)
{
	return (unsigned int)length < size ? (unsigned int)length : size - 1;
}

unsigned int dmbc_option_print(enum dmbc_option which, __u64 value, char *text, unsigned int size)
{
	const struct unit *u = unit_of(which);

	if (u->choice && value < MAX_NAMES && u->name[value])
		return at_most(snprintf(text, size, "%s", u->name[value]), size);
	return at_most(snprintf(text, size, "%llu", (unsigned long long)value), size);
}

unsigned int dmbc_option_range(enum dmbc_option which, char *text, unsigned int size)
{
	const struct dmbc_option_row *row = &dmbc_option_rows[which];
	const struct unit *u = unit_of(which);
	unsigned int at = 0;
	int i;

	if (!u->choice)
		return at_most(snprintf(text, size, "%llu to %llu%s", (unsigned long long)row->min,
					(unsigned long long)row->max, u->text),
			       size);
	for (i = 0; i < MAX_NAMES && u->name[i]; i++)
		at += at_most(snprintf(text + at, size - at, "%s%s", i ? " or " : "", u->name[i]),
			      size - at);
	return at;
}
