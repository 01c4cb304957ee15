// SPDX-License-Identifier: GPL-2.0
/* Notes on disks without a super block: the table, and the verdict on a disk that comes back. */
#include "lib/note.h"

#include "lib/checksum.h"
#include "lib/port.h"

#define FIXED_REGIONS 3
#define ALIGN_DOWN_REGION(s) ((s) & ~(__u64)(DMBC_NOTE_REGION_SECTORS - 1))

/* ---- the table --------------------------------------------------------------------- */

static __u64 checksum(const struct dmbc_disk_notes *t)
{
	return dmbc_checksum((const char *)t + sizeof(t->csum), sizeof(*t) - sizeof(t->csum));
}

int dmbc_note_verify(const struct dmbc_disk_notes *t, __u64 set_magic, struct dmbc_why *why)
{
	if (__le64_to_cpu(t->magic) != (DMBC_NOTES_MAGIC ^ set_magic))
		return -ENOENT;
	if (__le64_to_cpu(t->csum) != checksum(t)) {
		dmbc_explain(why, "notes on disks: bad checksum");
		return -EILSEQ;
	}
	if (__le32_to_cpu(t->version) != DMBC_NOTES_VERSION) {
		dmbc_explain(why, "notes on disks: unknown version %u", __le32_to_cpu(t->version));
		return -EOPNOTSUPP;
	}
	if (__le32_to_cpu(t->nr) > DMBC_NOTES_MAX) {
		dmbc_explain(why, "notes on disks: %u of them, more than %u", __le32_to_cpu(t->nr),
			     DMBC_NOTES_MAX);
		return -EINVAL;
	}
	return 0;
}

void dmbc_note_init(struct dmbc_disk_notes *t, __u64 set_magic)
{
	memset(t, 0, sizeof(*t));
	t->magic = __cpu_to_le64(DMBC_NOTES_MAGIC ^ set_magic);
	t->version = __cpu_to_le32(DMBC_NOTES_VERSION);
}

void dmbc_note_seal(struct dmbc_disk_notes *t)
{
	t->csum = __cpu_to_le64(checksum(t));
}

struct dmbc_disk_note *dmbc_note_find(struct dmbc_disk_notes *t, const __u8 uuid[16])
{
	__u32 i;

	for (i = 0; i < __le32_to_cpu(t->nr); i++)
		if (!memcmp(t->note[i].uuid, uuid, sizeof(t->note[i].uuid)))
			return &t->note[i];
	return NULL;
}

struct dmbc_disk_note *dmbc_note_add(struct dmbc_disk_notes *t, const __u8 uuid[16])
{
	__u32 nr = __le32_to_cpu(t->nr);
	struct dmbc_disk_note *n = &t->note[nr];

	if (nr == DMBC_NOTES_MAX)
		return NULL;
	memset(n, 0, sizeof(*n));
	memcpy(n->uuid, uuid, sizeof(n->uuid));
	t->nr = __cpu_to_le32(nr + 1);
	return n;
}

void dmbc_note_remove(struct dmbc_disk_notes *t, struct dmbc_disk_note *n)
{
	__u32 nr = __le32_to_cpu(t->nr) - 1;

	*n = t->note[nr];
	memset(&t->note[nr], 0, sizeof(*n));
	t->nr = __cpu_to_le32(nr);
}

/* ---- a disk ------------------------------------------------------------------------ */

/* Where file systems and volume managers keep their heads; then evenly, up to the last sectors. */
__u64 dmbc_note_region(__u64 sectors, unsigned int i)
{
	static const __u64 fixed[FIXED_REGIONS] = { 0, 8, 128 };
	__u64 last = ALIGN_DOWN_REGION(sectors) - DMBC_NOTE_REGION_SECTORS, start;

	if (i < FIXED_REGIONS)
		start = fixed[i];
	else
		start = dmbc_div_u64(last, DMBC_NOTE_REGIONS - FIXED_REGIONS) *
			(i - FIXED_REGIONS + 1);
	if (i == DMBC_NOTE_REGIONS - 1 || start > last)
		start = last;
	return ALIGN_DOWN_REGION(start);
}

static bool is_same(const struct dmbc_disk_note *n, const struct dmbc_note_disk *disk,
		    struct dmbc_why *why)
{
	unsigned int i;

	if (__le64_to_cpu(n->sectors) != disk->sectors) {
		dmbc_explain(why, "it has %llu sectors, the disk that was cached had %llu",
			     disk->sectors, __le64_to_cpu(n->sectors));
		return false;
	}
	for (i = 0; i < DMBC_NOTE_REGIONS; i++)
		if (__le16_to_cpu(n->known) & 1U << i &&
		    __le64_to_cpu(n->hash[i]) != disk->hash[i]) {
			dmbc_explain(why,
				     "it is another disk, or was changed without the SSD, at "
				     "sector %llu",
				     dmbc_note_region(disk->sectors, i));
			return false;
		}
	return true;
}

enum dmbc_note_verdict dmbc_note_judge(const struct dmbc_disk_note *n,
				       const struct dmbc_note_disk *disk, struct dmbc_why *why)
{
	bool same;

	if (!n) {
		dmbc_explain(why, "the SSD has dirty data under this id, but no note on its disk");
		return disk->dirty ? DMBC_NOTE_REFUSE : DMBC_NOTE_NEW;
	}
	if (n->state == DMBC_STATE_STALE) /* the disk went on without the SSD, and is complete */
		return DMBC_NOTE_DROP;
	same = is_same(n, disk, why);
	if (disk->dirty)
		return same ? DMBC_NOTE_KEEP : DMBC_NOTE_REFUSE;
	if (same && !n->open && __le64_to_cpu(n->super_seq) == disk->super_seq)
		return DMBC_NOTE_KEEP;
	return DMBC_NOTE_DROP;
}
