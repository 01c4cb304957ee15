/* SPDX-License-Identifier: GPL-2.0 */
/* Data of an origin is durable before the clean keys that name its copy on the SSD. */
#ifndef DMBC_CACHE_SETTLE_H
#define DMBC_CACHE_SETTLE_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_set;

/* Any context. True: the origin has to be flushed, and dmbc_settle_end() called after it. */
bool dmbc_settle_begin(struct dmbc_origin *o);
void dmbc_settle_end(struct dmbc_origin *o, bool failed);

/* Any context, before a clean key of data that is on the origin comes into the index. */
void dmbc_settle_note_clean(struct dmbc_origin *o);
/* Process context, any lock but spinlocks: flushes the origins whose clean keys may become durable
 * with the index write that follows. Sleeps for I/O. */
void dmbc_settle_run(struct dmbc_set *set);
/* Any context: would dmbc_settle_run() do nothing just now? */
bool dmbc_settle_is_settled(struct dmbc_set *set);

#endif
