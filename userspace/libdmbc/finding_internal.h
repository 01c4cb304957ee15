/* SPDX-License-Identifier: GPL-2.0 */
/* Shared between the files of libdmbc only: finding something. */
#ifndef DMBC_FINDING_INTERNAL_H
#define DMBC_FINDING_INTERNAL_H

#include "finding.h"

struct dmbc_place dmbc_finding_place(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* @range: NULL if none. @fs may be NULL: nobody wants to know. */
void dmbc_finding_add(struct dmbc_findings *fs, enum dmbc_finding_code code,
		      const struct dmbc_range *range, struct dmbc_place place, const char *format,
		      ...) __attribute__((format(printf, 5, 6)));

#endif
