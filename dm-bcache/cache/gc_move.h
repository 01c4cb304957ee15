/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moving gc: gathers what lives in sparse buckets, so that these can be reused.
 * Runs in the gc thread, after a pass.
 */
#ifndef DMBC_CACHE_GC_MOVE_H
#define DMBC_CACHE_GC_MOVE_H

#include <linux/types.h>

struct dmbc_set;

/* Sleeps. Ends early when @stop answers true. The sectors moved, or a negative error. */
s64 dmbc_gc_move(struct dmbc_set *set, bool (*stop)(void));

#endif
