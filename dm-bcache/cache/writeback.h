/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes dirty data of one origin back to it, in disk order, at a controlled
 * rate; marks it clean only after the origin's cache was flushed.
 */
#ifndef DMBC_CACHE_WRITEBACK_H
#define DMBC_CACHE_WRITEBACK_H

#include <linux/jiffies.h>
#include <linux/types.h>

#include "cache/context.h"

/* Any context: a user's request goes to the disk; a read of it begins; ends. */
static inline void dmbc_writeback_disk_used(struct dmbc_origin *origin)
{
	if (READ_ONCE(origin->origin_used) != jiffies)
		WRITE_ONCE(origin->origin_used, jiffies);
}

static inline void dmbc_writeback_read_begin(struct dmbc_origin *origin)
{
	atomic_inc(&origin->origin_reads);
	dmbc_writeback_disk_used(origin);
}

static inline void dmbc_writeback_read_end(struct dmbc_origin *origin)
{
	atomic_dec(&origin->origin_reads);
}

/* Memory, for as long as the origin lives. Both sleep. 0, -ENOMEM. */
int dmbc_writeback_create(struct dmbc_origin *origin);
void dmbc_writeback_destroy(struct dmbc_origin *origin); /* stopped before */
/* The thread, from resume to suspend. */
int dmbc_writeback_start(struct dmbc_origin *origin); /* sleeps; 0, -ENOMEM */
void dmbc_writeback_stop(struct dmbc_origin *origin); /* sleeps for copies in flight, no more */
void dmbc_writeback_flush(struct dmbc_origin *origin); /* all of it, now, without a limit */
bool dmbc_writeback_flushing(struct dmbc_origin *origin);
struct dmbc_status;
struct dmbc_internal;
/* Rate and target; the controller's terms. Any context. */
void dmbc_writeback_get(struct dmbc_origin *origin, struct dmbc_status *st);
void dmbc_writeback_get_terms(struct dmbc_origin *origin, struct dmbc_internal *in);

#endif
