// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the two copies of the notes.
 *
 * In time order: load() reads both copies when they are first asked for and
 * keeps the newer good one; a change is made in memory, then write() puts the
 * whole table over one copy and, when that is durable, over the other. A change
 * that cannot be written may be on one of them; in memory it is taken back.
 */
#include "store/notes.h"

#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lib/checksum.h"
#include "lib/note.h"
#include "lib/port.h"
#include "store/blockio.h"

struct dmbc_notes {
	struct dmbc_blockio *io;
	const struct dmbc_geometry *g;
	struct mutex lock; /* all that follows */
	struct dmbc_disk_notes *table, *other; /* as on the medium; scratch */
	bool loaded;
};

struct dmbc_notes *dmbc_notes_create(struct dmbc_blockio *io, const struct dmbc_geometry *g)
{
	struct dmbc_notes *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->io = io;
	t->g = g;
	mutex_init(&t->lock);
	t->table = kzalloc(sizeof(*t->table), GFP_KERNEL);
	t->other = kzalloc(sizeof(*t->other), GFP_KERNEL);
	if (t->table && t->other)
		return t;
	dmbc_notes_destroy(t);
	return ERR_PTR(-ENOMEM);
}

void dmbc_notes_destroy(struct dmbc_notes *t)
{
	if (IS_ERR_OR_NULL(t))
		return;
	kfree(t->table);
	kfree(t->other);
	kfree(t);
}

static int read_copy(struct dmbc_notes *t, unsigned int copy, struct dmbc_why *why)
{
	int r = dmbc_blockio_read(t->io, dmbc_note_place(copy), DMBC_NOTES_SECTORS, t->other);

	if (r)
		dmbc_explain(why, "the notes on disks cannot be read");
	return r ? r : dmbc_note_verify(t->other, t->g->set_magic, why);
}

static void take_newer(struct dmbc_notes *t)
{
	struct dmbc_disk_notes *older = t->table;

	if (t->loaded && __le64_to_cpu(t->other->seq) <= __le64_to_cpu(t->table->seq))
		return;
	t->table = t->other;
	t->other = older;
	t->loaded = true;
}

static bool is_damaged(int error)
{
	return error == -ENOENT || error == -EILSEQ || error == -EINVAL;
}

/*
 * One good copy is enough: the other may be torn. Damage of both is as if there
 * never were notes: then dirty data is refused to every disk. Of a later
 * version nothing is touched.
 */
static int load(struct dmbc_notes *t, struct dmbc_why *why)
{
	unsigned int i;
	int r;

	lockdep_assert_held(&t->lock);
	if (t->loaded)
		return 0;
	if (!dmbc_note_has_room(t->g)) {
		dmbc_explain(why, "the SSD has no room for notes on disks: format it with buckets "
				  "of 8K or more");
		return -ENOSPC;
	}
	for (i = 0; i < DMBC_NOTES_COPIES; i++) {
		r = read_copy(t, i, why);
		if (!r)
			take_newer(t);
		if (r && !is_damaged(r)) {
			t->loaded = false;
			return r;
		}
	}
	if (!t->loaded)
		dmbc_note_init(t->table, t->g->set_magic);
	t->loaded = true;
	return 0;
}

/*
 * `other` has the change; on success it becomes the table. Both copies: what was
 * acknowledged outlives damage of one.
 */
static int write(struct dmbc_notes *t)
{
	struct dmbc_disk_notes *old = t->table;
	unsigned int i;
	int r = 0;

	t->other->seq = __cpu_to_le64(__le64_to_cpu(old->seq) + 1);
	dmbc_note_seal(t->other);
	for (i = 0; i < DMBC_NOTES_COPIES && !r; i++)
		r = dmbc_blockio_write(t->io, dmbc_note_place(i), DMBC_NOTES_SECTORS, t->other,
				       DMBC_IO_PREFLUSH | DMBC_IO_FUA);
	if (r)
		return r;
	t->table = t->other;
	t->other = old;
	return 0;
}

int dmbc_notes_get(struct dmbc_notes *t, const __u8 uuid[16], struct dmbc_disk_note *note,
		   struct dmbc_why *why)
{
	const struct dmbc_disk_note *found;
	int r;

	mutex_lock(&t->lock);
	r = load(t, why);
	if (!r) {
		found = dmbc_note_find(t->table, uuid);
		if (found)
			*note = *found;
		else
			r = -ENOENT;
	}
	mutex_unlock(&t->lock);
	return r;
}

int dmbc_notes_put(struct dmbc_notes *t, const struct dmbc_disk_note *note)
{
	struct dmbc_disk_note *n;
	int r;

	mutex_lock(&t->lock);
	r = load(t, NULL);
	if (!r) {
		*t->other = *t->table;
		n = dmbc_note_find(t->other, note->uuid);
		if (!n)
			n = dmbc_note_add(t->other, note->uuid);
		r = n ? 0 : -ENOSPC;
	}
	if (!r) {
		*n = *note;
		r = write(t);
	}
	mutex_unlock(&t->lock);
	return r;
}

int dmbc_notes_remove(struct dmbc_notes *t, const __u8 uuid[16])
{
	struct dmbc_disk_note *n = NULL;
	int r;

	mutex_lock(&t->lock);
	r = load(t, NULL);
	if (!r) {
		*t->other = *t->table;
		n = dmbc_note_find(t->other, uuid);
	}
	if (n) {
		dmbc_note_remove(t->other, n);
		r = write(t);
	}
	mutex_unlock(&t->lock);
	return r;
}

int dmbc_notes_hash(struct dmbc_blockio *disk, unsigned int i, __u64 *hash)
{
	__u32 bytes = DMBC_NOTE_REGION_SECTORS * DMBC_SECTOR_BYTES;
	void *buf = kmalloc(bytes, GFP_NOIO);
	int r;

	if (!buf)
		return -ENOMEM;
	r = dmbc_blockio_read(disk, dmbc_note_region(dmbc_blockio_sectors(disk), i),
			      DMBC_NOTE_REGION_SECTORS, buf);
	if (!r)
		*hash = dmbc_checksum(buf, bytes);
	kfree(buf);
	return r;
}
