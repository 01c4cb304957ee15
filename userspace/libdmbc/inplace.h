/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disks that are cached in place, without a super block: what the SSD notes of
 * them. @id is the disk's name in the table line, origin_id.
 */
#ifndef DMBC_INPLACE_H
#define DMBC_INPLACE_H

#include "check.h"

/* As dmbc_check_read_origin(). DMBC_REFUSED: another disk, or changed without the SSD. */
enum dmbc_result dmbc_inplace_read_origin(const struct dmbc_set *set, const __u8 id[16],
					  const char *path, struct dmbc_check_origin *origin,
					  struct dmbc_error *err);
/*
 * Dirty data is about to be written to the disk: from now on it may differ from
 * what is noted. The set's device is open for writing. Durable after return.
 */
enum dmbc_result dmbc_inplace_begin(const struct dmbc_set *set, const __u8 id[16],
				    struct dmbc_error *err);
/* The disk is complete: a start drops what the SSD has of it. As dmbc_inplace_begin(). */
enum dmbc_result dmbc_inplace_detach(const struct dmbc_set *set, const __u8 id[16],
				     struct dmbc_error *err);

#endif
