// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the note of an origin without a super block.
 *
 * In time order: dmbc_inplace_create() makes a super block in memory, never to
 * be written to the disk; dmbc_inplace_load() lets the note and the disk decide
 * what of the SSD counts, and drops the rest; dmbc_inplace_save() writes the
 * note at each change of state, "open" as long as the origin is in use;
 * dmbc_inplace_touch() and dmbc_inplace_refresh() keep its hashes true while
 * data is dirty; dmbc_inplace_close() hashes all regions and closes it.
 *
 * An open note without dirty data says nothing of the disk: a failed SSD is
 * left behind just so, as it may not take a last word.
 */
#include "cache/inplace.h"

#include <linux/device-mapper.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "cache/context.h"
#include "cache/inflight.h"
#include "cache/slot.h"
#include "lib/note.h"
#include "lib/port.h"
#include "store/blockio.h"
#include "store/index.h"
#include "store/notes.h"
#include "store/uuids.h"

#define DM_MSG_PREFIX "bcache"
#define ALL_KNOWN ((1U << DMBC_NOTE_REGIONS) - 1)
#define REFRESH_PAUSE (2 * HZ)

struct dmbc_inplace {
	struct dmbc_inplace_id id;
	struct mutex lock; /* the note's changes; inside of set->lock; I/O under it */
	unsigned int known; /* bits; changes under lock, and only while the region is in a range */
	u64 hash[DMBC_NOTE_REGIONS];
	unsigned long refreshed; /* jiffies */
};

/* ---- life -------------------------------------------------------------------------- */

/* A disk with a super block says itself whose it is. */
static int refuse_super(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_super *s = kmalloc(sizeof(*s), GFP_KERNEL);
	int r = s ? dmbc_super_load_backing(o->io, s, NULL) : -ENOMEM;

	if (r == -EIO || r == -ENOMEM) {
		dmbc_explain(why, "the disk cannot be read");
	} else if (dmbc_verify_super_magic(&s->disk)) {
		dmbc_explain(why, "it has a bcache super block: load the table without origin_id");
		r = -EINVAL;
	} else {
		r = 0;
	}
	kfree(s);
	return r;
}

int dmbc_inplace_create(struct dmbc_origin *o, const struct dmbc_inplace_id *id,
			struct dmbc_why *why)
{
	struct dmbc_disk_super *d = &o->super.disk;
	struct dmbc_inplace *ip;
	int r;

	if (dmbc_blockio_sectors(o->io) < DMBC_NOTE_REGION_SECTORS) {
		dmbc_explain(why, "the disk is too small");
		return -EINVAL;
	}
	r = refuse_super(o, why);
	if (r)
		return r;
	ip = kzalloc(sizeof(*ip), GFP_KERNEL);
	if (!ip)
		return -ENOMEM;
	ip->id = *id;
	mutex_init(&ip->lock);
	o->inplace = ip;
	memset(&o->super, 0, sizeof(o->super));
	d->version = __cpu_to_le64(DMBC_SB_BACKING);
	memcpy(d->uuid, id->uuid, sizeof(d->uuid));
	d->block_size = __cpu_to_le16(o->set->store.g.block_sectors);
	return 0;
}

void dmbc_inplace_destroy(struct dmbc_origin *o)
{
	kfree(o->inplace);
	o->inplace = NULL;
}

/* ---- the note ------------------------------------------------------------------------ */

static int write_note(struct dmbc_origin *o, bool open)
{
	struct dmbc_inplace *ip = o->inplace;
	struct dmbc_disk_note n = {
		.sectors = __cpu_to_le64(dmbc_blockio_sectors(o->io)),
		.super_seq = o->set->store.super.disk.seq,
		.state = dmbc_super_state(&o->super),
		.open = open,
		.known = __cpu_to_le16(ip->known),
	};
	unsigned int i;

	lockdep_assert_held(&ip->lock);
	memcpy(n.uuid, ip->id.uuid, sizeof(n.uuid));
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		n.hash[i] = __cpu_to_le64(ip->hash[i]);
	return dmbc_notes_put(o->set->notes, &n);
}

int dmbc_inplace_save(struct dmbc_origin *o)
{
	struct dmbc_inplace *ip = o->inplace;
	int r;

	lockdep_assert_held(&o->set->lock);
	mutex_lock(&ip->lock);
	if (dmbc_super_state(&o->super) == DMBC_STATE_NONE) {
		WRITE_ONCE(ip->known, 0);
		r = dmbc_notes_remove(o->set->notes, ip->id.uuid);
	} else {
		if (dmbc_super_state(&o->super) != DMBC_STATE_DIRTY)
			WRITE_ONCE(ip->known, 0); /* need not be kept true */
		r = write_note(o, true);
	}
	mutex_unlock(&ip->lock);
	return r;
}

/* ---- a disk comes back --------------------------------------------------------------- */

static int look_at_disk(struct dmbc_origin *o, int slot, struct dmbc_note_disk *disk,
			struct dmbc_why *why)
{
	unsigned int i;
	int r = 0;

	disk->sectors = dmbc_blockio_sectors(o->io);
	disk->super_seq = __le64_to_cpu(o->set->store.super.disk.seq);
	disk->dirty = slot >= 0 && dmbc_index_dirty_sectors(o->set->store.index, slot);
	for (i = 0; i < DMBC_NOTE_REGIONS && !r; i++)
		r = dmbc_notes_hash(o->io, i, &disk->hash[i]);
	if (r)
		dmbc_explain(why, "the disk cannot be read");
	return r;
}

/* Durably, before the note says that what the SSD has is this disk's. */
static int drop(struct dmbc_origin *o, int slot, struct dmbc_why *why)
{
	int r = dmbc_slot_empty(o->set, slot, 0);

	if (r)
		dmbc_explain(why, "what the SSD has of it cannot be dropped");
	else
		DMWARN("%s: what SSD %s had of it is dropped", o->name, o->set->name);
	return r;
}

static void set_joined(struct dmbc_origin *o, const struct dmbc_disk_note *note, bool dirty)
{
	struct dmbc_inplace *ip = o->inplace;
	unsigned int i;

	dmbc_super_set_attached(&o->super, o->set->store.super.disk.set_uuid);
	dmbc_super_set_state(&o->super, dirty ? DMBC_STATE_DIRTY : DMBC_STATE_CLEAN);
	ip->known = dirty ? __le16_to_cpu(note->known) & ALL_KNOWN : 0;
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		ip->hash[i] = __le64_to_cpu(note->hash[i]);
}

static int decide(struct dmbc_origin *o, int slot, const struct dmbc_disk_note *note,
		  struct dmbc_why *why)
{
	struct dmbc_note_disk disk = {};
	enum dmbc_note_verdict verdict;
	int r = look_at_disk(o, slot, &disk, why);

	if (r)
		return r;
	verdict = dmbc_note_judge(note, &disk, why);
	if (verdict == DMBC_NOTE_REFUSE && !o->inplace->id.forget)
		return -EINVAL;
	if (slot < 0 && note && note->state == DMBC_STATE_DIRTY && !o->inplace->id.forget) {
		dmbc_explain(why, "it has dirty data in the cache, but the SSD does not know it");
		return -EINVAL;
	}
	dmbc_super_set_detached(&o->super);
	if (slot < 0 || verdict == DMBC_NOTE_NEW)
		return 0;
	if (verdict != DMBC_NOTE_KEEP)
		r = drop(o, slot, why);
	if (!r && note)
		set_joined(o, note, verdict == DMBC_NOTE_KEEP && disk.dirty);
	return r;
}

static void take_label(struct dmbc_origin *o, int slot)
{
	const struct dmbc_disk_uuid *u =
		slot < 0 ? NULL : dmbc_uuids_slot(o->set->store.uuids, slot);

	if (u)
		memcpy(o->super.disk.label, u->label, sizeof(u->label));
}

int dmbc_inplace_load(struct dmbc_origin *o, struct dmbc_why *why)
{
	int slot = dmbc_uuids_find(o->set->store.uuids, o->inplace->id.uuid), r;
	struct dmbc_disk_note note;

	lockdep_assert_held(&o->set->lock);
	r = refuse_super(o, why);
	if (r)
		return r;
	if (slot >= 0 && dmbc_uuids_is_volume(o->set->store.uuids, slot)) {
		dmbc_explain(why, "its uuid is that of a volume on the SSD");
		return -EINVAL;
	}
	take_label(o, slot);
	r = dmbc_notes_get(o->set->notes, o->inplace->id.uuid, &note, why);
	if (r && r != -ENOENT)
		return r;
	return decide(o, slot, r ? NULL : &note, why);
}

/* ---- while it is in use ----------------------------------------------------------------- */

static bool overlaps(const struct dmbc_origin *o, unsigned int i, u64 start, u64 end)
{
	u64 region = dmbc_note_region(bdev_nr_sectors(o->bdev), i);

	return region < end && region + DMBC_NOTE_REGION_SECTORS > start;
}

static unsigned int regions_of(const struct dmbc_origin *o, u64 start, u64 end)
{
	unsigned int i, bits = 0;

	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		if (overlaps(o, i, start, end))
			bits |= 1U << i;
	return bits;
}

bool dmbc_inplace_guards(struct dmbc_origin *o, u64 start, u32 sectors)
{
	unsigned int known = o->inplace ? READ_ONCE(o->inplace->known) : 0;

	return unlikely(known) && (known & regions_of(o, start, start + sectors));
}

int dmbc_inplace_touch(struct dmbc_origin *o, u64 start, u32 sectors)
{
	struct dmbc_inplace *ip = o->inplace;
	unsigned int before;
	int r = 0;

	mutex_lock(&ip->lock);
	before = ip->known;
	ip->known &= ~regions_of(o, start, start + sectors);
	if (ip->known != before)
		r = write_note(o, true);
	if (r)
		ip->known = before;
	mutex_unlock(&ip->lock);
	return r ? -EIO : 0;
}

/* In their ranges no write reaches the regions; flushed, they are what a power cut leaves. */
static unsigned int hash_regions(struct dmbc_origin *o, unsigned int wanted)
{
	unsigned int i, done = 0;

	if (blkdev_issue_flush(o->bdev))
		return 0;
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		if (wanted & 1U << i && !dmbc_notes_hash(o->io, i, &o->inplace->hash[i]))
			done |= 1U << i;
	return done;
}

static void hash_unknown(struct dmbc_origin *o, unsigned int entered)
{
	struct dmbc_inplace *ip = o->inplace;
	unsigned int before;

	mutex_lock(&ip->lock);
	before = ip->known;
	/* by mark_clean in between: then it need not be known */
	if (dmbc_super_state(&o->super) == DMBC_STATE_DIRTY)
		WRITE_ONCE(ip->known, before | hash_regions(o, entered));
	if (ip->known != before && write_note(o, true))
		WRITE_ONCE(ip->known, before);
	mutex_unlock(&ip->lock);
}

void dmbc_inplace_refresh(struct dmbc_origin *o)
{
	struct dmbc_range range[DMBC_NOTE_REGIONS];
	struct dmbc_inplace *ip = o->inplace;
	unsigned int i, entered = 0;

	if (!ip || ip->known == ALL_KNOWN || !READ_ONCE(o->dirty_marked) ||
	    READ_ONCE(o->set->state) != DMBC_SET_RUNNING ||
	    time_before(jiffies, ip->refreshed + REFRESH_PAUSE))
		return;
	ip->refreshed = jiffies;
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		if (!(ip->known & 1U << i) &&
		    dmbc_inflight_try_enter(o, &range[i],
					    dmbc_note_region(bdev_nr_sectors(o->bdev), i),
					    DMBC_NOTE_REGION_SECTORS, DMBC_RANGE_COPY))
			entered |= 1U << i;
	if (entered)
		hash_unknown(o, entered);
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		if (entered & 1U << i)
			dmbc_inflight_leave(o, &range[i]);
}

/* ---- a clean end ------------------------------------------------------------------------- */

void dmbc_inplace_close(struct dmbc_origin *o)
{
	struct dmbc_inplace *ip = o->inplace;

	if (!ip || !o->attached || READ_ONCE(o->tie) == DMBC_TIE_PLAIN ||
	    READ_ONCE(o->set->state) != DMBC_SET_RUNNING)
		return;
	mutex_lock(&ip->lock);
	ip->known = hash_regions(o, ALL_KNOWN);
	if (ip->known != ALL_KNOWN || write_note(o, false))
		DMERR("%s: no note of a clean end: what the SSD has of it may be dropped", o->name);
	mutex_unlock(&ip->lock);
}
