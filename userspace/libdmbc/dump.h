/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a cache knows, as lines of text, and back.
 *
 * A line is a word and fields, `extent disk=0 start=16 sectors=8 at=4096 gen=3
 * dirty=1`, or the same as a JSON object with the word as "type". In order: one
 * `super`, a `disk` for each used slot, a `note` for each disk that is cached in
 * place, a `bucket` for each that is not as after a format, an `extent` for each
 * that a start would serve, an `end` that counts them. Sectors are those of the
 * SSD (at) and of the disk (start). In text values, all but letters, digits and
 * . _ : / - are written as \xNN. User data is not in it.
 */
#ifndef DMBC_DUMP_H
#define DMBC_DUMP_H

#include "check.h"

#include <stdio.h>

/* After dmbc_check_run(), with its report. */
enum dmbc_result dmbc_dump_run(struct dmbc_set *set, const struct dmbc_check_report *report,
			       FILE *out, bool json, struct dmbc_error *err);

struct dmbc_restore_params {
	FILE *in; /* either form */
	const char *in_name;
	struct dmbc_device *dev; /* open for writing */
	struct dmbc_device *data; /* where the extents' data is; NULL: on @dev already */
	bool dry_run; /* read and check everything, write nothing */
};

struct dmbc_restore_report {
	__u64 extents, dirty; /* sectors dirty */
	__u64 evicted; /* extents left out for want of room */
};

/*
 * Writes a cache with the contents of the dump: its index is new, its extents lie
 * where they lay. DMBC_REFUSED: the dump makes no sense, or does not fit; the
 * device is then as it was, unless the dump broke off after its extents began.
 */
enum dmbc_result dmbc_restore_run(const struct dmbc_restore_params *params,
				  struct dmbc_restore_report *report, struct dmbc_error *err);

#endif
