/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Garbage collection of a set: one thread that walks the index in small steps
 * when somebody wants it to: the refill (generations near their limit, nothing
 * left to reclaim), a message, or when a sixteenth of the cache was written.
 */
#ifndef DMBC_CACHE_GC_H
#define DMBC_CACHE_GC_H

#include <linux/types.h>

#include "lib/timing.h"

struct dmbc_gc;
struct dmbc_set;

/* Both sleep. 0, -ENOMEM. The set's index is loaded; stop comes before it goes away. */
int dmbc_gc_start(struct dmbc_set *set);
void dmbc_gc_stop(struct dmbc_set *set);
/* Any context, between start and stop. */
void dmbc_gc_wake(struct dmbc_gc *gc);
/* Any context: @sectors were put on the SSD. */
void dmbc_gc_inserted(struct dmbc_gc *gc, u32 sectors);
bool dmbc_gc_running(const struct dmbc_gc *gc);
u32 dmbc_gc_passes(const struct dmbc_gc *gc);
struct dmbc_timing dmbc_gc_times(const struct dmbc_gc *gc); /* of whole passes; racy */

#endif
