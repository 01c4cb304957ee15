/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes dirty data of one origin back to it, in disk order, at a controlled
 * rate; marks it clean only after the origin's cache was flushed.
 */
#ifndef DMBC_CACHE_WRITEBACK_H
#define DMBC_CACHE_WRITEBACK_H

#include <linux/types.h>

struct dmbc_origin;

/* Memory, for as long as the origin lives. Both sleep. 0, -ENOMEM. */
int dmbc_writeback_create(struct dmbc_origin *origin);
void dmbc_writeback_destroy(struct dmbc_origin *origin); /* stopped before */
/* The thread, from resume to suspend. */
int dmbc_writeback_start(struct dmbc_origin *origin); /* sleeps; 0, -ENOMEM */
void dmbc_writeback_stop(struct dmbc_origin *origin); /* sleeps for copies in flight, no more */
void dmbc_writeback_flush(struct dmbc_origin *origin); /* all of it, now, without a limit */
bool dmbc_writeback_flushing(struct dmbc_origin *origin);
u64 dmbc_writeback_rate(struct dmbc_origin *origin); /* sectors per second */

#endif
