/* SPDX-License-Identifier: GPL-2.0 */
/* What a user may ask for a range of an origin: drop it from the SSD, read it in, compare both. */
#ifndef DMBC_CACHE_RANGE_H
#define DMBC_CACHE_RANGE_H

#include <linux/types.h>

struct dmbc_origin;

/* What was found or done, sectors. */
struct dmbc_range_result {
	u64 done; /* dropped; filled; compared */
	u64 differing; /* of the compared ones */
};

/*
 * All sleep, for as long as it takes; -EINTR when a signal ends them, -EBUSY when a suspend or a
 * detach does, -ENOSPC, -EIO; @r says how far they
 * got. [start, end) in sectors of the disk, data offset included.
 */

/* Clean data is dropped; dirty data stays. */
int dmbc_range_invalidate(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r);
/* What is not cached is copied to the SSD, as long as there is space. */
int dmbc_range_prefetch(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r);
/* Clean data is read from both devices and compared. */
int dmbc_range_verify(struct dmbc_origin *o, u64 start, u64 end, struct dmbc_range_result *r);

#endif
