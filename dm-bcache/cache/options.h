/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers and descriptions of the tunables in options.def. */
#ifndef DMBC_CACHE_OPTIONS_H
#define DMBC_CACHE_OPTIONS_H

#include <linux/types.h>

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
	DMBC_UNIT_BYTES,
	DMBC_UNIT_SECTORS_PER_SECOND,
};

struct dmbc_option_row {
	const char *name;
	enum dmbc_option_scope scope;
	enum dmbc_option_unit unit;
	u64 min, max, def;
};

extern const struct dmbc_option_row dmbc_option_rows[DMBC_NR_OPTIONS];

#endif
