/* SPDX-License-Identifier: GPL-2.0 */
/* The answers of the message "stats". */
#ifndef DMBC_TARGET_REPORT_H
#define DMBC_TARGET_REPORT_H

#include "lib/verify.h"

struct dmbc_origin;

/*
 * Writes what was counted in total or in a window, or the engine's inner state, as one line of
 * name=value. 1; -EINVAL with the names of all windows in @why; -ENOMEM. Sleeps.
 */
int dmbc_report(struct dmbc_origin *origin, const char *window, char *result, unsigned int maxlen,
		struct dmbc_why *why);

#endif
