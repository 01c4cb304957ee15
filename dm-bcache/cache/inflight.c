// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the interval tree of ranges in flight over one origin.
 *
 * In time order: enter (or queue behind the first range in the way), work,
 * leave, wake those who queued; they try again from the start.
 */
#include <linux/interval_tree_generic.h>
#include <linux/lockdep.h>

#include "cache/context.h"
#include "cache/inflight.h"

#define RANGE_START(r) ((r)->start)
#define RANGE_LAST(r) ((r)->last)

INTERVAL_TREE_DEFINE(struct dmbc_range, rb, u64, subtree_last, RANGE_START, RANGE_LAST,
		     static __maybe_unused, range_tree)

void dmbc_inflight_init(struct dmbc_inflight *f)
{
	spin_lock_init(&f->lock);
	f->ranges = RB_ROOT_CACHED;
	f->nr_writes = 0;
	f->nr_fills = 0;
	f->nr_copies = 0;
}

static unsigned int *range_count(struct dmbc_inflight *f, enum dmbc_range_type type)
{
	switch (type) {
	case DMBC_RANGE_WRITE: return &f->nr_writes;
	case DMBC_RANGE_FILL: return &f->nr_fills;
	default: return &f->nr_copies;
	}
}

static void range_insert(struct dmbc_inflight *f, struct dmbc_range *r, u64 start, u32 sectors,
			 enum dmbc_range_type type)
{
	unsigned int *count = range_count(f, type);

	lockdep_assert_held(&f->lock);
	r->start = start;
	r->last = start + sectors - 1;
	r->type = type;
	r->poisoned = false;
	INIT_LIST_HEAD(&r->waiters);
	range_tree_insert(r, &f->ranges);
	WRITE_ONCE(*count, *count + 1);
}

/* The first range of one of the types in @mask that overlaps [start, last]. */
static struct dmbc_range *range_find(struct dmbc_inflight *f, u64 start, u64 last,
				     unsigned int mask)
{
	struct dmbc_range *r;

	for (r = range_tree_iter_first(&f->ranges, start, last); r;
	     r = range_tree_iter_next(r, start, last))
		if (BIT(r->type) & mask)
			return r;
	return NULL;
}

static void poison_fills(struct dmbc_inflight *f, u64 start, u64 last)
{
	struct dmbc_range *r;

	for (r = range_tree_iter_first(&f->ranges, start, last); r;
	     r = range_tree_iter_next(r, start, last))
		if (r->type == DMBC_RANGE_FILL)
			r->poisoned = true;
}

bool dmbc_inflight_enter_write(struct dmbc_origin *o, struct dmbc_range *r, u64 start, u32 sectors,
			       struct dmbc_range_wait *w)
{
	struct dmbc_inflight *f = &o->inflight;
	struct dmbc_range *blocker;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	blocker = range_find(f, start, start + sectors - 1,
			     BIT(DMBC_RANGE_WRITE) | BIT(DMBC_RANGE_COPY));
	if (blocker) {
		list_add_tail(&w->list, &blocker->waiters);
	} else {
		poison_fills(f, start, start + sectors - 1);
		range_insert(f, r, start, sectors, DMBC_RANGE_WRITE);
	}
	spin_unlock_irqrestore(&f->lock, flags);
	return !blocker;
}

bool dmbc_inflight_pass_ssd_write(struct dmbc_origin *o, u64 start, u32 sectors,
				  struct dmbc_range_wait *w)
{
	struct dmbc_inflight *f = &o->inflight;
	struct dmbc_range *blocker;
	unsigned long flags;

	if (!READ_ONCE(f->nr_writes) && !READ_ONCE(f->nr_fills))
		return true;
	spin_lock_irqsave(&f->lock, flags);
	blocker = range_find(f, start, start + sectors - 1, BIT(DMBC_RANGE_WRITE));
	if (blocker)
		list_add_tail(&w->list, &blocker->waiters);
	else
		poison_fills(f, start, start + sectors - 1);
	spin_unlock_irqrestore(&f->lock, flags);
	return !blocker;
}

void dmbc_inflight_poison(struct dmbc_origin *o, u64 start, u32 sectors)
{
	struct dmbc_inflight *f = &o->inflight;
	unsigned long flags;

	if (!READ_ONCE(f->nr_fills))
		return;
	spin_lock_irqsave(&f->lock, flags);
	poison_fills(f, start, start + sectors - 1);
	spin_unlock_irqrestore(&f->lock, flags);
}

bool dmbc_inflight_try_enter(struct dmbc_origin *o, struct dmbc_range *r, u64 start, u32 sectors,
			     enum dmbc_range_type type)
{
	struct dmbc_inflight *f = &o->inflight;
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&f->lock, flags);
	busy = range_find(f, start, start + sectors - 1, BIT(DMBC_RANGE_WRITE) | BIT(type));
	if (!busy)
		range_insert(f, r, start, sectors, type);
	spin_unlock_irqrestore(&f->lock, flags);
	return !busy;
}

bool dmbc_inflight_poisoned(struct dmbc_origin *o, struct dmbc_range *r)
{
	unsigned long flags;
	bool poisoned;

	spin_lock_irqsave(&o->inflight.lock, flags);
	poisoned = r->poisoned;
	spin_unlock_irqrestore(&o->inflight.lock, flags);
	return poisoned;
}

void dmbc_inflight_leave(struct dmbc_origin *o, struct dmbc_range *r)
{
	struct dmbc_inflight *f = &o->inflight;
	unsigned int *count = range_count(f, r->type);
	struct dmbc_range_wait *w, *next;
	unsigned long flags;
	LIST_HEAD(waiters);

	spin_lock_irqsave(&f->lock, flags);
	range_tree_remove(r, &f->ranges);
	WRITE_ONCE(*count, *count - 1);
	list_splice_init(&r->waiters, &waiters);
	spin_unlock_irqrestore(&f->lock, flags);
	list_for_each_entry_safe(w, next, &waiters, list)
		w->wake(w);
}
