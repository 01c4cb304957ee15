/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read misses on their way to the SSD.
 *
 * A fill is begun before the origin is read: from then on every write to the
 * range poisons it. When the origin's data has come, it is copied, the user's
 * request ends, and the copy goes to the SSD; its key enters the index only
 * where there is still a hole and only if the fill was not poisoned.
 */
#ifndef DMBC_CACHE_FILL_H
#define DMBC_CACHE_FILL_H

#include <linux/types.h>

struct bio;
struct dmbc_fill;
struct dmbc_request;

/* map() or process context, never sleeps. NULL: not now (memory, or the range is busy). */
struct dmbc_fill *dmbc_fill_begin(struct dmbc_request *rq);
/* Any context: the data never came. */
void dmbc_fill_abort(struct dmbc_fill *fill);
/* Process context: copies from the finished user bio, whose bi_iter is as it was sent. False:
 * given up (the fill is gone). */
bool dmbc_fill_copy(struct dmbc_fill *fill, struct bio *from);
/* Process context: on to the SSD. The fill ends by itself. */
void dmbc_fill_write(struct dmbc_fill *fill);

#endif
