// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the origin's promise on its own super block: "dirty" is durable before
 * the first dirty key is acknowledged, "clean" is written only when the index,
 * durably, has no dirty key left. dirty_gate keeps the two apart.
 */
#include "cache/origin.h"

#include <linux/device-mapper.h>

#include "cache/context.h"
#include "cache/event.h"
#include "cache/inplace.h"
#include "store/index.h"
#include "store/journal.h"

#define DM_MSG_PREFIX "bcache"

void dmbc_origin_wake_writeback(struct dmbc_origin *o)
{
	WRITE_ONCE(o->writeback_kicked, true);
	wake_up(&o->writeback_wait);
}

int dmbc_origin_write_super(struct dmbc_origin *o)
{
	if (o->volume)
		return 0;
	return o->inplace ? dmbc_inplace_save(o) : dmbc_super_write_backing(o->io, &o->super);
}

static int write_state(struct dmbc_origin *o, enum dmbc_state state)
{
	enum dmbc_state old;
	int r;

	mutex_lock(&o->set->lock);
	old = dmbc_super_state(&o->super);
	dmbc_super_set_state(&o->super, state);
	dmbc_super_set_mode(&o->super, READ_ONCE(o->mode));
	r = dmbc_origin_write_super(o);
	if (r)
		dmbc_super_set_state(&o->super, old);
	mutex_unlock(&o->set->lock);
	if (r)
		dmbc_errors_origin(o);
	return r;
}

int dmbc_origin_mark_dirty(struct dmbc_origin *o)
{
	int r = write_state(o, DMBC_STATE_DIRTY);

	if (r) {
		DMERR_LIMIT("%s: its super block cannot be marked dirty", o->name);
		return -EIO;
	}
	WRITE_ONCE(o->dirty_marked, true);
	dmbc_event_raise(o);
	dmbc_origin_wake_writeback(o);
	return 0;
}

/* The journal first: a start from an older index would find dirty keys under a clean state. */
static void mark_clean_gated(struct dmbc_origin *o)
{
	struct dmbc_set *set = o->set;

	if (READ_ONCE(set->state) != DMBC_SET_RUNNING ||
	    dmbc_index_dirty_sectors(set->store.index, o->inode) ||
	    dmbc_journal_flush(set->store.journal))
		return;
	if (write_state(o, DMBC_STATE_CLEAN))
		return;
	WRITE_ONCE(o->dirty_marked, false);
	dmbc_event_raise(o);
}

void dmbc_origin_mark_clean(struct dmbc_origin *o)
{
	down_write(&o->set->dirty_gate);
	mark_clean_gated(o);
	up_write(&o->set->dirty_gate);
}
