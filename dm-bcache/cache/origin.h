/* SPDX-License-Identifier: GPL-2.0 */
/* State of an origin on its own super block, and errors: what the I/O path asks of them. */
#ifndef DMBC_CACHE_ORIGIN_H
#define DMBC_CACHE_ORIGIN_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_set;

/* Process context, set->dirty_gate held for reading: makes "dirty" durable on the origin. Sleeps.
 * 0, -EIO. */
int dmbc_origin_mark_dirty(struct dmbc_origin *origin);
/* Any context: there is news for the writeback thread: it looks again. */
void dmbc_origin_wake_writeback(struct dmbc_origin *origin);
/* Takes dirty_gate for writing; nothing dirty any more: "clean". Sleeps. */
void dmbc_origin_mark_clean(struct dmbc_origin *origin);

/* set->lock held: makes the super block in memory durable, on the origin or as a note. Sleeps. */
int dmbc_origin_write_super(struct dmbc_origin *origin);

/*
 * Any context, of a failed set: was this origin let go (nothing of it was dirty
 * and "stale" is durable on it), so that its I/O may pass the SSD by?
 */
bool dmbc_errors_write_allowed(struct dmbc_origin *origin);
/*
 * Process context, not the insert worker's: the store refused a change. Waits
 * a moment for what becomes of the set; true if the request may be begun anew,
 * past the SSD, as dmbc_errors_write_allowed() says yes.
 */
bool dmbc_errors_wait(struct dmbc_origin *origin);
/* Any context: one I/O error of the SSD / of the origin; past the limit the set fails. */
void dmbc_errors_ssd(struct dmbc_set *set);
void dmbc_errors_origin(struct dmbc_origin *origin);
/* Any context: the store lost a metadata write; nothing new may go to the SSD. */
void dmbc_errors_fail_set(struct dmbc_set *set);

#endif
