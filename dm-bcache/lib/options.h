/* SPDX-License-Identifier: GPL-2.0 */
/* The tunables of options.def: numbers, descriptions, and their values as text. Pure. */
#ifndef DMBC_LIB_OPTIONS_H
#define DMBC_LIB_OPTIONS_H

#include <linux/types.h>

#include "lib/verify.h"

enum dmbc_option {
#define DMBC_OPTION(upper, name, scope, unit, min, max, def, text) DMBC_OPT_##upper,
#include <dm-bcache/options.def>
#undef DMBC_OPTION
	DMBC_NR_OPTIONS
};

enum dmbc_option_scope { DMBC_SCOPE_ORIGIN, DMBC_SCOPE_SET };

enum dmbc_option_unit {
	DMBC_UNIT_BOOL,
	DMBC_UNIT_COUNT,
	DMBC_UNIT_PERCENT,
	DMBC_UNIT_SECONDS,
	DMBC_UNIT_MILLISECONDS,
	DMBC_UNIT_MICROSECONDS,
	DMBC_UNIT_BYTES,
	DMBC_UNIT_SECTORS_PER_SECOND,
	/* values with names, numbered from 0 */
	DMBC_UNIT_READAHEAD,
	DMBC_UNIT_PRIORITY,
	DMBC_UNIT_FAILURE,
	DMBC_UNIT_PACE,
	DMBC_UNIT_REPLACEMENT,
	DMBC_NR_UNITS
};

/* Values of options that have names. */
enum dmbc_readahead { DMBC_READAHEAD_ALL, DMBC_READAHEAD_META_ONLY };
enum dmbc_priority { DMBC_PRIORITY_OFF, DMBC_PRIORITY_IDLE, DMBC_PRIORITY_BEST_EFFORT };
enum dmbc_failure { DMBC_FAILURE_AUTO, DMBC_FAILURE_ALWAYS };
enum dmbc_pace_policy { DMBC_PACE_RATE, DMBC_PACE_LAZY };
/* 0: as the super block says; others: enum dmbc_replacement + 1 */
#define DMBC_REPLACEMENT_AS_FORMATTED 0
/* sequential_cutoff_read and _write: "as sequential_cutoff" */
#define DMBC_CUTOFF_INHERITED 0x100000000ULL

struct dmbc_option_row {
	const char *name;
	enum dmbc_option_scope scope;
	enum dmbc_option_unit unit;
	__u64 min, max, def;
	const char *text;
};

extern const struct dmbc_option_row dmbc_option_rows[DMBC_NR_OPTIONS];

/* The option called @name, or -EINVAL with the nearest one in @why. */
int dmbc_option_find(const char *name, struct dmbc_why *why);
/*
 * @text as a value of @which: a number of its unit, a number with a suffix (4M,
 * 10%, 30s), or one of its names; or -EINVAL with the range in @why.
 */
int dmbc_option_parse(enum dmbc_option which, const char *text, __u64 *value, struct dmbc_why *why);
/* Writes @value so that parse gives it back; returns the length, at most @size - 1. */
unsigned int dmbc_option_print(enum dmbc_option which, __u64 value, char *text, unsigned int size);
/* Writes all that may be given: "0 to 70 percent", "all or meta-only"; returns the length. */
unsigned int dmbc_option_range(enum dmbc_option which, char *text, unsigned int size);

#endif
