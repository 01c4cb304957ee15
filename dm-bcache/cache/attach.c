// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the joining of an origin to its set.
 *
 * In time order: the super block is read again (the first look was in the
 * constructor); check_super() refuses what belongs elsewhere; find_slot() keeps
 * the slot of an origin that was attached and in order, or retires an old one
 * and takes a fresh one, durable before the origin names the set; the origin's
 * super block follows.
 */
#include "cache/attach.h"

#include <linux/lockdep.h>
#include <linux/ktime.h>

#include "cache/context.h"
#include "cache/inplace.h"
#include "cache/origin.h"
#include "cache/slot.h"
#include "cache/volume.h"
#include "lib/port.h"
#include "store/index.h"
#include "store/uuids.h"

static u32 now(void)
{
	return ktime_get_real_seconds();
}

static int check_super(struct dmbc_origin *o, struct dmbc_why *why)
{
	u64 data_offset = o->data_offset;
	int r;

	if (o->inplace)
		return dmbc_inplace_load(o, why);
	r = dmbc_super_load_backing(o->io, &o->super, why);
	if (r)
		return r;
	if (o->super.data_offset != data_offset) {
		dmbc_explain(why, "its super block has changed: load the table again");
		return -ESTALE;
	}
	if (!dmbc_super_attached(&o->super) ||
	    !memcmp(o->super.disk.set_uuid, o->set->store.super.disk.set_uuid, 16))
		return 0;
	dmbc_explain(why, "it belongs to cache set %pUb, the SSD is %pUb", o->super.disk.set_uuid,
		     o->set->store.super.disk.set_uuid);
	return -EINVAL;
}

static int new_slot(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_uuids *u = o->set->store.uuids;
	struct dmbc_slot_user who = { .label = o->super.disk.label };
	int slot, r;

	memcpy(who.uuid, o->super.disk.uuid, sizeof(who.uuid));
	slot = dmbc_slot_take(o->set, &who, why);
	if (slot < 0)
		return slot;
	r = dmbc_uuids_write(u);
	if (r) {
		dmbc_uuids_detach(u, slot, now());
		dmbc_explain(why, "its slot on the SSD cannot be written");
		return r;
	}
	return slot;
}

/* The slot to use, or why there is none. */
static int find_slot(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	enum dmbc_state state = dmbc_super_state(&o->super);
	bool joined = dmbc_super_attached(&o->super);
	int slot = dmbc_uuids_find(set->store.uuids, o->super.disk.uuid);
	int r;

	if (slot >= 0 && dmbc_uuids_is_volume(set->store.uuids, slot)) {
		dmbc_explain(why, "its uuid is that of a volume on the SSD");
		return -EINVAL;
	}
	if (slot >= 0 && joined && (state == DMBC_STATE_CLEAN || state == DMBC_STATE_DIRTY))
		return slot;
	if (joined && state == DMBC_STATE_DIRTY) {
		dmbc_explain(why, "it has dirty data in the cache, but the SSD does not know it");
		return -EINVAL;
	}
	if (slot >= 0) {
		r = dmbc_slot_retire(set, slot);
		if (r) {
			dmbc_explain(why, "its old slot on the SSD cannot be given up");
			return r;
		}
	}
	return new_slot(o, why);
}

/* What the super block must say from now on. */
static int write_super(struct dmbc_origin *o, bool dirty, struct dmbc_why *why)
{
	struct dmbc_super *s = &o->super;
	enum dmbc_state state = dirty ? DMBC_STATE_DIRTY : DMBC_STATE_CLEAN;
	int r;

	if (!o->inplace && dmbc_super_attached(s) && dmbc_super_state(s) == state)
		return 0;
	dmbc_super_set_attached(s, o->set->store.super.disk.set_uuid);
	dmbc_super_set_state(s, state);
	dmbc_super_set_mode(s, READ_ONCE(o->mode));
	r = dmbc_origin_write_super(o);
	if (r)
		dmbc_explain(why, "its %s cannot be written: error %d",
			     o->inplace ? "note on the SSD" : "super block", r);
	return r;
}

int dmbc_attach(struct dmbc_origin *o, struct dmbc_why *why)
{
	bool dirty;
	int r;

	lockdep_assert_held(&o->set->lock);
	if (o->volume)
		return dmbc_volume_attach(o, why);
	r = check_super(o, why);
	if (r)
		return r;
	r = find_slot(o, why);
	if (r < 0)
		return r;
	o->inode = r;
	/* A crash may have left dirty keys under a clean state: mainline does not wait. */
	dirty = dmbc_super_state(&o->super) == DMBC_STATE_DIRTY ||
		dmbc_index_dirty_sectors(o->set->store.index, o->inode);
	r = write_super(o, dirty, why);
	if (r)
		return r;
	WRITE_ONCE(o->dirty_marked, dirty);
	smp_store_release(&o->attached, true);
	return 0;
}
