// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the sums over the per-CPU counters, and the windows: a tick every 13.6 s
 * adds what was counted since the last to each of them and lets it fade. Clearing does not touch the counters
 * (other CPUs are adding to them): it notes what they say, and dmbc_stats_get()
 * subtracts that.
 */
#include "cache/stats.h"

#include <linux/slab.h>

#include "cache/status.h"

struct dmbc_windows {
	struct dmbc_origin *origin;
	struct delayed_work work;
	struct mutex lock; /* what follows */
	u64 ticks;
	struct dmbc_counters seen; /* by the last tick */
	u64 value[DMBC_NR_WINDOWS][DMBC_NR_COUNTERS];
};

static void sum(struct dmbc_origin *o, struct dmbc_counters *total)
{
	u64 *to = (u64 *)total;
	unsigned int cpu, i;

	memset(total, 0, sizeof(*total));
	for_each_possible_cpu(cpu)
	{
		const u64 *from = (const u64 *)per_cpu_ptr(o->counters, cpu);

		for (i = 0; i < DMBC_NR_COUNTERS; i++)
			to[i] += READ_ONCE(from[i]);
	}
}

static void subtract(struct dmbc_counters *a, const struct dmbc_counters *b)
{
	const u64 *from = (const u64 *)b;
	u64 *to = (u64 *)a;
	unsigned int i;

	for (i = 0; i < DMBC_NR_COUNTERS; i++)
		to[i] -= READ_ONCE(from[i]);
}

/* ---- windows ---------------------------------------------------------------------- */

static void next_tick(struct dmbc_windows *w)
{
	queue_delayed_work(system_percpu_wq, &w->work, msecs_to_jiffies(DMBC_WINDOW_TICK_MS));
}

static void tick(struct work_struct *work)
{
	struct dmbc_windows *w = container_of(work, struct dmbc_windows, work.work);
	struct dmbc_counters now, delta;
	int i;

	mutex_lock(&w->lock);
	sum(w->origin, &now);
	delta = now;
	subtract(&delta, &w->seen);
	w->seen = now;
	w->ticks++;
	for (i = 0; i < DMBC_NR_WINDOWS; i++)
		dmbc_window_tick(i, w->ticks, w->value[i], (const u64 *)&delta, DMBC_NR_COUNTERS);
	mutex_unlock(&w->lock);
	next_tick(w);
}

int dmbc_stats_create(struct dmbc_origin *o)
{
	struct dmbc_windows *w = kzalloc(sizeof(*w), GFP_KERNEL);

	o->counters = alloc_percpu(struct dmbc_counters);
	if (!w || !o->counters) {
		free_percpu(o->counters);
		kfree(w);
		return -ENOMEM;
	}
	w->origin = o;
	mutex_init(&w->lock);
	INIT_DELAYED_WORK(&w->work, tick);
	o->windows = w;
	next_tick(w);
	return 0;
}

void dmbc_stats_destroy(struct dmbc_origin *o)
{
	cancel_delayed_work_sync(&o->windows->work);
	kfree(o->windows);
	free_percpu(o->counters);
}

void dmbc_stats_get_window(struct dmbc_origin *o, enum dmbc_window window, struct dmbc_counters *c)
{
	struct dmbc_windows *w = o->windows;
	u64 *to = (u64 *)c;
	unsigned int i;

	mutex_lock(&w->lock);
	for (i = 0; i < DMBC_NR_COUNTERS; i++)
		to[i] = dmbc_window_value(w->value[window][i]);
	mutex_unlock(&w->lock);
}

/* ---- totals ------------------------------------------------------------------------ */

void dmbc_stats_get_total(struct dmbc_origin *o, struct dmbc_counters *c)
{
	sum(o, c);
	subtract(c, &o->cleared);
}

void dmbc_stats_get_set(struct dmbc_set *set, struct dmbc_set_counters *sum)
{
	unsigned int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
	{
		const struct dmbc_set_counters *c = per_cpu_ptr(set->counters, cpu);

		sum->requests += READ_ONCE(c->requests);
		sum->written_sectors += READ_ONCE(c->written_sectors);
	}
}

void dmbc_stats_get(struct dmbc_origin *o, struct dmbc_status *st)
{
	struct dmbc_set_counters set;
	struct dmbc_counters c;

	dmbc_stats_get_total(o, &c);
	st->read_hits = c.requests[DMBC_READ_HIT];
	st->read_misses = c.requests[DMBC_READ_MISS];
	st->write_hits = c.requests[DMBC_WRITE_HIT];
	st->write_misses = c.requests[DMBC_WRITE_MISS];
	st->bypass_reads = c.requests[DMBC_READ_BYPASS];
	st->bypass_writes = c.requests[DMBC_WRITE_BYPASS];
	st->read_hit_bytes = c.sectors[DMBC_READ_HIT] << SECTOR_SHIFT;
	st->read_miss_bytes = c.sectors[DMBC_READ_MISS] << SECTOR_SHIFT;
	st->read_bypass_bytes = c.sectors[DMBC_READ_BYPASS] << SECTOR_SHIFT;
	st->write_hit_bytes = c.sectors[DMBC_WRITE_HIT] << SECTOR_SHIFT;
	st->write_miss_bytes = c.sectors[DMBC_WRITE_MISS] << SECTOR_SHIFT;
	st->write_bypass_bytes = c.sectors[DMBC_WRITE_BYPASS] << SECTOR_SHIFT;
	st->bypassed_bytes = st->read_bypass_bytes + st->write_bypass_bytes;
#define X(upper, name)                                                                             \
	st->bypass_##name =                                                                        \
		c.bypass_reads[DMBC_BYPASS_##upper] + c.bypass_writes[DMBC_BYPASS_##upper];
	DMBC_BYPASS_REASONS(X)
#undef X
	st->bypass_hits = c.bypass_hits;
	st->fills = c.fills;
	st->fill_races = c.fill_races;
	st->deferred = c.deferred;
	st->discards = c.discards;
	st->discarded_bytes = c.discarded_sectors << SECTOR_SHIFT;
	st->flushes = c.flushes;
	dmbc_stats_get_set(o->set, &set);
	st->data_bytes = set.written_sectors << SECTOR_SHIFT;
}

void dmbc_stats_clear(struct dmbc_origin *o)
{
	sum(o, &o->cleared);
}
