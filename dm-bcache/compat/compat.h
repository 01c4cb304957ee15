/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows kernels differ.  Every HAVE_ symbol is the answer of one probe in
 * probe.mk; code elsewhere uses the newest kernel's name, or the dmbc_ wrapper given here.
 */
#ifndef DMBC_COMPAT_H
#define DMBC_COMPAT_H

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/dm-io.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ioprio.h>
#include <linux/shrinker.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

/*
 * dm_io() at default priority.  Asynchronous when request->notify.fn is set, else *error_bits gets
 * one bit per region that failed.  A notify function is declared with DMBC_IO_NOTIFY(name, error,
 * context) and reads the bits with DMBC_IO_NOTIFY_ERROR(error): a region that answered "not
 * supported" counts as failed.
 */
#if defined(HAVE_DM_IO_UNSUP)

#define DMBC_IO_NOTIFY(name, error, context)                                                       \
	void name(unsigned long error, unsigned long dmbc_unsup, void *context)
#define DMBC_IO_NOTIFY_ERROR(error) ((error) | dmbc_unsup)

static inline int dmbc_dm_io(struct dm_io_request *request, unsigned int regions,
			     struct dm_io_region *where, unsigned long *error_bits)
{
	unsigned long unsup = 0;
	int r = dm_io(request, regions, where, error_bits, &unsup, IOPRIO_DEFAULT);

	if (!unsup)
		return r;
	if (error_bits)
		*error_bits |= unsup;
	return r ? r : -EOPNOTSUPP;
}

#else

#define DMBC_IO_NOTIFY(name, error, context) void name(unsigned long error, void *context)
#define DMBC_IO_NOTIFY_ERROR(error) (error)

static inline int dmbc_dm_io(struct dm_io_request *request, unsigned int regions,
			     struct dm_io_region *where, unsigned long *error_bits)
{
#ifdef HAVE_DM_IO_IOPRIO
	return dm_io(request, regions, where, error_bits, IOPRIO_DEFAULT);
#else
	return dm_io(request, regions, where, error_bits);
#endif
}

#endif

/* Parameter list of dm's prepare_ioctl method; the extra ones may stay unused. */
#ifdef HAVE_PREPARE_IOCTL_FORWARD
#define DMBC_PREPARE_IOCTL_ARGS(ti, bdev)                                                          \
	struct dm_target *ti, struct block_device **bdev, unsigned int dmbc_command,               \
		unsigned long dmbc_argument, bool *dmbc_forward
#else
#define DMBC_PREPARE_IOCTL_ARGS(ti, bdev) struct dm_target *ti, struct block_device **bdev
#endif

/* The vectors behind a bio from bio_kmalloc(). */
#ifndef HAVE_BIO_INLINE_VECS
#define bio_inline_vecs(bio) ((bio)->bi_inline_vecs)
#endif

/* In a target's status_flags; the kernel keeps it private. */
#ifndef DM_STATUS_NOFLUSH_FLAG
#define DM_STATUS_NOFLUSH_FLAG (1 << 0)
#endif

#ifndef HAVE_WQ_PERCPU
#define WQ_PERCPU 0
#endif

#ifndef HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq system_wq
#endif

#ifndef HAVE_TIMER_CONTAINER_OF
#define timer_container_of(object, callback_timer, field) from_timer(object, callback_timer, field)
#endif

#ifndef HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync(timer) del_timer_sync(timer)
#endif

#ifndef HAVE_BDEV_ROT
static inline bool bdev_rot(struct block_device *bdev)
{
	return !bdev_nonrot(bdev);
}
#endif

#ifndef HAVE_BDEV_LIMITS
static inline const struct queue_limits *bdev_limits(struct block_device *bdev)
{
	return &bdev_get_queue(bdev)->limits;
}
#endif

/* From io_hints: the longest discard in sectors and the granularity in bytes. */
static inline void dmbc_set_discard_limits(struct queue_limits *limits, unsigned int max_sectors,
					   unsigned int granularity)
{
	limits->max_hw_discard_sectors = max_sectors;
#ifndef HAVE_QUEUE_LIMITS_FEATURES
	limits->max_discard_sectors = max_sectors;
#endif
	limits->discard_granularity = granularity;
}

/*
 * A shrinker with a private pointer.  The structure must stay until dmbc_shrinker_unregister(),
 * after which neither function runs any more.  count() answers how many objects could be freed;
 * scan() frees up to nr and answers how many it did, or SHRINK_STOP.
 */
typedef unsigned long (*dmbc_shrink_count_fn)(void *private);
typedef unsigned long (*dmbc_shrink_scan_fn)(void *private, unsigned long nr);

struct dmbc_shrinker {
#ifdef HAVE_SHRINKER_ALLOC
	struct shrinker *shrinker; /* NULL when not registered */
#else
	struct shrinker shrinker;
	bool registered;
#endif
	dmbc_shrink_count_fn count;
	dmbc_shrink_scan_fn scan;
	void *private;
};

/* Process context; the name shows in debugfs.  0 or -ENOMEM. */
int dmbc_shrinker_register(struct dmbc_shrinker *shrinker, const char *name,
			   dmbc_shrink_count_fn count, dmbc_shrink_scan_fn scan, void *private);

/* Harmless on one that is zeroed or was not registered. */
void dmbc_shrinker_unregister(struct dmbc_shrinker *shrinker);

#endif
