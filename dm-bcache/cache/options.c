// SPDX-License-Identifier: GPL-2.0
/* The rows of options.def as a table. */
#include "cache/options.h"

const struct dmbc_option_row dmbc_option_rows[DMBC_NR_OPTIONS] = {
#define DMBC_OPTION(upper, name, scope, unit, min, max, def, text)                                 \
	{ #name, DMBC_SCOPE_##scope, DMBC_UNIT_##unit, min, max, def },
#include <dm-bcache/options.def>
#undef DMBC_OPTION
};
