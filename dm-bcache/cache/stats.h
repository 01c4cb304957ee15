/* SPDX-License-Identifier: GPL-2.0 */
/* Counting what becomes of requests, per CPU, and the sums of that. */
#ifndef DMBC_CACHE_STATS_H
#define DMBC_CACHE_STATS_H

#include <linux/percpu.h>

#include "cache/context.h"
#include "lib/window.h"

struct dmbc_status;

#define dmbc_count(origin, field) this_cpu_inc((origin)->counters->field)
#define dmbc_count_add(origin, field, n) this_cpu_add((origin)->counters->field, (n))

/* Any context: a user's read of the SSD; user data written to it. */
static inline void dmbc_stats_ssd_read(struct dmbc_set *set)
{
	this_cpu_inc(set->counters->requests);
}

static inline void dmbc_stats_ssd_write(struct dmbc_set *set, u32 sectors)
{
	this_cpu_inc(set->counters->requests);
	this_cpu_add(set->counters->written_sectors, sectors);
}

/* Memory and the tick of the windows, for as long as the origin lives. Both sleep. 0, -ENOMEM. */
int dmbc_stats_create(struct dmbc_origin *origin);
void dmbc_stats_destroy(struct dmbc_origin *origin);
/* Since the last clear, or what is left in a window; process context. */
void dmbc_stats_get_total(struct dmbc_origin *origin, struct dmbc_counters *c);
void dmbc_stats_get_window(struct dmbc_origin *origin, enum dmbc_window window,
			   struct dmbc_counters *c);
void dmbc_stats_get_set(struct dmbc_set *set, struct dmbc_set_counters *sum);
/* Fills the counters of @st; any context. */
void dmbc_stats_get(struct dmbc_origin *origin, struct dmbc_status *st);
/* From here on they count from zero. Process context, one caller at a time. */
void dmbc_stats_clear(struct dmbc_origin *origin);

#endif
