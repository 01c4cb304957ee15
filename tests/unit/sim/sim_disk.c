// SPDX-License-Identifier: GPL-2.0
/*
 * The disk of sim_disk.h.
 *
 * Contents are kept twice: `live` is what a read sees, `durable` what certainly
 * survives. In time order for a write: io_start() copies the data and lists the
 * record as in flight; write_arrive() counts it, which may cut the power;
 * write_complete() puts the data into `live` and, with FUA, into `durable`;
 * otherwise the record joins the volatile list until a flush() that started
 * later ends. A crash image is `durable` and a choice of the
 * records that are still listed.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "sim/sim_disk.h"

#define CHUNK_SECTORS 8
#define STAMP_FILL 0xd7 /* first byte of every stamped sector, read as bytes */

/* Shared by planes and images until one of them writes. */
struct chunk {
	u32 refs;
	u8 data[CHUNK_SECTORS][SECTOR_SIZE];
};

struct plane {
	u64 sectors;
	struct chunk **chunk; /* NULL: zeros */
	u64 *stamp; /* 0: the bytes count */
	u64 *order; /* number of the write that put it there */
};

struct sim_image {
	struct plane plane;
};

struct record {
	struct list_head list; /* in flight or volatile */
	u64 order;
	u64 sector;
	u32 sectors;
	u8 *data; /* or */
	u64 *stamps;
	u64 completed; /* how many writes were complete with this one */
};

struct dmbc_blockio {
	struct plane live, durable;
	struct list_head in_flight, cached; /* struct record */
	struct list_head nodes; /* struct dmbc_nodebuf */
	u32 node_sectors;
	u32 active; /* I/O not completed */
	u32 latency;
	u64 orders, completed, writes, written;
	u64 cut_at, fail_at; /* numbers of writes; 0: never */
	bool cut;
	u64 bad_sector, bad_sectors;
	void (*on_write)(void *ctx, u64 sector, u32 sectors, unsigned int flags);
	void *on_write_ctx;
	void (*on_arrival)(void *ctx);
	void *on_arrival_ctx;
};

/* ---- contents ---------------------------------------------------------------------- */

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void plane_init(struct plane *p, u64 sectors)
{
	p->sectors = sectors;
	p->chunk = must(calloc(DIV_ROUND_UP(sectors, CHUNK_SECTORS), sizeof(*p->chunk)));
	p->stamp = must(calloc(sectors, sizeof(*p->stamp)));
	p->order = must(calloc(sectors, sizeof(*p->order)));
}

static void chunk_put(struct chunk *c)
{
	if (c && !--c->refs)
		free(c);
}

static void plane_exit(struct plane *p)
{
	u64 i;

	for (i = 0; i < DIV_ROUND_UP(p->sectors, CHUNK_SECTORS); i++)
		chunk_put(p->chunk[i]);
	free(p->chunk);
	free(p->stamp);
	free(p->order);
}

static void plane_copy(struct plane *to, const struct plane *from)
{
	u64 i;

	plane_init(to, from->sectors);
	memcpy(to->stamp, from->stamp, from->sectors * sizeof(*to->stamp));
	memcpy(to->order, from->order, from->sectors * sizeof(*to->order));
	for (i = 0; i < DIV_ROUND_UP(from->sectors, CHUNK_SECTORS); i++) {
		to->chunk[i] = from->chunk[i];
		if (to->chunk[i])
			to->chunk[i]->refs++;
	}
}

static u8 *plane_bytes(struct plane *p, u64 sector)
{
	struct chunk **slot = &p->chunk[sector / CHUNK_SECTORS], *c = *slot;

	if (!c || c->refs > 1) {
		*slot = must(calloc(1, sizeof(*c)));
		if (c)
			memcpy((*slot)->data, c->data, sizeof(c->data));
		chunk_put(c);
		(*slot)->refs = 1;
	}
	return (*slot)->data[sector % CHUNK_SECTORS];
}

static void plane_read(const struct plane *p, u64 sector, u8 *to)
{
	const struct chunk *c = p->chunk[sector / CHUNK_SECTORS];

	if (p->stamp[sector]) {
		memset(to, STAMP_FILL, SECTOR_SIZE);
		memcpy(to + 8, &p->stamp[sector], sizeof(u64));
	} else if (c) {
		memcpy(to, c->data[sector % CHUNK_SECTORS], SECTOR_SIZE);
	} else {
		memset(to, 0, SECTOR_SIZE);
	}
}

/* One sector of @r, unless something newer is there already. */
static void plane_apply(struct plane *p, const struct record *r, u32 i)
{
	u64 sector = r->sector + i;

	if (p->order[sector] > r->order)
		return;
	p->order[sector] = r->order;
	p->stamp[sector] = r->stamps ? r->stamps[i] : 0;
	if (r->data)
		memcpy(plane_bytes(p, sector), r->data + (size_t)i * SECTOR_SIZE, SECTOR_SIZE);
}

static void plane_apply_all(struct plane *p, const struct record *r)
{
	u32 i;

	for (i = 0; i < r->sectors; i++)
		plane_apply(p, r, i);
}

/* ---- writing --------------------------------------------------------------------------- */

struct io {
	struct dmbc_blockio *io;
	struct record *r; /* NULL: flush only */
	const void *buf;
	unsigned int flags;
	dmbc_blockio_fn fn;
	void *ctx;
};

static void latency(struct dmbc_blockio *io)
{
	u32 n = io->latency ? sim_random_below(4 * io->latency) : 0;

	if (n > io->latency)
		sim_yield();
	else if (n)
		sim_sleep(n);
}

static void record_free(struct record *r)
{
	list_del(&r->list);
	free(r->data);
	free(r->stamps);
	free(r);
}

static void refuse_overlap(struct dmbc_blockio *io, u64 sector, u32 sectors)
{
	struct record *r;

	if (!sectors || sector >= io->live.sectors || sectors > io->live.sectors - sector)
		shim_die(SHIM_PLACE, "I/O to %llu + %u, beyond the device", sector, sectors);
	list_for_each_entry(r, &io->in_flight, list)
		if (sector < r->sector + r->sectors && r->sector < sector + sectors)
			shim_die(SHIM_PLACE, "write of %llu + %u over one in flight, %llu + %u",
				 sector, sectors, r->sector, r->sectors);
}

static struct record *record_start(struct dmbc_blockio *io, u64 sector, u32 sectors,
				   const void *buf, const u64 *stamps)
{
	struct record *r = must(calloc(1, sizeof(*r)));

	refuse_overlap(io, sector, sectors);
	r->order = ++io->orders;
	r->sector = sector;
	r->sectors = sectors;
	if (buf) {
		r->data = must(malloc((size_t)sectors * SECTOR_SIZE));
		memcpy(r->data, buf, (size_t)sectors * SECTOR_SIZE);
	} else {
		r->stamps = must(malloc(sectors * sizeof(u64)));
		memcpy(r->stamps, stamps, sectors * sizeof(u64));
	}
	list_add_tail(&r->list, &io->in_flight);
	return r;
}

/* What was complete when the flush began becomes durable, and only that. */
static int flush(struct dmbc_blockio *io)
{
	u64 completed = io->completed;
	struct record *r, *next;

	latency(io);
	if (io->cut)
		return -EIO;
	list_for_each_entry_safe(r, next, &io->cached, list) {
		if (r->completed > completed)
			continue;
		plane_apply_all(&io->durable, r);
		record_free(r);
	}
	return 0;
}

/* The write meets the disk. False: it does not get there. */
static bool write_arrive(struct dmbc_blockio *io)
{
	if (io->cut)
		return false;
	io->writes++;
	if (io->on_arrival)
		io->on_arrival(io->on_arrival_ctx);
	if (io->cut_at && io->writes >= io->cut_at)
		io->cut = true;
	return !io->cut && io->writes != io->fail_at;
}

static int write_complete(struct dmbc_blockio *io, struct record *r, unsigned int flags)
{
	plane_apply_all(&io->live, r);
	io->written += r->sectors;
	r->completed = ++io->completed;
	if (flags & DMBC_IO_FUA) {
		plane_apply_all(&io->durable, r);
		record_free(r);
	} else {
		list_move_tail(&r->list, &io->cached);
	}
	return 0;
}

/* Of a write that failed because the power did, parts may have arrived. */
static int write_fail(struct dmbc_blockio *io, struct record *r, bool arrived)
{
	if (io->cut && arrived)
		list_move_tail(&r->list, &io->cached);
	else
		record_free(r);
	return -EIO;
}

static int write_sync(struct dmbc_blockio *io, struct record *r, const void *buf,
		      unsigned int flags)
{
	bool arrived;
	int error = 0;

	if (flags & DMBC_IO_PREFLUSH)
		error = flush(io);
	if (error)
		return write_fail(io, r, false);
	arrived = !io->cut;
	if (!write_arrive(io))
		return write_fail(io, r, arrived);
	latency(io);
	if (buf && memcmp(buf, r->data, (size_t)r->sectors * SECTOR_SIZE))
		shim_die(SHIM_PLACE, "write of %llu + %u changed in flight", r->sector, r->sectors);
	if (io->cut)
		return write_fail(io, r, true);
	return write_complete(io, r, flags);
}

static struct record *io_start(struct dmbc_blockio *io, u64 sector, u32 sectors, const void *buf,
			       unsigned int flags)
{
	if ((unsigned long)buf % SECTOR_SIZE)
		shim_die(SHIM_PLACE, "write of %llu + %u from unaligned memory", sector, sectors);
	if (io->on_write)
		io->on_write(io->on_write_ctx, sector, sectors, flags);
	return record_start(io, sector, sectors, buf, NULL);
}

int dmbc_blockio_write(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
		       unsigned int flags)
{
	might_sleep();
	return write_sync(io, io_start(io, sector, sectors, buf, flags), buf, flags);
}

int dmbc_blockio_flush(struct dmbc_blockio *io)
{
	might_sleep();
	return flush(io);
}

/* A completion in any context must not sleep: it runs under a spinlock. */
static void call_back(struct io *w, int error)
{
	spinlock_t interrupt;

	spin_lock_init(&interrupt);
	if (w->flags & DMBC_IO_ANYCTX)
		spin_lock(&interrupt);
	w->fn(w->ctx, error);
	if (w->flags & DMBC_IO_ANYCTX)
		spin_unlock(&interrupt);
}

static void io_main(void *arg)
{
	struct io *w = arg;
	struct dmbc_blockio *io = w->io;

	int error = w->r ? write_sync(io, w->r, w->buf, w->flags) : flush(io);

	io->active--; /* who is told may close the disk */
	call_back(w, error);
	free(w);
}

static void io_spawn(struct io w)
{
	struct io *copy = must(malloc(sizeof(*copy)));

	might_sleep();
	*copy = w;
	w.io->active++;
	sim_spawn(io_main, copy, "io");
}

void dmbc_blockio_write_async(struct dmbc_blockio *io, __u64 sector, __u32 sectors, const void *buf,
			      unsigned int flags, dmbc_blockio_fn fn, void *ctx)
{
	io_spawn((struct io){ io, io_start(io, sector, sectors, buf, flags), buf, flags, fn, ctx });
}

void dmbc_blockio_flush_async(struct dmbc_blockio *io, dmbc_blockio_fn fn, void *ctx)
{
	io_spawn((struct io){ .io = io, .fn = fn, .ctx = ctx });
}

int sim_disk_write_stamps(struct dmbc_blockio *io, u64 sector, u32 sectors, const u64 *stamps)
{
	might_sleep();
	return write_sync(io, record_start(io, sector, sectors, NULL, stamps), NULL, 0);
}

/* ---- reading ----------------------------------------------------------------------------- */

static int read_start(struct dmbc_blockio *io, u64 sector, u32 sectors)
{
	might_sleep();
	if (!sectors || sector >= io->live.sectors || sectors > io->live.sectors - sector)
		shim_die(SHIM_PLACE, "read of %llu + %u, beyond the device", sector, sectors);
	latency(io);
	if (io->cut)
		return -EIO;
	if (sector < io->bad_sector + io->bad_sectors && io->bad_sector < sector + sectors)
		return -EIO;
	return 0;
}

int dmbc_blockio_read(struct dmbc_blockio *io, __u64 sector, __u32 sectors, void *buf)
{
	int error = read_start(io, sector, sectors);
	u32 i;

	if ((unsigned long)buf % SECTOR_SIZE)
		shim_die(SHIM_PLACE, "read of %llu + %u to unaligned memory", sector, sectors);
	if (error)
		return error;
	for (i = 0; i < sectors; i++)
		plane_read(&io->live, sector + i, (u8 *)buf + (size_t)i * SECTOR_SIZE);
	return 0;
}

int sim_disk_read_stamps(struct dmbc_blockio *io, u64 sector, u32 sectors, u64 *stamps)
{
	int error = read_start(io, sector, sectors);

	if (!error)
		memcpy(stamps, &io->live.stamp[sector], sectors * sizeof(*stamps));
	return error;
}

/* ---- nodes -------------------------------------------------------------------------------- */

struct dmbc_nodebuf {
	struct list_head list;
	u64 sector;
	void *data;
};

int dmbc_blockio_set_node_sectors(struct dmbc_blockio *io, __u32 sectors)
{
	if (!list_empty(&io->nodes) && io->node_sectors != sectors)
		shim_die(SHIM_PLACE, "node size changes while nodes are in memory");
	io->node_sectors = sectors;
	return 0;
}

void *dmbc_blockio_node_new(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf)
{
	struct dmbc_nodebuf *b;

	might_sleep();
	BUG_ON(!io->node_sectors);
	list_for_each_entry(b, &io->nodes, list)
		if (b->sector == sector)
			shim_die(SHIM_PLACE, "two buffers for the node at %llu", sector);
	b = must(malloc(sizeof(*b)));
	b->sector = sector;
	b->data = must(aligned_alloc(PAGE_SIZE, (size_t)io->node_sectors * SECTOR_SIZE));
	memset(b->data, 0, (size_t)io->node_sectors * SECTOR_SIZE);
	list_add(&b->list, &io->nodes);
	*buf = b;
	return b->data;
}

void *dmbc_blockio_node_read(struct dmbc_blockio *io, __u64 sector, struct dmbc_nodebuf **buf)
{
	void *data = dmbc_blockio_node_new(io, sector, buf);
	int error = dmbc_blockio_read(io, sector, io->node_sectors, data);

	if (!error)
		return data;
	dmbc_blockio_node_release(*buf);
	*buf = NULL;
	return ERR_PTR(error);
}

void dmbc_blockio_node_prefetch(struct dmbc_blockio *io, __u64 sector)
{
	if (sector + io->node_sectors > io->live.sectors)
		shim_die(SHIM_PLACE, "prefetch of %llu, beyond the device", sector);
	might_sleep();
}

void dmbc_blockio_node_release(struct dmbc_nodebuf *buf)
{
	list_del(&buf->list);
	free(buf->data);
	free(buf);
}

/* ---- life --------------------------------------------------------------------------------------- */

static struct dmbc_blockio *disk_alloc(void)
{
	struct dmbc_blockio *io = must(calloc(1, sizeof(*io)));

	INIT_LIST_HEAD(&io->in_flight);
	INIT_LIST_HEAD(&io->cached);
	INIT_LIST_HEAD(&io->nodes);
	io->latency = 1;
	return io;
}

struct dmbc_blockio *sim_disk_create(u64 sectors)
{
	struct dmbc_blockio *io = disk_alloc();

	plane_init(&io->live, sectors);
	plane_init(&io->durable, sectors);
	return io;
}

void dmbc_blockio_destroy(struct dmbc_blockio *io)
{
	if (io->active || !list_empty(&io->in_flight) || !list_empty(&io->nodes))
		shim_die(SHIM_PLACE, "disk closed with %u I/Os or with node buffers", io->active);
	while (!list_empty(&io->cached))
		record_free(list_first_entry(&io->cached, struct record, list));
	plane_exit(&io->live);
	plane_exit(&io->durable);
	free(io);
}

struct dmbc_blockio *sim_disk_reopen(struct sim_image *image)
{
	struct dmbc_blockio *io = disk_alloc();

	memset(image->plane.order, 0, image->plane.sectors * sizeof(u64));
	io->live = image->plane;
	plane_copy(&io->durable, &io->live);
	free(image);
	return io;
}

__u64 dmbc_blockio_sectors(struct dmbc_blockio *io)
{
	return io->live.sectors;
}

__u64 dmbc_blockio_written(struct dmbc_blockio *io)
{
	return io->written;
}

void sim_disk_cut_after(struct dmbc_blockio *io, u64 n)
{
	io->cut_at = n ? io->writes + n : 0;
}

void sim_disk_cut_now(struct dmbc_blockio *io)
{
	io->cut = true;
}

bool sim_disk_is_cut(struct dmbc_blockio *io)
{
	return io->cut;
}

u64 sim_disk_writes(struct dmbc_blockio *io)
{
	return io->writes;
}

void sim_disk_fail_write(struct dmbc_blockio *io, u64 n)
{
	io->fail_at = n ? io->writes + n : 0;
}

void sim_disk_on_arrival(struct dmbc_blockio *io, void (*fn)(void *ctx), void *ctx)
{
	io->on_arrival = fn;
	io->on_arrival_ctx = ctx;
}

void sim_disk_fail_this(struct dmbc_blockio *io)
{
	io->fail_at = io->writes;
}

bool sim_disk_has_failed(struct dmbc_blockio *io)
{
	return io->cut || (io->fail_at && io->writes >= io->fail_at);
}

void sim_disk_fail_reads(struct dmbc_blockio *io, u64 sector, u64 sectors)
{
	io->bad_sector = sector;
	io->bad_sectors = sectors;
}

void sim_disk_on_write(struct dmbc_blockio *io,
		       void (*fn)(void *ctx, u64 sector, u32 sectors, unsigned int flags),
		       void *ctx)
{
	io->on_write = fn;
	io->on_write_ctx = ctx;
}

void sim_disk_set_latency(struct dmbc_blockio *io, u32 n)
{
	io->latency = n;
}

/* ---- images --------------------------------------------------------------------------------------- */

/* All of it, nothing, or any of its sectors. */
static void apply_part(struct plane *p, const struct record *r)
{
	u32 i, how = sim_random_below(4);

	for (i = 0; i < r->sectors && how; i++)
		if (how > 1 || sim_random_below(2))
			plane_apply(p, r, i);
}

/* Its first sectors, its last, or any. */
static void apply_torn(struct plane *p, const struct record *r)
{
	u32 i, at = sim_random_below(r->sectors + 1), how = sim_random_below(3);

	for (i = 0; i < r->sectors; i++)
		if (how == 0 ? i < at : how == 1 ? i >= at : sim_random_below(2))
			plane_apply(p, r, i);
}

static void apply(struct plane *p, const struct record *r, enum sim_survivors which, bool arrived)
{
	if (which == SIM_SURVIVE_SOME)
		apply_part(p, r);
	else if (which == SIM_SURVIVE_ALL || (which == SIM_SURVIVE_TORN && arrived))
		plane_apply_all(p, r);
	else if (which == SIM_SURVIVE_TORN)
		apply_torn(p, r);
}

struct sim_image *sim_disk_crash_image_with(struct dmbc_blockio *io, enum sim_survivors which)
{
	struct sim_image *image = must(calloc(1, sizeof(*image)));
	struct record *r;

	plane_copy(&image->plane, &io->durable);
	list_for_each_entry(r, &io->cached, list)
		apply(&image->plane, r, which, r->completed);
	list_for_each_entry(r, &io->in_flight, list)
		apply(&image->plane, r, which, false);
	return image;
}

struct sim_image *sim_disk_crash_image(struct dmbc_blockio *io, u64 seed)
{
	while (seed--)
		sim_random();
	return sim_disk_crash_image_with(io, SIM_SURVIVE_SOME);
}

struct sim_image *sim_disk_image(struct dmbc_blockio *io)
{
	struct sim_image *image = must(calloc(1, sizeof(*image)));

	plane_copy(&image->plane, &io->live);
	return image;
}

struct sim_image *sim_image_copy(const struct sim_image *image)
{
	struct sim_image *copy = must(calloc(1, sizeof(*copy)));

	plane_copy(&copy->plane, &image->plane);
	return copy;
}

void sim_image_free(struct sim_image *image)
{
	plane_exit(&image->plane);
	free(image);
}

u64 sim_image_sectors(const struct sim_image *image)
{
	return image->plane.sectors;
}

void sim_image_read(const struct sim_image *image, u64 sector, void *to)
{
	plane_read(&image->plane, sector, to);
}

void sim_image_write(struct sim_image *image, u64 sector, const void *from)
{
	image->plane.stamp[sector] = 0;
	memcpy(plane_bytes(&image->plane, sector), from, SECTOR_SIZE);
}
