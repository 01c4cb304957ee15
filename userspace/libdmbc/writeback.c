// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty data goes to the disks in their order, as it comes from the index; then
 * every disk is flushed. What does not lie within a disk's data is left alone:
 * the check told of it.
 */
#include "writeback.h"

#include "extents.h"
#include "finding_internal.h"
#include "internal.h"

#include "lib/extent.h"
#include "lib/verify.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((DMBC_KEY_MAX_SECTORS + 16) * DMBC_SECTOR_BYTES)
#define PROGRESS_SECTORS 8192

struct run {
	struct dmbc_writeback *w;
	int *disk_of; /* by slot; -1: not given */
	char *ssd, *disk; /* buffers */
	__u64 told;
	struct dmbc_error *err;
	/* false: stop */
	bool (*use)(struct run *r, int disk, const struct dmbc_key *k, const char *data);
	bool dirty; /* which extents */
};

static struct dmbc_place place_of(const struct dmbc_key *k)
{
	return dmbc_finding_place("disk %u, sectors %llu to %llu", dmbc_key_inode(k),
				  dmbc_key_start(k), k->low);
}

static struct dmbc_range range_of(const struct dmbc_key *k)
{
	return (struct dmbc_range){ dmbc_key_inode(k), dmbc_key_inode(k), dmbc_key_start(k),
				    k->low };
}

/* Reads whole pages: the device may be open past the page cache. NULL after a finding. */
static const char *read_sectors(struct run *r, const struct dmbc_device *dev, __u64 sector,
				const struct dmbc_key *k, char *buf)
{
	const struct dmbc_range range = range_of(k);
	__u64 from = sector & ~7ULL, end = (sector + dmbc_key_size(k) + 7) & ~7ULL;
	int error;

	if (end > dmbc_device_sectors(dev))
		end = dmbc_device_sectors(dev);
	error = dmbc_device_read(dev, from, (__u32)(end - from), buf);
	if (!error)
		return buf + (sector - from) * DMBC_SECTOR_BYTES;
	dmbc_finding_add(r->w->findings,
			 dev == r->w->set->dev ? DMBC_FINDING_DIRTY_READ : DMBC_FINDING_DISK_READ,
			 &range, place_of(k), "sector %llu: %s", sector, strerror(error));
	return NULL;
}

/* The part that lies within the disk's data; false: none. */
static bool clip(const struct dmbc_check_origin *o, struct dmbc_key *k)
{
	if (k->low <= o->data_offset || dmbc_key_start(k) >= o->sectors)
		return false;
	if (dmbc_key_start(k) < o->data_offset)
		dmbc_extent_cut_front(k, o->data_offset);
	if (k->low > o->sectors)
		dmbc_extent_cut_back(k, o->sectors);
	return true;
}

static bool see_extent(void *ctx, const struct dmbc_key *key)
{
	struct run *r = ctx;
	struct dmbc_writeback *w = r->w;
	struct dmbc_key k = *key;
	const char *data;
	int disk = dmbc_key_inode(&k) < w->set->slots ? r->disk_of[dmbc_key_inode(&k)] : -1;

	if (disk < 0 || dmbc_key_dirty(&k) != r->dirty || !clip(&w->origin[disk], &k))
		return true;
	w->done += dmbc_key_size(&k);
	if (w->progress && w->done > r->told) {
		r->told = w->done + PROGRESS_SECTORS;
		w->progress(w->progress_ctx, w->done, w->total);
	}
	if (w->dry_run)
		return true;
	data = read_sectors(r, w->set->dev, dmbc_ptr_sector(k.ptr), &k, r->ssd);
	return !data || r->use(r, disk, &k, data);
}

static bool write_data(struct run *r, int disk, const struct dmbc_key *k, const char *data)
{
	int error = dmbc_device_write(r->w->disk[disk], dmbc_key_start(k), dmbc_key_size(k), data);

	if (!error)
		return true;
	dmbc_error_set(r->err, DMBC_IO,
		       "%s: cannot write sector %llu: %s; the cache still has everything: mend the "
		       "disk and write back again",
		       r->w->origin[disk].path, dmbc_key_start(k), strerror(error));
	return false;
}

static bool compare_data(struct run *r, int disk, const struct dmbc_key *k, const char *data)
{
	const struct dmbc_range range = range_of(k);
	const char *there = read_sectors(r, r->w->disk[disk], dmbc_key_start(k), k, r->disk);
	__u32 i;

	for (i = 0; there && i < dmbc_key_size(k); i++) {
		if (!memcmp(data + i * DMBC_SECTOR_BYTES, there + i * DMBC_SECTOR_BYTES,
			    DMBC_SECTOR_BYTES))
			continue;
		dmbc_finding_add(r->w->findings, DMBC_FINDING_CLEAN_DIFFERS, &range, place_of(k),
				 "sector %llu is another on the SSD, at %llu",
				 dmbc_key_start(k) + i, dmbc_ptr_sector(k->ptr) + i);
		return true;
	}
	return true;
}

static void find_disks(struct run *r)
{
	unsigned int i;
	int slot;

	for (i = 0; i < r->w->set->slots; i++)
		r->disk_of[i] = -1;
	for (i = 0; i < r->w->origins; i++) {
		slot = dmbc_set_find_slot(r->w->set, r->w->origin[i].uuid);
		if (slot >= 0)
			r->disk_of[slot] = (int)i;
	}
}

static enum dmbc_result run_all(struct run *r)
{
	struct dmbc_writeback *w = r->w;
	enum dmbc_result result;
	unsigned int i;

	w->done = 0;
	r->disk_of = calloc(w->set->slots + 1, sizeof(*r->disk_of));
	r->ssd = dmbc_device_buffer(BUFFER_BYTES);
	r->disk = dmbc_device_buffer(BUFFER_BYTES);
	if (!r->disk_of || !r->ssd || !r->disk) {
		result = dmbc_error_memory(w->set->dev, r->err);
	} else {
		find_disks(r);
		result = dmbc_extents_run(w->set, see_extent, r, r->err);
	}
	for (i = 0; i < w->origins && r->dirty && !w->dry_run && result == DMBC_OK; i++)
		result = dmbc_device_sync(w->disk[i], r->err);
	free(r->disk_of);
	free(r->ssd);
	free(r->disk);
	return result;
}

enum dmbc_result dmbc_writeback_run(struct dmbc_writeback *w, struct dmbc_error *err)
{
	struct run r = { .w = w, .err = err, .use = write_data, .dirty = true };

	return run_all(&r);
}

enum dmbc_result dmbc_writeback_verify(struct dmbc_writeback *w, struct dmbc_error *err)
{
	struct run r = { .w = w, .err = err, .use = compare_data };

	return run_all(&r);
}

enum dmbc_result dmbc_writeback_detach(struct dmbc_device *disk, struct dmbc_error *err)
{
	struct dmbc_disk_super sb;
	enum dmbc_result r = dmbc_device_read_super(disk, &sb, err);

	if (r != DMBC_OK)
		return r;
	dmbc_sb_set_flag(&sb, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS, DMBC_STATE_NONE);
	memset(sb.set_uuid, 0, sizeof(sb.set_uuid));
	dmbc_verify_super_seal(&sb);
	return dmbc_device_write_super(disk, &sb, err);
}
