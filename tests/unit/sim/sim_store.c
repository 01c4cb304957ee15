// SPDX-License-Identifier: GPL-2.0
/* The gc thread runs whole passes whenever the refill or a test wants one. */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "sim/sim_store.h"

#define GC_STEP 4 /* leaves */
#define JOURNAL_DELAY_MS 100

void sim_store_format(struct dmbc_blockio *io, const struct sim_format *f)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;
	struct dmbc_disk_super *sb = kzalloc(sizeof(*sb), GFP_KERNEL | __GFP_NOFAIL);

	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb->version = __cpu_to_le64(DMBC_SB_CACHE_NEW);
	memcpy(sb->magic, magic, sizeof(magic));
	memset(sb->uuid, 0x11, sizeof(sb->uuid));
	memset(sb->set_uuid, 0x22, sizeof(sb->set_uuid));
	dmbc_sb_set_flag(sb, DMBC_SB_REPLACEMENT_SHIFT, DMBC_SB_REPLACEMENT_BITS, f->policy);
	sb->nbuckets = __cpu_to_le64(f->nbuckets);
	sb->block_size = __cpu_to_le16(f->block_sectors);
	sb->bucket_size = __cpu_to_le16(f->bucket_sectors);
	sb->nr_in_set = __cpu_to_le16(1);
	sb->first_bucket = __cpu_to_le16(23 / f->bucket_sectors + 1);
	dmbc_verify_super_seal(sb);
	WARN_ON(dmbc_blockio_write(io, DMBC_SB_SECTOR, DMBC_SB_BYTES / SECTOR_SIZE, sb,
				   DMBC_IO_FUA));
	kfree(sb);
}

static void store_error(void *ctx, int error)
{
	struct sim_store *s = ctx;

	s->failed = true;
	if (s->store.index)
		dmbc_index_set_failed(s->store.index, error);
	dmbc_journal_set_failed(s->store.journal, error);
}

/* ---- gc -------------------------------------------------------------------------------- */

/* Errors end the pass; the store has noted them elsewhere. */
static void gc_pass(struct sim_store *s)
{
	struct dmbc_index_gc gc;
	int r = dmbc_index_gc_start(s->store.index, &gc);

	while (!r && !gc.done && !kthread_should_stop()) {
		r = dmbc_index_gc_step(s->store.index, &gc, GC_STEP);
		cond_resched();
	}
	if (!r && gc.done)
		s->gc_passes++;
	dmbc_index_gc_end(&gc);
	dmbc_refill_kick(s->store.refill);
}

static int gc_thread(void *data)
{
	struct sim_store *s = data;

	for (;;) {
		wait_event(s->gc_wait, s->gc_wanted || kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		wait_event_timeout(s->gc_wait, kthread_should_stop(), s->gc_delay);
		s->gc_wanted = false;
		gc_pass(s);
	}
}

void sim_store_want_gc(struct sim_store *s)
{
	s->gc_wanted = true;
	wake_up(&s->gc_wait);
}

static void want_gc(void *ctx)
{
	sim_store_want_gc(ctx);
}

static int start_gc(struct sim_store *s)
{
	s->gc_wanted = false;
	init_waitqueue_head(&s->gc_wait);
	s->gc = kthread_run(gc_thread, s, "gc");
	if (IS_ERR(s->gc))
		return PTR_ERR(s->gc);
	dmbc_refill_on_want_gc(s->store.refill, want_gc, s);
	return 0;
}

/* ---- up and down ------------------------------------------------------------------------- */

static int start_store(struct sim_store *s)
{
	struct dmbc_store_config c = {
		.wq = s->wq,
		.node_memory = s->node_memory,
		.journal_delay_ms = JOURNAL_DELAY_MS,
		.first_gen = s->first_gen,
		.ctx = s,
		.error = store_error,
	};

	return dmbc_store_start(&s->store, &c, &s->why);
}

int sim_store_open(struct sim_store *s)
{
	int r;

	s->failed = false;
	s->why.text[0] = 0;
	s->wq = alloc_workqueue("store", WQ_MEM_RECLAIM, 0);
	if (!s->wq)
		return -ENOMEM;
	r = start_store(s);
	if (r) {
		destroy_workqueue(s->wq);
		return r;
	}
	r = start_gc(s);
	if (r)
		sim_store_close(s);
	return r;
}

void sim_store_close(struct sim_store *s)
{
	if (!s->store.steps_up)
		return;
	dmbc_refill_stop(s->store.refill);
	dmbc_refill_on_want_gc(s->store.refill, NULL, NULL);
	if (!IS_ERR(s->gc))
		kthread_stop(s->gc);
	dmbc_store_stop(&s->store);
	destroy_workqueue(s->wq);
}
