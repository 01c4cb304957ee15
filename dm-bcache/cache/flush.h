/* SPDX-License-Identifier: GPL-2.0 */
/* PREFLUSH: everything acknowledged so far becomes durable on both devices; and data of the origin
 * before the clean keys that name its copy. */
#ifndef DMBC_CACHE_FLUSH_H
#define DMBC_CACHE_FLUSH_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_request;
struct dmbc_set;

/* Any context, before a clean key of data that is on the origin comes into the index. */
void dmbc_flush_note_clean(struct dmbc_origin *o);
/* Process context, any lock but spinlocks: flushes the origins whose clean keys may become durable
 * with the index write that follows. Sleeps for I/O. */
void dmbc_flush_settle(struct dmbc_set *set);
/* Any context: would dmbc_flush_settle() do nothing just now? */
bool dmbc_flush_settled(struct dmbc_set *set);

/* map() only (dm sends flushes as empty bios). Returns a DM_MAPIO_* value. */
int dmbc_flush_start(struct dmbc_request *rq);

#endif
