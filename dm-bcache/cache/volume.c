// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the volumes' slots and what is special about an origin without a disk.
 *
 * In time order: dmbc_volume_create() makes a slot; dmbc_volume_attach() finds
 * it by uuid or label when a target is resumed; requests take the usual ways,
 * except that there is no disk to go around to: reads of holes are zeros
 * (read.c), a write without space ends with -ENOSPC (write.c).
 * dmbc_volume_resize() and dmbc_volume_remove() make holes, durably, of what is
 * cut off.
 */
#include "cache/volume.h"

#include <linux/delay.h>
#include <linux/device-mapper.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "cache/bypass.h"
#include "cache/context.h"
#include "cache/slot.h"
#include "lib/port.h"
#include "store/index.h"
#include "store/uuids.h"

#define DM_MSG_PREFIX "bcache"
#define SPACE_PAUSE_MS 10

struct dmbc_volume {
	struct dmbc_volume_ask ask;
	char name[DMBC_SB_LABEL_BYTES + UUID_STRING_LEN + 1]; /* what ask.name points to */
	u64 sectors; /* WRITE_ONCE; changes under set->lock */
};

/* ---- an origin ----------------------------------------------------------------------- */

int dmbc_volume_init(struct dmbc_origin *o, const struct dmbc_volume_ask *ask)
{
	struct dmbc_volume *v = kzalloc(sizeof(*v), GFP_KERNEL);

	if (!v)
		return -ENOMEM;
	strscpy(v->name, ask->name, sizeof(v->name));
	v->ask.name = v->name;
	v->ask.sectors = ask->sectors;
	o->volume = v;
	o->unflushed = false;
	o->dirty_marked = true; /* there is no disk to say it on */
	o->super.disk.block_size = __cpu_to_le16(o->set->store.g.block_sectors);
	strscpy(o->name, v->name, sizeof(o->name));
	return 0;
}

void dmbc_volume_exit(struct dmbc_origin *o)
{
	kfree(o->volume);
	o->volume = NULL;
}

const char *dmbc_volume_name(const struct dmbc_origin *o)
{
	return o->volume->name;
}

u64 dmbc_volume_sectors(const struct dmbc_origin *o)
{
	return READ_ONCE(o->attached) ? READ_ONCE(o->volume->sectors) : U64_MAX;
}

bool dmbc_volume_wait_space(struct dmbc_set *set)
{
	if (dmbc_bypass_full(set) || READ_ONCE(set->state) != DMBC_SET_RUNNING)
		return false;
	msleep(SPACE_PAUSE_MS);
	return true;
}

/* ---- slots ---------------------------------------------------------------------------- */

static bool has_label(const struct dmbc_disk_uuid *u, const char *name)
{
	size_t length = strlen(name);

	return length && length <= sizeof(u->label) && !memcmp(u->label, name, length) &&
	       (length == sizeof(u->label) || !u->label[length]);
}

/* By uuid or label; -ENOENT; -EEXIST: two have that label. */
static int find_volume(struct dmbc_set *set, const char *name, struct dmbc_why *why)
{
	u32 slots = dmbc_uuids_slots(set->store.uuids), i;
	int found = -ENOENT;
	uuid_t uuid;
	bool by_uuid = strlen(name) == UUID_STRING_LEN && !uuid_parse(name, &uuid);

	lockdep_assert_held(&set->lock);
	for (i = 0; i < slots; i++) {
		const struct dmbc_disk_uuid *u = dmbc_uuids_slot(set->store.uuids, i);

		if (!dmbc_uuids_is_volume(set->store.uuids, i))
			continue;
		if (by_uuid ? memcmp(u->uuid, &uuid, sizeof(uuid)) : !has_label(u, name))
			continue;
		if (found >= 0) {
			dmbc_explain(why, "two volumes are called '%.40s': use the uuid", name);
			return -EEXIST;
		}
		found = i;
	}
	if (found < 0)
		dmbc_explain(why, "the SSD has no volume '%.40s'", name);
	return found;
}

static struct dmbc_origin *user_of(struct dmbc_set *set, u32 slot)
{
	struct dmbc_origin *o;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(o, &set->origins, link)
		if (o->volume && o->attached && o->inode == slot)
			return o;
	return NULL;
}

static int check_size(struct dmbc_set *set, u64 sectors, struct dmbc_why *why)
{
	if (sectors && sectors <= DMBC_KEY_MAX_OFFSET && sectors % set->store.g.block_sectors == 0)
		return 0;
	dmbc_explain(why, "%llu sectors: use a multiple of %u", (unsigned long long)sectors,
		     set->store.g.block_sectors);
	return -EINVAL;
}

static int new_volume(struct dmbc_set *set, const char *label, u64 sectors, struct dmbc_why *why)
{
	u8 padded[DMBC_SB_LABEL_BYTES] = {};
	struct dmbc_slot_user who = { .label = padded };
	int slot, r = check_size(set, sectors, why);
	uuid_t uuid;

	if (r)
		return r;
	if (!*label || strlen(label) > sizeof(padded) || !uuid_parse(label, &uuid)) {
		dmbc_explain(why, "label '%.40s': from 1 to %zu characters, not a uuid", label,
			     sizeof(padded));
		return -EINVAL;
	}
	memcpy(padded, label, strlen(label));
	uuid_gen(&uuid);
	export_uuid(who.uuid, &uuid);
	slot = dmbc_slot_take(set, &who, why);
	if (slot < 0)
		return slot;
	dmbc_uuids_set_volume(set->store.uuids, slot, sectors);
	r = dmbc_uuids_write(set->store.uuids);
	if (!r)
		return slot;
	dmbc_uuids_detach(set->store.uuids, slot, ktime_get_real_seconds());
	dmbc_explain(why, "its slot on the SSD cannot be written");
	return r;
}

int dmbc_volume_attach(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	const struct dmbc_disk_uuid *u;
	int slot = find_volume(set, o->volume->name, why);

	if (slot == -ENOENT && o->volume->ask.sectors)
		slot = new_volume(set, o->volume->name, o->volume->ask.sectors, why);
	if (slot < 0)
		return slot;
	if (user_of(set, slot)) {
		dmbc_explain(why, "volume %s is in use under another name", o->name);
		return -EBUSY;
	}
	u = dmbc_uuids_slot(set->store.uuids, slot);
	memcpy(o->super.disk.uuid, u->uuid, sizeof(u->uuid));
	memcpy(o->super.disk.label, u->label, sizeof(u->label));
	o->inode = slot;
	WRITE_ONCE(o->volume->sectors, min_t(u64, __le64_to_cpu(u->sectors), DMBC_KEY_MAX_OFFSET));
	smp_store_release(&o->attached, true);
	return 0;
}

/* ---- messages -------------------------------------------------------------------------- */

static int check_set(struct dmbc_set *set, struct dmbc_why *why)
{
	lockdep_assert_held(&set->lock);
	if (READ_ONCE(set->state) == DMBC_SET_RUNNING)
		return 0;
	dmbc_explain(why, "SSD %s is not working", set->name);
	return -EIO;
}

int dmbc_volume_create(struct dmbc_origin *o, const char *label, u64 sectors, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int r;

	mutex_lock(&set->lock);
	r = check_set(set, why);
	if (!r && find_volume(set, label, NULL) != -ENOENT) {
		dmbc_explain(why, "there is a volume '%.40s' already", label);
		r = -EEXIST;
	}
	if (!r)
		r = new_volume(set, label, sectors, why);
	mutex_unlock(&set->lock);
	return r < 0 ? r : 0;
}

static int resize(struct dmbc_set *set, int slot, u64 sectors, struct dmbc_why *why)
{
	u64 old = __le64_to_cpu(dmbc_uuids_slot(set->store.uuids, slot)->sectors);
	struct dmbc_origin *user = user_of(set, slot);
	int r = check_size(set, sectors, why);

	if (r)
		return r;
	if (sectors < old && user) {
		dmbc_explain(why, "it is in use: it may only grow");
		return -EBUSY;
	}
	if (sectors < old) /* holes first: a power cut in between leaves a large volume */
		r = dmbc_slot_empty(set, slot, sectors);
	if (!r) {
		dmbc_uuids_set_volume(set->store.uuids, slot, sectors);
		r = dmbc_uuids_write(set->store.uuids);
	}
	if (r)
		dmbc_explain(why, "the SSD cannot be written");
	else if (user)
		WRITE_ONCE(user->volume->sectors, sectors);
	return r;
}

int dmbc_volume_resize(struct dmbc_origin *o, const char *name, u64 sectors, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int slot;

	mutex_lock(&set->lock);
	slot = check_set(set, why);
	if (!slot)
		slot = find_volume(set, name, why);
	if (slot >= 0)
		slot = resize(set, slot, sectors, why);
	mutex_unlock(&set->lock);
	return slot;
}

int dmbc_volume_remove(struct dmbc_origin *o, const char *name, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int slot, r;

	mutex_lock(&set->lock);
	r = check_set(set, why);
	slot = r ? r : find_volume(set, name, why);
	r = slot < 0 ? slot : 0;
	if (!r && user_of(set, slot)) {
		dmbc_explain(why, "it is in use: remove its target first");
		r = -EBUSY;
	}
	if (!r) {
		r = dmbc_slot_empty(set, slot, 0);
		r = r ? r : dmbc_slot_retire(set, slot);
		if (r)
			dmbc_explain(why, "the SSD cannot be written");
	}
	mutex_unlock(&set->lock);
	return r;
}

int dmbc_volume_list(struct dmbc_origin *o,
		     void (*fn)(void *ctx, const struct dmbc_disk_uuid *u, u64 used_sectors),
		     void *ctx, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	u32 i;
	int r;

	mutex_lock(&set->lock);
	r = check_set(set, why);
	for (i = 0; !r && i < dmbc_uuids_slots(set->store.uuids); i++)
		if (dmbc_uuids_is_volume(set->store.uuids, i))
			fn(ctx, dmbc_uuids_slot(set->store.uuids, i),
			   dmbc_index_dirty_sectors(set->store.index, i));
	mutex_unlock(&set->lock);
	return r;
}
