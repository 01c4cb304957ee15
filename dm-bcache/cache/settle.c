// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the knowledge of what an origin has not made durable, and sees to it
 * that no clean key is durable before the data it stands for is.
 *
 * Writes put `unflushed` up when they end; dmbc_settle_begin() takes it down
 * before a flush is sent, so a write that ends meanwhile puts it up again and is
 * covered by the next flush. While a flush is under way nobody relies on it: it
 * has made nothing durable yet and may fail. dmbc_settle_end() puts `unflushed`
 * up again if it did.
 *
 * If a clean key were durable first, a power cut could leave the new data on the
 * SSD and the old on the disk: readers see the new until the key is evicted, and
 * then the old comes back. So who adds such a key says so
 * (dmbc_settle_note_clean()), and the store has the origin flushed before it
 * writes keys (dmbc_settle_run()).
 */
#include "cache/settle.h"

#include <linux/blkdev.h>

#include "cache/context.h"
#include "cache/origin.h"

bool dmbc_settle_begin(struct dmbc_origin *o)
{
	unsigned long flags;
	bool needed;

	spin_lock_irqsave(&o->flush_lock, flags);
	needed = READ_ONCE(o->unflushed) || o->flushes;
	if (needed) {
		WRITE_ONCE(o->unflushed, false);
		o->flushes++;
	}
	spin_unlock_irqrestore(&o->flush_lock, flags);
	return needed;
}

void dmbc_settle_end(struct dmbc_origin *o, bool failed)
{
	unsigned long flags;

	spin_lock_irqsave(&o->flush_lock, flags);
	if (failed)
		WRITE_ONCE(o->unflushed, true);
	o->flushes--;
	spin_unlock_irqrestore(&o->flush_lock, flags);
}

/* ---- clean keys ------------------------------------------------------------------- */

void dmbc_settle_note_clean(struct dmbc_origin *o)
{
	unsigned long flags;
	bool unsettled;

	spin_lock_irqsave(&o->flush_lock, flags);
	unsettled = READ_ONCE(o->unflushed) || o->flushes;
	if (unsettled)
		WRITE_ONCE(o->unsettled, true);
	spin_unlock_irqrestore(&o->flush_lock, flags);
	if (unsettled)
		smp_store_release(&o->set->unsettled, true);
}

bool dmbc_settle_is_settled(struct dmbc_set *set)
{
	return !READ_ONCE(set->unsettled) && !mutex_is_locked(&set->settle_lock);
}

/* A disk that cannot be flushed must not stop the others on the SSD: its errors are counted. */
static void settle_origin(struct dmbc_origin *o)
{
	int error;

	WRITE_ONCE(o->unsettled, false);
	if (!dmbc_settle_begin(o))
		return;
	error = blkdev_issue_flush(o->bdev);
	dmbc_settle_end(o, error);
	if (!error)
		return;
	dmbc_errors_origin(o);
	dmbc_settle_note_clean(o);
}

/* The lock is held through the flushes: who comes meanwhile may not write before they are over. */
void dmbc_settle_run(struct dmbc_set *set)
{
	struct dmbc_origin *o;

	mutex_lock(&set->settle_lock);
	if (READ_ONCE(set->unsettled)) {
		smp_store_mb(set->unsettled, false);
		list_for_each_entry(o, &set->origins, link)
			if (READ_ONCE(o->unsettled))
				settle_origin(o);
	}
	mutex_unlock(&set->settle_lock);
}
