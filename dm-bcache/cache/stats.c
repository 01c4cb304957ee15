// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the sums over the per-CPU counters. Clearing does not touch the counters
 * (other CPUs are adding to them): it notes what they say, and dmbc_stats_get()
 * subtracts that.
 */
#include "cache/stats.h"

#include "cache/status.h"
#include "cache/context.h"

#define NR_COUNTERS (sizeof(struct dmbc_counters) / sizeof(u64))

static void sum(struct dmbc_origin *o, struct dmbc_counters *total)
{
	u64 *to = (u64 *)total;
	unsigned int cpu, i;

	memset(total, 0, sizeof(*total));
	for_each_possible_cpu(cpu)
	{
		const u64 *from = (const u64 *)per_cpu_ptr(o->counters, cpu);

		for (i = 0; i < NR_COUNTERS; i++)
			to[i] += READ_ONCE(from[i]);
	}
}

static void subtract(struct dmbc_counters *a, const struct dmbc_counters *b)
{
	const u64 *from = (const u64 *)b;
	u64 *to = (u64 *)a;
	unsigned int i;

	for (i = 0; i < NR_COUNTERS; i++)
		to[i] -= READ_ONCE(from[i]);
}

void dmbc_stats_get(struct dmbc_origin *o, struct dmbc_status *st)
{
	struct dmbc_counters c;

	sum(o, &c);
	subtract(&c, &o->cleared);
	st->read_hits = c.read_hits;
	st->read_misses = c.read_misses;
	st->write_hits = c.write_hits;
	st->write_misses = c.write_misses;
	st->bypass_reads = c.bypass_reads;
	st->bypass_writes = c.bypass_writes;
	st->bypassed_bytes = c.bypassed_sectors << SECTOR_SHIFT;
	st->fills = c.fills;
	st->fill_races = c.fill_races;
	st->deferred = c.deferred;
}

void dmbc_stats_clear(struct dmbc_origin *o)
{
	sum(o, &o->cleared);
}
