// SPDX-License-Identifier: GPL-2.0
/*
 * Super blocks: read, verify, change in memory, write.
 *
 * There is one copy, so it is written with PREFLUSH|FUA and never in parts.
 * Fields this code does not own are written as they were read.
 */
#include "store/super.h"

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "lib/port.h"
#include "store/blockio.h"

#define SUPER_SECTORS (DMBC_SB_BYTES / DMBC_SECTOR_BYTES)
#define JOURNAL_SHARE 128 /* one bucket in this many */
#define MIN_JOURNAL 2U
#define MIN_JOURNAL_BLOCKS 32U /* a shorter ring may not find room for a second replay */

/* The structure may lie anywhere; I/O goes through a buffer of its own alignment. */
static int read_disk(struct dmbc_blockio *io, struct dmbc_disk_super *disk, struct dmbc_why *why)
{
	void *buf = kmalloc(DMBC_SB_BYTES, GFP_KERNEL);
	int r;

	if (!buf)
		return -ENOMEM;
	r = dmbc_blockio_read(io, DMBC_SB_SECTOR, SUPER_SECTORS, buf);
	if (r)
		dmbc_explain(why, "super block cannot be read");
	else
		memcpy(disk, buf, sizeof(*disk));
	kfree(buf);
	return r;
}

static int write_disk(struct dmbc_blockio *io, struct dmbc_disk_super *disk)
{
	void *buf = kmalloc(DMBC_SB_BYTES, GFP_NOIO);
	int r;

	if (!buf)
		return -ENOMEM;
	dmbc_verify_super_seal(disk);
	memcpy(buf, disk, sizeof(*disk));
	r = dmbc_blockio_write(io, DMBC_SB_SECTOR, SUPER_SECTORS, buf,
			       DMBC_IO_PREFLUSH | DMBC_IO_FUA);
	kfree(buf);
	return r;
}

/* ---- cache ------------------------------------------------------------------ */

int dmbc_super_load_cache(struct dmbc_blockio *io, struct dmbc_super *s, struct dmbc_why *why)
{
	int r;

	memset(s, 0, sizeof(*s));
	r = read_disk(io, &s->disk, why);
	if (r)
		return r;
	return dmbc_verify_cache_super(&s->disk, dmbc_blockio_sectors(io), &s->geometry, why);
}

bool dmbc_super_is_new(const struct dmbc_super *s)
{
	return !dmbc_sb_flag(&s->disk, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS);
}

void dmbc_super_prepare_new(struct dmbc_super *s)
{
	const struct dmbc_geometry *g = &s->geometry;
	__u32 shortest =
		max(MIN_JOURNAL, MIN_JOURNAL_BLOCKS * g->block_sectors / g->bucket_sectors);
	__u32 nr = clamp_t(__u64, g->nbuckets / JOURNAL_SHARE, shortest, DMBC_SB_MAX_JOURNAL);
	__u32 i;

	memset(s->disk.d, 0, sizeof(s->disk.d));
	for (i = 0; i < nr; i++)
		s->disk.d[i] = __cpu_to_le64(s->geometry.first_bucket + i);
	s->disk.keys = __cpu_to_le16(nr);
	s->geometry.njournal = nr;
}

int dmbc_super_write_cache(struct dmbc_blockio *io, struct dmbc_super *s)
{
	struct dmbc_disk_super *d = &s->disk;

	dmbc_sb_set_flag(d, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS, 1);
	if (__le64_to_cpu(d->version) < DMBC_SB_CACHE)
		d->version = __cpu_to_le64(DMBC_SB_CACHE);
	d->seq = __cpu_to_le64(__le64_to_cpu(d->seq) + 1);
	d->last_mount = __cpu_to_le32((__u32)ktime_get_real_seconds());
	return write_disk(io, d);
}

/* ---- backing device ----------------------------------------------------------- */

int dmbc_super_load_backing(struct dmbc_blockio *io, struct dmbc_super *s, struct dmbc_why *why)
{
	int r;

	memset(s, 0, sizeof(*s));
	r = read_disk(io, &s->disk, why);
	if (r)
		return r;
	return dmbc_verify_backing_super(&s->disk, dmbc_blockio_sectors(io), &s->data_offset, why);
}

enum dmbc_state dmbc_super_state(const struct dmbc_super *s)
{
	return dmbc_sb_flag(&s->disk, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS);
}

void dmbc_super_set_state(struct dmbc_super *s, enum dmbc_state state)
{
	dmbc_sb_set_flag(&s->disk, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS, state);
}

enum dmbc_mode dmbc_super_mode(const struct dmbc_super *s)
{
	return dmbc_sb_flag(&s->disk, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS);
}

void dmbc_super_set_mode(struct dmbc_super *s, enum dmbc_mode mode)
{
	dmbc_sb_set_flag(&s->disk, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS, mode);
}

bool dmbc_super_attached(const struct dmbc_super *s)
{
	static const __u8 none[16];

	/* make-bcache leaves a random set uuid on a disk that was never attached */
	return dmbc_super_state(s) != DMBC_STATE_NONE &&
	       memcmp(s->disk.set_uuid, none, sizeof(none)) != 0;
}

void dmbc_super_set_attached(struct dmbc_super *s, const __u8 set_uuid[16])
{
	memcpy(s->disk.set_uuid, set_uuid, sizeof(s->disk.set_uuid));
}

void dmbc_super_set_detached(struct dmbc_super *s)
{
	memset(s->disk.set_uuid, 0, sizeof(s->disk.set_uuid));
	dmbc_super_set_state(s, DMBC_STATE_NONE);
}

int dmbc_super_write_backing(struct dmbc_blockio *io, struct dmbc_super *s)
{
	return write_disk(io, &s->disk);
}
