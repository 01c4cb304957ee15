/* SPDX-License-Identifier: GPL-2.0 */
/* Sums of the per-CPU counters of an origin. */
#ifndef DMBC_CACHE_STATS_H
#define DMBC_CACHE_STATS_H

struct dmbc_origin;
struct dmbc_status;

/* Fills the counters of @st; any context. */
void dmbc_stats_get(struct dmbc_origin *origin, struct dmbc_status *st);
/* From here on they count from zero. Process context, one caller at a time. */
void dmbc_stats_clear(struct dmbc_origin *origin);

#endif
