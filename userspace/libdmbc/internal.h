/* SPDX-License-Identifier: GPL-2.0 */
/* Shared between the files of libdmbc only. */
#ifndef DMBC_INTERNAL_H
#define DMBC_INTERNAL_H

#include "dmbc.h"

/* Writes the line to @err and returns @result, so that a check is one statement. */
enum dmbc_result dmbc_error_set(struct dmbc_error *err, enum dmbc_result result, const char *format,
				...) __attribute__((format(printf, 3, 4)));
/* DMBC_IO: there is not enough memory for @dev. */
enum dmbc_result dmbc_error_memory(const struct dmbc_device *dev, struct dmbc_error *err);

#endif
