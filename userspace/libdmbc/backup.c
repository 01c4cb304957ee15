// SPDX-License-Identifier: GPL-2.0
/* Backup files: written in one go, verified as a whole before anything of them is written back. */
#include "backup.h"

#include "internal.h"
#include "repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#define MAGIC "dmbcache backup1"

struct dmbc_backup {
	struct dmbc_device *dev;
	FILE *f;
	char *path;
};

struct header {
	char magic[16];
	__u8 uuid[16];
	__le64 sectors; /* of the device */
};

struct piece {
	__le64 sector;
	__le64 sectors;
};

static enum dmbc_result failed(const struct dmbc_backup *b, struct dmbc_error *err)
{
	return dmbc_error_set(err, DMBC_IO,
			      "%s: cannot write: %s; give another place with --backup", b->path,
			      strerror(errno));
}

enum dmbc_result dmbc_backup_create(const char *path, struct dmbc_device *dev,
				    const struct dmbc_disk_super *sb, struct dmbc_backup **backup,
				    struct dmbc_error *err)
{
	struct header h = { .magic = MAGIC, .sectors = __cpu_to_le64(dmbc_device_sectors(dev)) };
	struct dmbc_backup *b = calloc(1, sizeof(*b));

	if (!b)
		return dmbc_error_memory(dev, err);
	b->dev = dev;
	b->path = strdup(path);
	b->f = b->path ? fopen(path, "wxe") : NULL;
	memcpy(h.uuid, sb->uuid, sizeof(h.uuid));
	if (!b->f && b->path && errno == EEXIST)
		dmbc_error_set(err, DMBC_REFUSED,
			       "%s: exists, perhaps the backup of an earlier repair; give another "
			       "name with --backup FILE",
			       path);
	else if (!b->f || fwrite(&h, sizeof(h), 1, b->f) != 1)
		failed(b, err);
	else
		return *backup = b, DMBC_OK;
	dmbc_backup_close(b);
	return DMBC_REFUSED;
}

void dmbc_backup_close(struct dmbc_backup *b)
{
	if (!b)
		return;
	if (b->f)
		fclose(b->f);
	free(b->path);
	free(b);
}

enum dmbc_result dmbc_backup_add(struct dmbc_backup *b, __u64 sector, __u32 sectors,
				 struct dmbc_error *err)
{
	const struct piece p = { __cpu_to_le64(sector), __cpu_to_le64(sectors) };
	size_t bytes = (size_t)sectors * DMBC_SECTOR_BYTES;
	void *buf = dmbc_device_buffer(bytes ? bytes : 512);
	bool ok;
	int r;

	if (!buf)
		return dmbc_error_memory(b->dev, err);
	r = sectors ? dmbc_device_read(b->dev, sector, sectors, buf) : 0;
	ok = fwrite(&p, sizeof(p), 1, b->f) == 1 && (!sectors || fwrite(buf, bytes, 1, b->f) == 1);
	if (ok && !sectors)
		ok = !fflush(b->f) && !fsync(fileno(b->f));
	free(buf);
	if (r)
		return dmbc_error_set(err, DMBC_IO,
				      "%s: cannot read sector %llu: %s; try dmbcache repair --to",
				      dmbc_device_path(b->dev), sector, strerror(r));
	return ok ? DMBC_OK : failed(b, err);
}

/* ---- undoing -------------------------------------------------------------------------- */

static enum dmbc_result incomplete(const char *path, struct dmbc_error *err)
{
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: incomplete; nothing was overwritten when it was made, nothing "
			      "needs to be undone",
			      path);
}

/* One pass over the pieces; with @write each goes to the device. */
static enum dmbc_result pass(FILE *f, const char *path, struct dmbc_device *dev, bool write,
			     __u64 *pieces, struct dmbc_error *err)
{
	__u64 end = dmbc_device_sectors(dev), sector, sectors;
	enum dmbc_result result = DMBC_OK;
	struct piece p;
	void *buf;
	int r = 0;

	for (*pieces = 0; result == DMBC_OK; ++*pieces) {
		if (fread(&p, sizeof(p), 1, f) != 1)
			return incomplete(path, err);
		sector = __le64_to_cpu(p.sector);
		sectors = __le64_to_cpu(p.sectors);
		if (!sectors)
			return DMBC_OK;
		if (sectors > 1 << 16 || sector > end || sectors > end - sector)
			return dmbc_error_set(
				err, DMBC_REFUSED,
				"%s: damaged: a piece at sector %llu; use a copy of it", path,
				sector);
		buf = dmbc_device_buffer(sectors * DMBC_SECTOR_BYTES);
		if (!buf)
			result = dmbc_error_memory(dev, err);
		else if (fread(buf, sectors * DMBC_SECTOR_BYTES, 1, f) != 1)
			result = incomplete(path, err);
		else if (write)
			r = dmbc_device_write(dev, sector, (__u32)sectors, buf);
		free(buf);
		if (r)
			return dmbc_error_set(err, DMBC_IO,
					      "%s: cannot write sector %llu: %s; undo on a copy of "
					      "the device",
					      dmbc_device_path(dev), sector, strerror(r));
	}
	return result;
}

/* Another device of the same size must not get the pieces. */
static enum dmbc_result check_owner(const struct header *h, const char *path,
				    struct dmbc_device *dev, struct dmbc_error *err)
{
	struct dmbc_disk_super sb;
	char uuid[DMBC_UUID_TEXT];
	enum dmbc_result r;

	uuid_unparse_lower(h->uuid, uuid);
	if (__le64_to_cpu(h->sectors) != dmbc_device_sectors(dev))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: of a device of another size; name the one with uuid %s",
				      path, uuid);
	r = dmbc_device_read_super(dev, &sb, err);
	if (r != DMBC_OK || !memcmp(sb.uuid, h->uuid, sizeof(h->uuid)))
		return r;
	/* the repair may have been cut before it put a wrong bit right */
	if (dmbc_repair_super(&sb) && !memcmp(sb.uuid, h->uuid, sizeof(h->uuid)))
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_REFUSED, "%s: of another device; name the one with uuid %s",
			      path, uuid);
}

enum dmbc_result dmbc_backup_undo(const char *path, struct dmbc_device *dev, bool check,
				  __u64 *pieces, struct dmbc_error *err)
{
	FILE *f = fopen(path, "re");
	struct header h;
	enum dmbc_result r;

	if (!f)
		return dmbc_error_set(err, DMBC_IO, "%s: cannot open: %s; check the path", path,
				      strerror(errno));
	if (fread(&h, sizeof(h), 1, f) != 1 || memcmp(h.magic, MAGIC, sizeof(h.magic)))
		r = dmbc_error_set(err, DMBC_REFUSED,
				   "%s: no backup of dmbcache repair; name a file that it made",
				   path);
	else
		r = check_owner(&h, path, dev, err);
	if (r == DMBC_OK)
		r = pass(f, path, dev, false, pieces, err);
	if (r == DMBC_OK && !check) {
		fseek(f, sizeof(h), SEEK_SET);
		r = pass(f, path, dev, true, pieces, err);
		if (r == DMBC_OK)
			r = dmbc_device_sync(dev, err);
	}
	fclose(f);
	return r;
}
