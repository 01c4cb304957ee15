// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the life of a slot: dmbc_slot_take(), a free one, or when there is none
 * an old one that is emptied before; dmbc_slot_empty(); dmbc_slot_retire().
 */
#include "cache/slot.h"

#include <linux/ktime.h>

#include "cache/context.h"
#include "lib/port.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/uuids.h"

static u32 now(void)
{
	return ktime_get_real_seconds();
}

int dmbc_slot_empty(struct dmbc_set *set, u32 slot, u64 start)
{
	int r = dmbc_index_invalidate(set->store.index, slot, start, DMBC_KEY_MAX_OFFSET);

	return r ? r : dmbc_journal_flush(set->store.journal);
}

int dmbc_slot_retire(struct dmbc_set *set, u32 slot)
{
	int r;

	dmbc_uuids_detach(set->store.uuids, slot, now());
	r = dmbc_uuids_write(set->store.uuids);
	return r ? r : dmbc_index_invalidate(set->store.index, slot, 0, DMBC_KEY_MAX_OFFSET);
}

int dmbc_slot_take(struct dmbc_set *set, const struct dmbc_slot_user *user, struct dmbc_why *why)
{
	int slot = dmbc_uuids_add(set->store.uuids, user->uuid, user->label, now()), r;

	if (slot >= 0)
		return slot;
	slot = dmbc_uuids_reusable(set->store.uuids);
	if (slot < 0) {
		dmbc_explain(why,
			     "all %u slots of the SSD are taken: remove all targets on it, then "
			     "those that were detached can be used again",
			     dmbc_uuids_slots(set->store.uuids));
		return slot;
	}
	r = dmbc_slot_empty(set, slot, 0);
	if (r) {
		dmbc_explain(why, "an old slot of the SSD cannot be emptied");
		return r;
	}
	dmbc_uuids_take(set->store.uuids, slot, user->uuid, user->label, now());
	return slot;
}
