/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only way the store reaches a medium: metadata reads and writes, cache
 * flushes, and the memory of btree nodes. blockio.c implements it with dm-io
 * and dm-bufio; tests/unit/sim implements the same interface over RAM with a
 * volatile write cache, so this is the seam where power is cut in simulation.
 *
 * Units: sectors. Buffers: kmalloc or vmalloc memory, at least 512-byte
 * aligned. Nothing here may be called from map() (dm-bufio forbids it).
 */
#ifndef DMBC_STORE_BLOCKIO_H
#define DMBC_STORE_BLOCKIO_H

#include <linux/types.h>

struct block_device;
struct dmbc_blockio;
struct dmbc_nodebuf;

#define DMBC_IO_FUA (1U << 0) /* durable when complete */
#define DMBC_IO_PREFLUSH (1U << 1) /* everything completed before is durable first */
#define DMBC_IO_ANYCTX (1U << 2) /* fn may be called in any context, interrupts included */

/*
 * Process context (blockio's own workqueue), unless DMBC_IO_ANYCTX was given;
 * may sleep briefly, must not wait for other blockio.
 */
typedef void (*dmbc_blockio_fn)(void *ctx, int error);

/* Both may sleep. create returns ERR_PTR. @bdev stays the caller's. */
struct dmbc_blockio *dmbc_blockio_create(struct block_device *bdev);
void dmbc_blockio_destroy(struct dmbc_blockio *io);
__u64 dmbc_blockio_sectors(struct dmbc_blockio *io); /* size of the device */

/* Synchronous; sleep; 0 or -EIO. */
int dmbc_blockio_read(struct dmbc_blockio *io, __u64 sector, __u32 sectors, void *buf);
int dmbc_blockio_write(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
		       unsigned int flags);
int dmbc_blockio_flush(struct dmbc_blockio *io);

/* Starts a write; may sleep for memory (mempool); @buf stays untouched until @fn runs. */
void dmbc_blockio_write_async(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
			      unsigned int flags, dmbc_blockio_fn fn, void *ctx);
void dmbc_blockio_flush_async(struct dmbc_blockio *io, dmbc_blockio_fn fn, void *ctx);

/* Writes so far, sectors: write amplification is reported from it. */
__u64 dmbc_blockio_written(struct dmbc_blockio *io);

/*
 * Node memory. All nodes of a set have one size; set it once before the first
 * node is touched. dm-bufio never sees a dirty buffer from us. The memory is the
 * caller's to change until release. One user per node: the caller sees to it
 * that no two read or create the node at one sector at a time (-EBUSY).
 */
int dmbc_blockio_set_node_sectors(struct dmbc_blockio *io, __u32 sectors);
/* Reads the node at @sector; ERR_PTR(-EIO|-ENOMEM). Returns the memory (node_sectors long). */
void *dmbc_blockio_node_read(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf);
/* Memory for a new node, zeroed; no I/O. */
void *dmbc_blockio_node_new(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf);
/* Starts reading a node that will be wanted soon; a hint. */
void dmbc_blockio_node_prefetch(struct dmbc_blockio *io, __u64 sector);
/* Gives the memory back and forgets its contents. */
void dmbc_blockio_node_release(struct dmbc_nodebuf *buf);

#endif
