/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A random workload on a store, and a map that knows what every sector must be.
 *
 * The map plays the origin too: a sector's newest data is `origin` where the
 * store has a hole or a clean copy. Each write gives its sectors stamps never
 * used before, so data from a bucket that was reused too early shows.
 *
 * Several fibers work at once on sectors of their own (lock_range()), so that
 * each knows what it must find, while nodes, buckets and journal are shared.
 *
 * With `history` the map remembers for each sector all it has been since the
 * last flush: after a power cut it must be one of these.
 */
#ifndef DMBC_SIM_LOAD_H
#define DMBC_SIM_LOAD_H

#include <linux/wait.h>

#include "sim/sim_store.h"

enum sim_kind { SIM_HOLE, SIM_CLEAN, SIM_DIRTY };

struct sim_state {
	u64 stamp; /* not for holes */
	enum sim_kind kind;
	u64 since; /* load->clock when it was acknowledged; ~0: not yet */
};

struct sim_sector {
	u64 origin;
	u64 stamp;
	enum sim_kind kind;
	u32 nr_past, room;
	struct sim_state *past; /* the oldest one is certain; others may have become durable */
};

struct sim_load {
	/* set by the caller, zero the rest */
	u32 inodes;
	u64 base; /* first sector of each inode */
	u32 sectors; /* per inode */
	u32 first; /* sector of each inode: nothing is done below */
	u32 max_sectors; /* of one operation */
	u32 workers; /* fibers */
	bool history;
	bool forgiving; /* allocations may fail */
	u32 flushes, rare; /* of 1000 operations; 0: 10 and 3 */
	bool no_reads;
	struct sim_store *store;

	struct sim_sector *map;
	u64 clock, flushed;
	u64 stamps; /* given so far */
	u64 todo, steps;
	u32 running; /* workers */
	u64 sectors_seen[3]; /* by enum sim_kind: what lookups found */
	bool stopped; /* by an I/O error */
	u32 volumes; /* in the uuid table, durably */
	bool writing_uuids;
	struct list_head locks;
	struct wait_queue_head wait;
};

void sim_load_init(struct sim_load *l);
void sim_load_exit(struct sim_load *l);

/* Runs @steps operations on l->store, by all workers together. False: an I/O error ended it. */
bool sim_load_run(struct sim_load *l, u64 steps);
/* All workers at rest: the whole map, the order of keys, all counts. */
void sim_load_check(struct sim_load *l);
/* After a power cut and a new start: each sector is what it was at the flush or later. The map
 * follows. */
void sim_load_recover(struct sim_load *l);

/* ---- shared by sim_load.c and sim_check.c --------------------------------------- */

static inline struct sim_sector *sim_load_at(struct sim_load *l, u32 inode, u64 pos)
{
	return &l->map[(u64)inode * l->sectors + (pos - l->base)];
}

const char *sim_kind_name(enum sim_kind kind);
/* Lookups over [start, end), whose sectors nobody else changes, and reads what they name. */
int sim_load_check_range(struct sim_load *l, u32 inode, u64 start, u64 end);

#endif
