/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges of an origin that something is being done to, so that fills, writes
 * to the origin and writeback over the same sectors do not cross.
 *
 *   WRITE  a write on its way to the origin: overlapping writes wait for it,
 *          fills and copies of the range do not start; it poisons running fills
 *   FILL   a read miss on its way to the SSD: may be poisoned, then it is given up
 *   COPY   writeback of the range: writes to the origin wait for it
 *
 * Writes to the SSD alone (writeback mode) are no range: the index orders them;
 * they wait for a WRITE and poison a FILL.
 *
 * Lock: inflight.lock, innermost, irqsave; any context unless said otherwise.
 */
#ifndef DMBC_CACHE_INFLIGHT_H
#define DMBC_CACHE_INFLIGHT_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct dmbc_inflight;
struct dmbc_origin;
struct dmbc_request;

enum dmbc_range_type { DMBC_RANGE_WRITE, DMBC_RANGE_FILL, DMBC_RANGE_COPY };

struct dmbc_range {
	struct rb_node rb;
	u64 start, last; /* sectors, inclusive */
	u64 subtree_last;
	struct list_head waiters; /* of struct dmbc_wait */
	u8 type;
	bool poisoned; /* FILL, under lock */
};

/* One request that waits for a range to leave. */
struct dmbc_range_wait {
	struct list_head list;
	void (*wake)(struct dmbc_range_wait *w); /* any context */
};

void dmbc_inflight_init(struct dmbc_inflight *f);

/*
 * Enters a WRITE. True: entered. False: something overlaps; w->wake is called
 * when it has left, then try again.
 */
bool dmbc_inflight_enter_write(struct dmbc_origin *o, struct dmbc_range *r, u64 start, u32 sectors,
			       struct dmbc_range_wait *w);
/* A write to the SSD alone: false and w queued if it must wait for a WRITE; else fills are
 * poisoned. Cheap when nothing is in flight. */
bool dmbc_inflight_pass_ssd_write(struct dmbc_origin *o, u64 start, u32 sectors,
				  struct dmbc_range_wait *w);
/* Poisons fills of the range; cheap when there is none. */
void dmbc_inflight_poison(struct dmbc_origin *o, u64 start, u32 sectors);
/* Enter a FILL or COPY: false if a WRITE, or one of the same type, overlaps. */
bool dmbc_inflight_try_enter(struct dmbc_origin *o, struct dmbc_range *r, u64 start, u32 sectors,
			     enum dmbc_range_type type);
bool dmbc_inflight_poisoned(struct dmbc_origin *o, struct dmbc_range *r);
/* Leaves and wakes who waits. */
void dmbc_inflight_leave(struct dmbc_origin *o, struct dmbc_range *r);

#endif
