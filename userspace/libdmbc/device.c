// SPDX-License-Identifier: GPL-2.0
/*
 * One open device: path, size and the sectors around the super block.
 *
 * Reading goes past the page cache where it can: a running target writes the
 * super block with its own I/O, and cached pages would show an older one.
 * Writing is buffered and ends with fsync().
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define IO_ALIGN 4096
#define SUPER_OFFSET ((off_t)DMBC_SB_SECTOR * DMBC_SECTOR_BYTES)

struct dmbc_device {
	char *path;
	int fd;
	struct stat st;
	__u64 sectors;
	__u32 block_sectors;
};

static int open_fd(const char *path, enum dmbc_access access)
{
	int flags = O_CLOEXEC | (access == DMBC_ACCESS_WRITE ? O_RDWR : O_RDONLY) |
		    (access == DMBC_ACCESS_READ ? 0 : O_EXCL);
	bool direct = access == DMBC_ACCESS_READ || access == DMBC_ACCESS_ALONE;
	int fd = open(path, flags | (direct ? O_DIRECT : 0));

	if (fd < 0 && errno == EINVAL && direct)
		fd = open(path, flags);
	return fd;
}

static enum dmbc_result open_failed(const char *path, struct dmbc_error *err)
{
	const char *advice = "check the path";

	switch (errno) {
	case EBUSY:
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: in use (mounted, or part of an active device); "
				      "unmount or deactivate it first",
				      path);
	case EISDIR:
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: a directory; name a block device or an image file",
				      path);
	case EACCES:
	case EPERM: advice = "run as root"; break;
	case EROFS: advice = "make it writable (blockdev --setrw)"; break;
	}
	return dmbc_error_set(err, DMBC_IO, "%s: cannot open: %s; %s", path, strerror(errno),
			      advice);
}

/* Size and block size. */
static enum dmbc_result measure(struct dmbc_device *dev, struct dmbc_error *err)
{
	unsigned long long bytes = 0;
	int block = DMBC_SECTOR_BYTES;

	if (fstat(dev->fd, &dev->st))
		return open_failed(dev->path, err);
	if (S_ISREG(dev->st.st_mode)) {
		bytes = (unsigned long long)dev->st.st_size;
	} else if (!S_ISBLK(dev->st.st_mode)) {
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: neither a block device nor a regular file; "
				      "name one of these",
				      dev->path);
	} else if (ioctl(dev->fd, BLKGETSIZE64, &bytes) || ioctl(dev->fd, BLKSSZGET, &block)) {
		return dmbc_error_set(err, DMBC_IO, "%s: cannot get its size: %s; check the device",
				      dev->path, strerror(errno));
	}
	dev->sectors = bytes >> DMBC_SECTOR_SHIFT;
	dev->block_sectors = (__u32)block >> DMBC_SECTOR_SHIFT;
	return DMBC_OK;
}

/* Opening a read-only device for writing succeeds; only the writes fail, some of them silently. */
static enum dmbc_result check_writable(struct dmbc_device *dev, struct dmbc_error *err)
{
	int read_only = 0;

	if (!S_ISBLK(dev->st.st_mode) || ioctl(dev->fd, BLKROGET, &read_only) || !read_only)
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_REFUSED,
			      "%s: read-only; make it writable (blockdev --setrw)", dev->path);
}

/* A FIFO or a terminal must not be opened: that may block or have effects. */
static bool worth_opening(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode);
}

enum dmbc_result dmbc_device_open(const char *path, enum dmbc_access access,
				  struct dmbc_device **result, struct dmbc_error *err)
{
	struct dmbc_device *dev;
	enum dmbc_result r;

	if (!worth_opening(path))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: neither a block device nor a regular file; "
				      "name one of these",
				      path);
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", path);
	dev->path = strdup(path);
	dev->fd = dev->path ? open_fd(path, access) : -1;
	r = dev->fd < 0 ? open_failed(path, err) : measure(dev, err);
	if (r == DMBC_OK && (access == DMBC_ACCESS_WRITE || access == DMBC_ACCESS_PROBE))
		r = check_writable(dev, err);
	if (r != DMBC_OK) {
		dmbc_device_close(dev);
		return r;
	}
	*result = dev;
	return DMBC_OK;
}

void dmbc_device_close(struct dmbc_device *dev)
{
	if (!dev)
		return;
	if (dev->fd >= 0)
		close(dev->fd);
	free(dev->path);
	free(dev);
}

const char *dmbc_device_path(const struct dmbc_device *dev)
{
	return dev->path;
}

int dmbc_device_fd(const struct dmbc_device *dev)
{
	return dev->fd;
}

__u64 dmbc_device_sectors(const struct dmbc_device *dev)
{
	return dev->sectors;
}

__u32 dmbc_device_block_sectors(const struct dmbc_device *dev)
{
	return dev->block_sectors;
}

bool dmbc_device_same(const char *path, const char *other)
{
	struct stat a, b;

	if (stat(path, &a) || stat(other, &b))
		return false;
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode))
		return a.st_rdev == b.st_rdev;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void *dmbc_device_buffer(size_t bytes)
{
	void *buffer = NULL;

	return posix_memalign(&buffer, IO_ALIGN, bytes) ? NULL : buffer;
}

int dmbc_device_read(const struct dmbc_device *dev, __u64 sector, __u32 sectors, void *buf)
{
	off_t at = (off_t)sector << DMBC_SECTOR_SHIFT;
	size_t left = (size_t)sectors << DMBC_SECTOR_SHIFT;
	char *to = buf;

	while (left) {
		ssize_t got = pread(dev->fd, to, left, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : ENODATA;
		to += got;
		at += got;
		left -= (size_t)got;
	}
	return 0;
}

int dmbc_device_write(const struct dmbc_device *dev, __u64 sector, __u32 sectors, const void *buf)
{
	off_t at = (off_t)sector << DMBC_SECTOR_SHIFT;
	size_t left = (size_t)sectors << DMBC_SECTOR_SHIFT;
	const char *from = buf;

	while (left) {
		ssize_t put = pwrite(dev->fd, from, left, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? errno : ENOSPC;
		from += put;
		at += put;
		left -= (size_t)put;
	}
	return 0;
}

enum dmbc_result dmbc_device_sync(const struct dmbc_device *dev, struct dmbc_error *err)
{
	if (!fsync(dev->fd))
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_IO,
			      "%s: what was written may not be there: %s; check the device",
			      dev->path, strerror(errno));
}

enum dmbc_result dmbc_device_read_super(struct dmbc_device *dev, struct dmbc_disk_super *sb,
					struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	void *buffer = NULL;
	ssize_t got;

	if (posix_memalign(&buffer, DMBC_SB_BYTES, DMBC_SB_BYTES))
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", dev->path);
	got = pread(dev->fd, buffer, DMBC_SB_BYTES, SUPER_OFFSET);
	if (got == DMBC_SB_BYTES)
		memcpy(sb, buffer, sizeof(*sb));
	else if (got < 0)
		r = dmbc_error_set(err, DMBC_IO,
				   "%s: cannot read the super block: %s; "
				   "check the device and the kernel log",
				   dev->path, strerror(errno));
	else
		r = dmbc_error_set(err, DMBC_NOT_BCACHE,
				   "%s: not a bcache device: smaller than "
				   "8 KiB; name another device",
				   dev->path);
	free(buffer);
	return r;
}

enum dmbc_result dmbc_device_write_super(struct dmbc_device *dev, const struct dmbc_disk_super *sb,
					 struct dmbc_error *err)
{
	const size_t bytes = SUPER_OFFSET + DMBC_SB_BYTES;
	enum dmbc_result r = DMBC_OK;
	char *buffer = calloc(1, bytes);
	ssize_t put;

	if (!buffer)
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", dev->path);
	memcpy(buffer + SUPER_OFFSET, sb, sizeof(*sb));
	put = pwrite(dev->fd, buffer, bytes, 0);
	if (put != (ssize_t)bytes || fsync(dev->fd))
		r = dmbc_error_set(err, DMBC_IO,
				   "%s: cannot write the super block: %s; "
				   "check the device and the kernel log, then format it again",
				   dev->path,
				   put < 0 || put == (ssize_t)bytes ? strerror(errno)
								    : "short write");
	free(buffer);
	return r;
}
