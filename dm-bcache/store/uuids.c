// SPDX-License-Identifier: GPL-2.0
/*
 * The uuid slots.
 *
 * The table in memory has the layout of the medium and is written from there as
 * one whole bucket. A slot goes from free (all zero) to used to detached: keys
 * of its inode may still be in the tree, and requests under way. Only when no
 * free one is left, dmbc_uuids_reusable() offers one that was detached when the
 * table was loaded.
 *
 * A change, in time order: dmbc_uuids_add() or dmbc_uuids_detach() in memory;
 * dmbc_uuids_write(): fresh bucket, FUA, journal entry that names it, old
 * bucket given up.
 */
#include "store/uuids.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lib/port.h"
#include "lib/verify.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/bucket.h"
#include "store/journal.h"

struct dmbc_uuids {
	struct dmbc_blockio *io;
	const struct dmbc_geometry *g;
	struct dmbc_buckets *bs;
	struct dmbc_alloc *a;
	struct dmbc_journal *j;
	struct dmbc_disk_uuid *slot;
	bool *idle; /* detached when it was loaded, and still so */
	__u32 slots;
	__u64 bucket; /* where the table is on the medium; 0: nowhere yet */
};

static const __u8 free_uuid[16];
static const __u8 detached_uuid[16] = DMBC_UUID_DETACHED;

static bool same_uuid(const __u8 *a, const __u8 *b)
{
	return memcmp(a, b, 16) == 0;
}

struct dmbc_uuids *dmbc_uuids_create(struct dmbc_blockio *io, const struct dmbc_geometry *g,
				     struct dmbc_buckets *bs, struct dmbc_alloc *a,
				     struct dmbc_journal *j)
{
	struct dmbc_uuids *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return ERR_PTR(-ENOMEM);
	u->io = io;
	u->g = g;
	u->bs = bs;
	u->a = a;
	u->j = j;
	u->slots = g->meta_sectors * DMBC_SECTOR_BYTES / sizeof(*u->slot);
	u->slot = kvcalloc(u->slots, sizeof(*u->slot), GFP_KERNEL);
	u->idle = kvcalloc(u->slots, sizeof(*u->idle), GFP_KERNEL);
	if (u->slot && u->idle)
		return u;
	dmbc_uuids_destroy(u);
	return ERR_PTR(-ENOMEM);
}

void dmbc_uuids_destroy(struct dmbc_uuids *u)
{
	if (IS_ERR_OR_NULL(u))
		return;
	kvfree(u->idle);
	kvfree(u->slot);
	kfree(u);
}

/* Old entries are half as long: unfolded in place, from the last one on. */
static void unfold_old_entries(struct dmbc_uuids *u)
{
	const struct dmbc_disk_uuid64 *old = (const void *)u->slot;
	__u32 i;

	for (i = u->slots; i-- > 0;) {
		struct dmbc_disk_uuid64 o = old[i];
		struct dmbc_disk_uuid *n = &u->slot[i];

		memset(n, 0, sizeof(*n));
		memcpy(n->uuid, o.uuid, sizeof(n->uuid));
		memcpy(n->label, o.label, sizeof(n->label));
		n->first_reg = o.first_reg;
		n->last_reg = o.last_reg;
		n->invalidated = o.invalidated;
	}
}

static void note_idle(struct dmbc_uuids *u)
{
	__u32 i;

	for (i = 0; i < u->slots; i++)
		u->idle[i] = same_uuid(u->slot[i].uuid, detached_uuid);
}

int dmbc_uuids_load(struct dmbc_uuids *u, const struct dmbc_key *key, bool old_entries,
		    struct dmbc_why *why)
{
	__u64 bucket = dmbc_geometry_bucket(u->g, dmbc_ptr_sector(key->ptr));
	int r;

	if (!dmbc_key_has_ptr(key) || bucket < dmbc_geometry_first_free(u->g) ||
	    bucket >= u->g->nbuckets) {
		dmbc_explain(why, "uuid table: bucket %llu is not a usable one",
			     (unsigned long long)bucket);
		return -EINVAL;
	}
	r = dmbc_blockio_read(u->io, dmbc_geometry_sector(u->g, bucket), u->g->meta_sectors,
			      u->slot);
	if (r) {
		dmbc_explain(why, "uuid table: bucket %llu cannot be read",
			     (unsigned long long)bucket);
		return r;
	}
	if (old_entries)
		unfold_old_entries(u);
	note_idle(u);
	u->bucket = bucket;
	dmbc_bucket_set_metadata(u->bs, bucket);
	return 0;
}

int dmbc_uuids_write(struct dmbc_uuids *u)
{
	__u64 old = u->bucket, ptr;
	struct dmbc_key key;
	int r;

	r = dmbc_alloc_bucket(u->a, DMBC_RESERVE_BTREE, true, &ptr);
	if (r)
		return r;
	r = dmbc_blockio_write(u->io, dmbc_ptr_sector(ptr), u->g->meta_sectors, u->slot,
			       DMBC_IO_FUA);
	if (r) {
		dmbc_alloc_return(u->a, ptr);
		return r;
	}
	key = dmbc_key_make(0, 0, u->g->meta_sectors, false, ptr);
	dmbc_journal_set_uuids(u->j, &key);
	u->bucket = dmbc_geometry_bucket(u->g, dmbc_ptr_sector(ptr));
	r = dmbc_journal_commit(u->j);
	if (r)
		return r; /* either table may be the named one: both buckets stay */
	if (old)
		dmbc_bucket_free_metadata(u->bs, old);
	return 0;
}

__u32 dmbc_uuids_slots(const struct dmbc_uuids *u)
{
	return u->slots;
}

const struct dmbc_disk_uuid *dmbc_uuids_slot(const struct dmbc_uuids *u, __u32 slot)
{
	return slot < u->slots ? &u->slot[slot] : NULL;
}

static int find_slot(const struct dmbc_uuids *u, const __u8 *uuid)
{
	__u32 i;

	for (i = 0; i < u->slots; i++)
		if (same_uuid(u->slot[i].uuid, uuid))
			return i;
	return -ENOENT;
}

int dmbc_uuids_find(const struct dmbc_uuids *u, const __u8 uuid[16])
{
	if (same_uuid(uuid, free_uuid) || same_uuid(uuid, detached_uuid))
		return -ENOENT;
	return find_slot(u, uuid);
}

int dmbc_uuids_add(struct dmbc_uuids *u, const __u8 uuid[16], const __u8 *label, __u32 now)
{
	int slot = find_slot(u, free_uuid);

	if (slot < 0)
		return -ENOSPC;
	dmbc_uuids_take(u, slot, uuid, label, now);
	return slot;
}

int dmbc_uuids_reusable(const struct dmbc_uuids *u)
{
	__u32 i;

	for (i = 0; i < u->slots; i++)
		if (u->idle[i])
			return i;
	return -ENOSPC;
}

void dmbc_uuids_take(struct dmbc_uuids *u, __u32 slot, const __u8 uuid[16], const __u8 *label,
		     __u32 now)
{
	struct dmbc_disk_uuid *n = &u->slot[slot];

	u->idle[slot] = false;
	memset(n, 0, sizeof(*n));
	memcpy(n->uuid, uuid, sizeof(n->uuid));
	memcpy(n->label, label, sizeof(n->label));
	n->first_reg = __cpu_to_le32(now);
	n->last_reg = __cpu_to_le32(now);
}

void dmbc_uuids_set_label(struct dmbc_uuids *u, __u32 slot, const __u8 *label)
{
	memcpy(u->slot[slot].label, label, sizeof(u->slot[slot].label));
}

bool dmbc_uuids_is_volume(const struct dmbc_uuids *u, __u32 slot)
{
	const struct dmbc_disk_uuid *s = &u->slot[slot];

	return (__le32_to_cpu(s->flags) & DMBC_UUID_FLASH_ONLY) && !same_uuid(s->uuid, free_uuid) &&
	       !same_uuid(s->uuid, detached_uuid);
}

void dmbc_uuids_set_volume(struct dmbc_uuids *u, __u32 slot, __u64 sectors)
{
	u->slot[slot].flags |= __cpu_to_le32(DMBC_UUID_FLASH_ONLY);
	u->slot[slot].sectors = __cpu_to_le64(sectors);
}

void dmbc_uuids_detach(struct dmbc_uuids *u, __u32 slot, __u32 now)
{
	struct dmbc_disk_uuid *n = &u->slot[slot];

	memcpy(n->uuid, detached_uuid, sizeof(n->uuid));
	n->flags &= ~__cpu_to_le32(DMBC_UUID_FLASH_ONLY);
	n->invalidated = __cpu_to_le32(now);
}
