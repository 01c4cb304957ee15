// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata I/O with dm-io, and node memory with dm-bufio.
 *
 * Life of an asynchronous write, in time order:
 *   dmbc_blockio_write_async() takes an operation from the mempool;
 *   start_op() sends it; a write that dm-io would cut into several bios gets
 *     its flush sent first, by itself, as every bio would carry one otherwise;
 *   op_notified() comes from the bio's end, so from any context, interrupts
 *     too; what needs a process goes through run_op();
 *   end_op() calls the caller's function.
 *
 * dm-bufio only reads and keeps memory: we change a node's buffer behind its
 * back and write it ourselves. So the contents of a buffer that was in use are
 * never what the medium holds: release forgets it, and where this comes too
 * late (somebody got it in between) dmbc_blockio_node_read() reads it again. Each
 * buffer's aux word tells.
 */
#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/dm-bufio.h>
#include <linux/dm-io.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "store/blockio.h"

#define MIN_OPS 16

struct dmbc_blockio {
	struct block_device *bdev;
	struct dm_io_client *client;
	struct workqueue_struct *wq;
	mempool_t *ops;
	atomic64_t written; /* sectors */
	struct dm_bufio_client *nodes; /* NULL until the node size is known */
	__u32 node_sectors;
	unsigned int node_shift;
};

struct op {
	struct work_struct work;
	struct dmbc_blockio *io;
	struct dm_io_region where;
	const void *buf;
	unsigned int flags; /* DMBC_IO_*, of what is still to be done */
	bool flushing; /* the flush in front of the write is under way */
	int error;
	dmbc_blockio_fn fn;
	void *ctx;
};

/* ---- requests --------------------------------------------------------------------- */

static struct dm_io_region region(const struct dmbc_blockio *io, __u64 sector, __u32 sectors)
{
	struct dm_io_region where = {
		.bdev = io->bdev,
		.sector = sector,
		.count = sectors,
	};

	return where;
}

static struct dm_io_request request(struct dmbc_blockio *io, blk_opf_t opf, const void *buf)
{
	struct dm_io_request rq = {
		.bi_opf = opf,
		.client = io->client,
	};

	if (buf && is_vmalloc_addr(buf)) {
		rq.mem.type = DM_IO_VMA;
		rq.mem.ptr.vma = (void *)buf;
	} else {
		rq.mem.type = DM_IO_KMEM;
		rq.mem.ptr.addr = (void *)buf;
	}
	return rq;
}

static blk_opf_t write_flags(unsigned int flags)
{
	blk_opf_t opf = REQ_OP_WRITE | REQ_META | REQ_SYNC;

	if (flags & DMBC_IO_FUA)
		opf |= REQ_FUA;
	if (flags & DMBC_IO_PREFLUSH)
		opf |= REQ_PREFLUSH;
	return opf;
}

/* Would dm-io send more than one bio? It fills them page by page. */
static bool is_cut(const void *buf, __u32 sectors)
{
	unsigned long bytes = offset_in_page(buf) + ((unsigned long)sectors << SECTOR_SHIFT);

	return bytes > (unsigned long)BIO_MAX_VECS << PAGE_SHIFT ||
	       (offset_in_page(buf) && bytes > PAGE_SIZE);
}

static int run_sync(struct dm_io_request *rq, struct dm_io_region *where)
{
	unsigned long bits = 0;
	int r = dmbc_dm_io(rq, 1, where, &bits);

	return r || bits ? -EIO : 0;
}

int dmbc_blockio_read(struct dmbc_blockio *io, __u64 sector, __u32 sectors, void *buf)
{
	struct dm_io_region where = region(io, sector, sectors);
	struct dm_io_request rq = request(io, REQ_OP_READ | REQ_META | REQ_SYNC, buf);

	return run_sync(&rq, &where);
}

int dmbc_blockio_flush(struct dmbc_blockio *io)
{
	struct dm_io_region where = region(io, 0, 0);
	struct dm_io_request rq = request(io, REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC, NULL);

	return run_sync(&rq, &where);
}

int dmbc_blockio_write(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
		       unsigned int flags)
{
	struct dm_io_region where = region(io, sector, sectors);
	struct dm_io_request rq;
	int r;

	if (flags & DMBC_IO_PREFLUSH && is_cut(buf, sectors)) {
		r = dmbc_blockio_flush(io);
		if (r)
			return r;
		flags &= ~DMBC_IO_PREFLUSH;
	}
	rq = request(io, write_flags(flags), buf);
	atomic64_add(sectors, &io->written);
	return run_sync(&rq, &where);
}

__u64 dmbc_blockio_written(struct dmbc_blockio *io)
{
	return atomic64_read(&io->written);
}

__u64 dmbc_blockio_sectors(struct dmbc_blockio *io)
{
	return bdev_nr_sectors(io->bdev);
}

/* ---- asynchronous ------------------------------------------------------------------- */

static DMBC_IO_NOTIFY(op_notified, error, context);

/* Process context. */
static void start_op(struct op *op)
{
	struct dmbc_blockio *io = op->io;
	struct dm_io_region flush = region(io, 0, 0);
	struct dm_io_request rq;

	if (op->flushing) {
		rq = request(io, REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC, NULL);
	} else {
		rq = request(io, write_flags(op->flags), op->buf);
		atomic64_add(op->where.count, &io->written);
	}
	rq.notify.fn = op_notified;
	rq.notify.context = op;
	dmbc_dm_io(&rq, 1, op->flushing ? &flush : &op->where, NULL);
}

static void end_op(struct op *op)
{
	dmbc_blockio_fn fn = op->fn;
	void *ctx = op->ctx;
	int error = op->error;

	mempool_free(op, op->io->ops);
	fn(ctx, error);
}

/* The part of an operation's life that needs a process: the write behind the flush, or its end. */
static void run_op(struct work_struct *work)
{
	struct op *op = container_of(work, struct op, work);

	if (!op->flushing || op->error || !op->buf) {
		end_op(op);
		return;
	}
	op->flushing = false;
	start_op(op);
}

static DMBC_IO_NOTIFY(op_notified, error, context)
{
	struct op *op = context;
	bool more = op->flushing && op->buf;

	if (DMBC_IO_NOTIFY_ERROR(error)) {
		op->error = -EIO;
		more = false;
	}
	if (op->flags & DMBC_IO_ANYCTX && !more)
		end_op(op);
	else
		queue_work(op->io->wq, &op->work);
}

static struct op *new_op(struct dmbc_blockio *io, unsigned int flags, dmbc_blockio_fn fn, void *ctx)
{
	struct op *op = mempool_alloc(io->ops, GFP_NOIO);

	INIT_WORK(&op->work, run_op);
	op->io = io;
	op->buf = NULL;
	op->flags = flags;
	op->flushing = false;
	op->error = 0;
	op->fn = fn;
	op->ctx = ctx;
	return op;
}

void dmbc_blockio_write_async(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
			      unsigned int flags, dmbc_blockio_fn fn, void *ctx)
{
	struct op *op = new_op(io, flags, fn, ctx);

	op->where = region(io, sector, sectors);
	op->buf = buf;
	if (flags & DMBC_IO_PREFLUSH && is_cut(buf, sectors)) {
		op->flushing = true;
		op->flags &= ~DMBC_IO_PREFLUSH;
	}
	start_op(op);
}

void dmbc_blockio_flush_async(struct dmbc_blockio *io, dmbc_blockio_fn fn, void *ctx)
{
	struct op *op = new_op(io, 0, fn, ctx);

	op->flushing = true;
	start_op(op);
}

/* ---- node memory ---------------------------------------------------------------------- */

/* In each buffer's aux word. */
enum {
	NODE_FRESH, /* as read from the medium */
	NODE_TAKEN, /* its user may have changed it */
	NODE_LEFT, /* as its user left it: must be read again */
};

static struct dm_buffer *to_buffer(struct dmbc_nodebuf *buf)
{
	return (struct dm_buffer *)buf;
}

static atomic_t *buffer_state(struct dm_buffer *b)
{
	return dm_bufio_get_aux_data(b);
}

/* dm-bufio hands memory out for another block. */
static void reset_buffer_state(struct dm_buffer *b)
{
	atomic_set(buffer_state(b), NODE_FRESH);
}

/* Memory that dm-bufio keeps for us whatever happens: a few nodes, 4 MiB at most. */
static unsigned int reserved_nodes(__u32 sectors)
{
	return clamp(8192U / sectors, 2U, 16U);
}

int dmbc_blockio_set_node_sectors(struct dmbc_blockio *io, __u32 sectors)
{
	struct dm_bufio_client *c;

	if (!is_power_of_2(sectors) || io->nodes)
		return io->node_sectors == sectors ? 0 : -EINVAL;
	c = dm_bufio_client_create(io->bdev, sectors << SECTOR_SHIFT, reserved_nodes(sectors),
				   sizeof(atomic_t), reset_buffer_state, NULL, 0);
	if (IS_ERR(c))
		return PTR_ERR(c);
	io->nodes = c;
	io->node_sectors = sectors;
	io->node_shift = ilog2(sectors);
	return 0;
}

static void put_node(struct dm_buffer *b)
{
	struct dm_bufio_client *c = dm_bufio_get_client(b);
	sector_t block = dm_bufio_get_block_number(b);

	dm_bufio_release(b);
	dm_bufio_forget(c, block);
}

/* Makes the caller the only user; returns what the buffer was before, or -EBUSY. */
static int take_node(struct dm_buffer *b)
{
	int was = atomic_xchg(buffer_state(b), NODE_TAKEN);

	if (!WARN_ON_ONCE(was == NODE_TAKEN))
		return was;
	dm_bufio_release(b);
	return -EBUSY;
}

void *dmbc_blockio_node_read(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf)
{
	struct dm_buffer *b;
	void *data = dm_bufio_read(io->nodes, sector >> io->node_shift, &b);
	int r;

	if (IS_ERR_OR_NULL(data))
		return data ? data : ERR_PTR(-EIO);
	r = take_node(b);
	if (r == NODE_LEFT) {
		r = dmbc_blockio_read(io, sector, io->node_sectors, data);
		if (r) {
			dmbc_blockio_node_release((struct dmbc_nodebuf *)b);
			return ERR_PTR(r);
		}
	}
	if (r < 0)
		return ERR_PTR(r);
	*buf = (struct dmbc_nodebuf *)b;
	return data;
}

void *dmbc_blockio_node_new(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf)
{
	struct dm_buffer *b;
	void *data = dm_bufio_new(io->nodes, sector >> io->node_shift, &b);
	int r;

	if (IS_ERR_OR_NULL(data))
		return data ? data : ERR_PTR(-ENOMEM);
	r = take_node(b);
	if (r < 0)
		return ERR_PTR(r);
	memset(data, 0, (size_t)io->node_sectors << SECTOR_SHIFT);
	*buf = (struct dmbc_nodebuf *)b;
	return data;
}

void dmbc_blockio_node_prefetch(struct dmbc_blockio *io, __u64 sector)
{
	dm_bufio_prefetch(io->nodes, sector >> io->node_shift, 1);
}

void dmbc_blockio_node_release(struct dmbc_nodebuf *buf)
{
	struct dm_buffer *b = to_buffer(buf);

	atomic_set(buffer_state(b), NODE_LEFT);
	put_node(b);
}

/* ---- creation and end ------------------------------------------------------------------- */

static int open_parts(struct dmbc_blockio *io)
{
	io->client = dm_io_client_create();
	if (IS_ERR(io->client)) {
		int r = PTR_ERR(io->client);

		io->client = NULL;
		return r;
	}
	io->ops = mempool_create_kmalloc_pool(MIN_OPS, sizeof(struct op));
	io->wq = alloc_workqueue("dmbc_meta", WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_PERCPU, 0);
	return io->ops && io->wq ? 0 : -ENOMEM;
}

struct dmbc_blockio *dmbc_blockio_create(struct block_device *bdev)
{
	struct dmbc_blockio *io = kzalloc(sizeof(*io), GFP_KERNEL);
	int r;

	if (!io)
		return ERR_PTR(-ENOMEM);
	io->bdev = bdev;
	r = open_parts(io);
	if (r) {
		dmbc_blockio_destroy(io);
		return ERR_PTR(r);
	}
	return io;
}

void dmbc_blockio_destroy(struct dmbc_blockio *io)
{
	if (!io)
		return;
	if (io->wq)
		destroy_workqueue(io->wq);
	if (io->nodes)
		dm_bufio_client_destroy(io->nodes);
	mempool_destroy(io->ops);
	if (io->client)
		dm_io_client_destroy(io->client);
	kfree(io);
}
