/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk in memory with a volatile write cache, behind store/blockio.h.
 *
 * A write without FUA is durable only after a flush that starts after its
 * completion. Completions come in random order. The power can be cut: what is
 * on the medium then is the durable content and a random part of the rest,
 * sector by sector. Fails loudly on writes that overlap in flight, go beyond
 * the device, come from unaligned memory or change before they are complete.
 *
 * User data is not kept as bytes but as one stamp per sector, so that a test
 * can tell whose data it reads at little cost.
 */
#ifndef DMBC_SIM_DISK_H
#define DMBC_SIM_DISK_H

#include <linux/types.h>

#include "store/blockio.h"

struct sim_image; /* contents of a disk nobody has open */

/* An empty disk. Closed with dmbc_blockio_destroy(), when no I/O or node buffer is left. */
struct dmbc_blockio *sim_disk_create(u64 sectors);

/* ---- user data ---------------------------------------------------------------- */

/* Writes one stamp (not 0) per sector. Sleeps; 0 or -EIO. */
int sim_disk_write_stamps(struct dmbc_blockio *io, u64 sector, u32 sectors, const u64 *stamps);
/* 0 where a sector holds metadata or nothing. Sleeps; 0 or -EIO. */
int sim_disk_read_stamps(struct dmbc_blockio *io, u64 sector, u32 sectors, u64 *stamps);

/* ---- power ---------------------------------------------------------------------- */

/* The power fails when the @n-th write from now reaches the disk: it and all later I/O fail. */
void sim_disk_cut_after(struct dmbc_blockio *io, u64 n);
void sim_disk_cut_now(struct dmbc_blockio *io);
bool sim_disk_is_cut(struct dmbc_blockio *io);
/* Writes that reached the disk so far. */
u64 sim_disk_writes(struct dmbc_blockio *io);

/* What a power cut leaves of the writes that no flush has made durable. */
enum sim_survivors {
	SIM_SURVIVE_SOME, /* of each all, nothing, or any of its sectors */
	SIM_SURVIVE_NONE,
	SIM_SURVIVE_ALL,
	SIM_SURVIVE_TORN, /* all but the ones in flight: of these any sectors */
};

/* What is on the medium if the power fails now (or failed at the cut). */
struct sim_image *sim_disk_crash_image_with(struct dmbc_blockio *io, enum sim_survivors which);
/* The same with SIM_SURVIVE_SOME, chosen by @seed. */
struct sim_image *sim_disk_crash_image(struct dmbc_blockio *io, u64 seed);
/* Everything written so far, as after an orderly shutdown. */
struct sim_image *sim_disk_image(struct dmbc_blockio *io);
/* Opens the disk; the image belongs to it then. */
struct dmbc_blockio *sim_disk_reopen(struct sim_image *image);
struct sim_image *sim_image_copy(const struct sim_image *image);
void sim_image_free(struct sim_image *image);
u64 sim_image_sectors(const struct sim_image *image);
/* To read and change 512 bytes at a time. */
void sim_image_read(const struct sim_image *image, u64 sector, void *to);
void sim_image_write(struct sim_image *image, u64 sector, const void *from);

/* ---- errors ----------------------------------------------------------------------- */

/* The @n-th write from now fails (once); 0: none. Nothing of it reaches the disk. */
void sim_disk_fail_write(struct dmbc_blockio *io, u64 n);
bool sim_disk_has_failed(struct dmbc_blockio *io); /* it came to that, or the power is cut */
/* Called when a write meets the disk, before anything of it is there; may cut or fail it. */
void sim_disk_on_arrival(struct dmbc_blockio *io, void (*fn)(void *ctx), void *ctx);
/* In the function above: this write fails. */
void sim_disk_fail_this(struct dmbc_blockio *io);
/* Reads that touch the range fail; 0 sectors: none. */
void sim_disk_fail_reads(struct dmbc_blockio *io, u64 sector, u64 sectors);
/* Called for each write of metadata as it is submitted. */
void sim_disk_on_write(struct dmbc_blockio *io,
		       void (*fn)(void *ctx, u64 sector, u32 sectors, unsigned int flags),
		       void *ctx);
/* I/O takes 0 .. @jiffies; default 1. */
void sim_disk_set_latency(struct dmbc_blockio *io, u32 jiffies);

#endif
