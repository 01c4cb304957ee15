/* SPDX-License-Identifier: GPL-2.0 */
/* The three status texts of device-mapper. */
#ifndef DMBC_TARGET_STATUS_H
#define DMBC_TARGET_STATUS_H

#include "target/table.h"

struct dmbc_origin;

/* INFO: "version=1 state=... ...", see interface.h. Does not sleep. */
void dmbc_status_info(struct dmbc_origin *origin, char *result, unsigned int maxlen);
/* TABLE: the words after the target's name; options only where they differ from the default. */
void dmbc_status_table(const struct dmbc_config *c, const char *ssd, const char *hdd, char *result,
		       unsigned int maxlen);
/* IMA: what is measured, after the target's name and version. */
void dmbc_status_ima(const struct dmbc_config *c, const char *ssd, const char *hdd, char *result,
		     unsigned int maxlen);

#endif
