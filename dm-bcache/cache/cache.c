// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the life of sets and origins as target/ sees it, and their controls.
 *
 * In time order: dmbc_set_create() and dmbc_origin_create() read super blocks
 * and nothing else; the first dmbc_origin_resume() brings the set up (startup.c)
 * and attaches the origin (attach.c); dmbc_origin_suspend() ends what the origin
 * has under way; dmbc_origin_destroy(), and dmbc_set_destroy() after the last
 * origin, which takes the index down and leaves the medium consistent.
 */
#include "cache/cache.h"

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <dm-bcache/interface.h>

#include "cache/attach.h"
#include "cache/context.h"
#include "cache/detach.h"
#include "cache/errors.h"
#include "cache/event.h"
#include "cache/gc.h"
#include "cache/inflight.h"
#include "cache/origin.h"
#include "cache/put.h"
#include "cache/read.h"
#include "cache/startup.h"
#include "cache/stats.h"
#include "cache/volume.h"
#include "cache/writeback.h"
#include "lib/port.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/node.h"
#include "store/notes.h"
#include "store/refill.h"
#include "store/super.h"
#include "store/uuids.h"

#define SEQ_LIFETIME (5 * HZ)

static void options_init(u64 *option, enum dmbc_option_scope scope)
{
	unsigned int i;

	for (i = 0; i < DMBC_NR_OPTIONS; i++)
		if (dmbc_option_rows[i].scope == scope)
			option[i] = dmbc_option_rows[i].def;
}

/* ---- sets --------------------------------------------------------------------- */

static int workqueues_create(struct dmbc_set *set)
{
	set->wq = alloc_workqueue("dmbc_io", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	set->insert_wq = alloc_workqueue("dmbc_insert", WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_PERCPU, 1);
	set->store_wq = alloc_workqueue("dmbc_store", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return set->wq && set->insert_wq && set->store_wq ? 0 : -ENOMEM;
}

static void workqueues_destroy(struct dmbc_set *set)
{
	if (set->wq)
		destroy_workqueue(set->wq);
	if (set->insert_wq)
		destroy_workqueue(set->insert_wq);
	if (set->store_wq)
		destroy_workqueue(set->store_wq);
}

static struct dmbc_set *set_alloc(struct block_device *bdev)
{
	struct dmbc_set *set = kzalloc(sizeof(*set), GFP_KERNEL);

	if (!set)
		return NULL;
	set->bdev = bdev;
	snprintf(set->name, sizeof(set->name), "%pg", bdev);
	set->state = DMBC_SET_NEW;
	mutex_init(&set->lock);
	mutex_init(&set->settle_lock);
	init_rwsem(&set->dirty_gate);
	INIT_LIST_HEAD(&set->origins);
	init_llist_head(&set->insert_list);
	INIT_WORK(&set->insert_work, dmbc_put_work);
	dmbc_errors_init(set);
	spin_lock_init(&set->congested_lock);
	options_init(set->option, DMBC_SCOPE_SET);
	return set;
}

/* The I/O client of a device that can be used at all. */
static int open_io(struct block_device *bdev, struct dmbc_blockio **io, struct dmbc_why *why)
{
	int r = 0;

	if (bdev_is_zoned(bdev)) {
		dmbc_explain(why, "zoned disks cannot be used");
		return -EOPNOTSUPP;
	}
	*io = dmbc_blockio_create(bdev);
	if (IS_ERR(*io)) {
		r = PTR_ERR(*io);
		*io = NULL;
		dmbc_explain(why, "no I/O client for the device: error %d", r);
	}
	return r;
}

/* Requests of a block must be possible: those of metadata, and the smallest that users may send. */
static int check_block(struct block_device *bdev, u32 block_sectors, struct dmbc_why *why)
{
	if (bdev_logical_block_size(bdev) <= block_sectors << SECTOR_SHIFT)
		return 0;
	dmbc_explain(why, "its blocks have %u bytes, those of the cache %u: format with --block %u",
		     bdev_logical_block_size(bdev), block_sectors << SECTOR_SHIFT,
		     bdev_logical_block_size(bdev));
	return -EINVAL;
}

static int set_init(struct dmbc_set *set, struct dmbc_why *why)
{
	int r = workqueues_create(set);

	set->counters = alloc_percpu(struct dmbc_set_counters);
	if (!set->counters)
		r = -ENOMEM;
	if (!r)
		r = dmbc_read_set_init(set);
	if (r) {
		dmbc_explain(why, "out of memory");
		return r;
	}
	r = open_io(set->bdev, &set->store.io, why);
	if (r)
		return r;
	r = dmbc_super_load_cache(set->store.io, &set->store.super, why);
	set->store.g = set->store.super.geometry;
	if (!r)
		r = check_block(set->bdev, set->store.g.block_sectors, why);
	if (r)
		return r;
	set->notes = dmbc_notes_create(set->store.io, &set->store.g);
	if (!IS_ERR(set->notes))
		return 0;
	dmbc_explain(why, "out of memory");
	return PTR_ERR(set->notes);
}

struct dmbc_set *dmbc_set_create(struct block_device *bdev, struct dmbc_why *why)
{
	struct dmbc_set *set = set_alloc(bdev);
	int r;

	if (!set) {
		dmbc_explain(why, "out of memory");
		return ERR_PTR(-ENOMEM);
	}
	r = set_init(set, why);
	if (!r)
		return set;
	dmbc_set_destroy(set);
	return ERR_PTR(r);
}

/* Also of one that was only begun. */
void dmbc_set_destroy(struct dmbc_set *set)
{
	WARN_ON(!list_empty(&set->origins));
	WRITE_ONCE(set->state, DMBC_SET_STOPPED); /* too late to fail */
	dmbc_startup_undo(set);
	dmbc_notes_destroy(set->notes);
	if (set->store.io)
		dmbc_blockio_destroy(set->store.io);
	dmbc_read_set_exit(set);
	workqueues_destroy(set);
	free_percpu(set->counters);
	kfree(set);
}

/* ---- origins ------------------------------------------------------------------ */

static struct dmbc_origin *origin_alloc(struct dmbc_set *set, struct block_device *bdev)
{
	struct dmbc_origin *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return NULL;
	INIT_LIST_HEAD(&o->link);
	o->set = set;
	o->bdev = bdev;
	if (bdev)
		snprintf(o->name, sizeof(o->name), "%pg", bdev);
	o->suspended = true;
	o->unflushed = true; /* by who used it before us */
	o->mode = DMBC_NONE;
	init_waitqueue_head(&o->writeback_wait);
	spin_lock_init(&o->seq_lock);
	dmbc_event_init(o);
	spin_lock_init(&o->flush_lock);
	dmbc_seq_init(&o->seq, SEQ_LIFETIME);
	dmbc_inflight_init(&o->inflight);
	options_init(o->option, DMBC_SCOPE_ORIGIN);
	if (dmbc_stats_create(o)) {
		kfree(o);
		return NULL;
	}
	if (dmbc_detach_create(o))
		goto no_detach;
	if (!dmbc_writeback_create(o))
		return o;
	dmbc_detach_destroy(o);
no_detach:
	dmbc_stats_destroy(o);
	kfree(o);
	return NULL;
}

static void origin_free(struct dmbc_origin *o)
{
	dmbc_event_exit(o);
	dmbc_inplace_destroy(o);
	dmbc_volume_exit(o);
	if (o->io)
		dmbc_blockio_destroy(o->io);
	dmbc_writeback_destroy(o);
	dmbc_detach_destroy(o);
	dmbc_stats_destroy(o);
	kfree(o);
}

static int check_belongs(struct dmbc_origin *o, struct dmbc_why *why)
{
	const struct dmbc_disk_super *mine = &o->super.disk, *sets = &o->set->store.super.disk;
	u32 block = __le16_to_cpu(mine->block_size);

	if (block < o->set->store.g.block_sectors) {
		dmbc_explain(why, "block size of %u sectors; the SSD needs %u or more", block,
			     o->set->store.g.block_sectors);
		return -EINVAL;
	}
	if (dmbc_super_attached(&o->super) &&
	    memcmp(mine->set_uuid, sets->set_uuid, sizeof(mine->set_uuid))) {
		dmbc_explain(why, "it belongs to cache set %pUb, the SSD is %pUb", mine->set_uuid,
			     sets->set_uuid);
		return -EINVAL;
	}
	return 0;
}

static int origin_init(struct dmbc_origin *o, const struct dmbc_origin_ask *ask,
		       struct dmbc_why *why)
{
	int r;

	if (!o->bdev)
		return dmbc_volume_init(o, &ask->volume);
	r = open_io(o->bdev, &o->io, why);
	if (r)
		return r;
	if (ask->id)
		r = dmbc_inplace_create(o, ask->id, why);
	else
		r = dmbc_super_load_backing(o->io, &o->super, why);
	if (r)
		return r;
	o->data_offset = o->super.data_offset;
	r = check_block(o->bdev, __le16_to_cpu(o->super.disk.block_size), why);
	return r || ask->id ? r : check_belongs(o, why);
}

/* Copies of a disk share its uuid, and would share its slot. */
static int join_set(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	struct dmbc_origin *other;
	int r = 0;

	mutex_lock(&set->lock);
	list_for_each_entry(other, &set->origins, link)
		if (!o->volume && !other->volume &&
		    !memcmp(other->super.disk.uuid, o->super.disk.uuid, 16)) {
			dmbc_explain(why, "uuid %pUb is that of %s already", o->super.disk.uuid,
				     other->name);
			r = -EBUSY;
		}
	mutex_lock(&set->settle_lock);
	if (!r)
		list_add_tail(&o->link, &set->origins);
	mutex_unlock(&set->settle_lock);
	mutex_unlock(&set->lock);
	return r;
}

bool dmbc_origin_is_in_place(const struct dmbc_origin *o)
{
	return o->inplace;
}

const u8 *dmbc_origin_uuid(const struct dmbc_origin *o)
{
	return o->super.disk.uuid;
}

struct dmbc_origin *dmbc_origin_create(struct dmbc_set *set, const struct dmbc_origin_ask *ask,
				       struct dmbc_why *why)
{
	struct dmbc_origin *o = origin_alloc(set, ask->bdev);
	int r;

	if (!o) {
		dmbc_explain(why, "out of memory");
		return ERR_PTR(-ENOMEM);
	}
	r = origin_init(o, ask, why);
	if (!r)
		r = join_set(o, why);
	if (r) {
		origin_free(o);
		return ERR_PTR(r);
	}
	return o;
}

void dmbc_origin_destroy(struct dmbc_origin *o)
{
	if (!o->suspended)
		dmbc_origin_suspend(o);
	dmbc_inplace_close(o);
	mutex_lock(&o->set->lock);
	mutex_lock(&o->set->settle_lock);
	list_del(&o->link);
	mutex_unlock(&o->set->settle_lock);
	mutex_unlock(&o->set->lock);
	origin_free(o);
}

u64 dmbc_origin_sectors(struct dmbc_origin *o)
{
	if (o->volume)
		return dmbc_volume_sectors(o);
	return bdev_nr_sectors(o->bdev) - o->data_offset;
}

u64 dmbc_origin_data_offset(struct dmbc_origin *o)
{
	return o->data_offset;
}

u32 dmbc_origin_block_bytes(struct dmbc_origin *o)
{
	return __le16_to_cpu(o->super.disk.block_size) << SECTOR_SHIFT;
}

/* ---- resume and suspend --------------------------------------------------------- */

static int get_ready(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int r = 0;

	lockdep_assert_held(&set->lock);
	if (set->state == DMBC_SET_NEW)
		r = dmbc_startup_run(set, why);
	if (r || o->attached)
		return r;
	if (set->state == DMBC_SET_RUNNING)
		return dmbc_attach(o, why);
	dmbc_explain(why, "SSD %s has failed: remove all targets on it first", set->name);
	return -EIO;
}

int dmbc_origin_resume(struct dmbc_origin *o, struct dmbc_why *why)
{
	int r;

	mutex_lock(&o->set->lock);
	r = get_ready(o, why);
	mutex_unlock(&o->set->lock);
	if (r)
		return r;
	if (!o->volume)
		r = dmbc_writeback_start(o);
	if (r) {
		dmbc_explain(why, "the writeback thread cannot be started");
		return r;
	}
	o->suspended = false;
	WRITE_ONCE(o->hurried, false);
	return 0;
}

/* Fills outlive the user's reads: they end by themselves, soon. */
static void wait_for_ranges(struct dmbc_origin *o)
{
	struct dmbc_inflight *f = &o->inflight;
	unsigned int busy;

	for (;;) {
		spin_lock_irq(&f->lock);
		busy = f->nr_writes + f->nr_fills + f->nr_copies;
		spin_unlock_irq(&f->lock);
		if (!busy)
			return;
		usleep_range(500, 2000);
	}
}

void dmbc_origin_suspend(struct dmbc_origin *o)
{
	struct dmbc_set *set = o->set;

	if (o->suspended)
		return;
	o->suspended = true;
	dmbc_writeback_stop(o);
	wait_for_ranges(o);
	flush_workqueue(set->wq);
	flush_workqueue(set->insert_wq);
	if (READ_ONCE(set->state) != DMBC_SET_RUNNING)
		return;
	if (o->dirty_marked && !o->volume)
		dmbc_origin_mark_clean(o);
	dmbc_journal_flush(set->store.journal);
}

/* ---- control -------------------------------------------------------------------- */

void dmbc_origin_set_mode(struct dmbc_origin *o, enum dmbc_mode mode)
{
	WRITE_ONCE(o->mode, mode);
}

enum dmbc_mode dmbc_origin_mode(struct dmbc_origin *o)
{
	return READ_ONCE(o->mode);
}

static u64 *option_of(struct dmbc_origin *o, enum dmbc_option which)
{
	if (dmbc_option_rows[which].scope == DMBC_SCOPE_SET)
		return &o->set->option[which];
	return &o->option[which];
}

/* Options that the store keeps for itself; a set that is not up yet gets them when it comes up. */
static void tell_store(struct dmbc_set *set)
{
	mutex_lock(&set->lock);
	if (set->state != DMBC_SET_NEW) {
		dmbc_journal_set_delay(set->store.journal, set->option[DMBC_OPT_JOURNAL_DELAY]);
		dmbc_refill_set_policy(set->store.refill, dmbc_startup_policy(set));
	}
	mutex_unlock(&set->lock);
}

void dmbc_origin_set_option(struct dmbc_origin *o, enum dmbc_option which, u64 value)
{
	WRITE_ONCE(*option_of(o, which), value);
	if (which == DMBC_OPT_JOURNAL_DELAY || which == DMBC_OPT_REPLACEMENT_POLICY)
		tell_store(o->set);
	if (dmbc_option_rows[which].scope == DMBC_SCOPE_ORIGIN)
		dmbc_origin_wake_writeback(o);
}

u64 dmbc_origin_option(struct dmbc_origin *o, enum dmbc_option which)
{
	return READ_ONCE(*option_of(o, which));
}

void dmbc_origin_flush(struct dmbc_origin *o)
{
	if (!o->volume)
		dmbc_writeback_flush(o);
}

void dmbc_origin_hurry(struct dmbc_origin *o, bool on)
{
	WRITE_ONCE(o->hurried, on);
}

void dmbc_origin_listen(struct dmbc_origin *o, void (*fn)(void *ctx), void *ctx)
{
	dmbc_event_listen(o, fn, ctx);
}

static int check_range(struct dmbc_origin *o, u64 start, u64 sectors, struct dmbc_why *why)
{
	u32 block = dmbc_origin_block_bytes(o) >> SECTOR_SHIFT;
	u64 most = dmbc_origin_sectors(o);

	if (o->volume) {
		dmbc_explain(why, "a volume has no disk");
		return -EINVAL;
	}
	if (!is_power_of_2(block) || ((start | sectors) & (block - 1))) {
		dmbc_explain(why, "%llu and %llu must be multiples of %u sectors", start, sectors,
			     block);
		return -EINVAL;
	}
	if (!sectors || start >= most || sectors > most - start) {
		dmbc_explain(why, "%llu sectors from %llu on: the disk has %llu", sectors, start,
			     most);
		return -EINVAL;
	}
	if (READ_ONCE(o->attached) && READ_ONCE(o->set->state) == DMBC_SET_RUNNING &&
	    READ_ONCE(o->tie) == DMBC_TIE_ATTACHED)
		return 0;
	dmbc_explain(why, "not attached to a working SSD");
	return -EBUSY;
}

int dmbc_origin_range(struct dmbc_origin *o, dmbc_range_fn fn, const struct dmbc_range_ask *ask,
		      struct dmbc_range_result *result, struct dmbc_why *why)
{
	u64 sectors = ask->sectors ? ask->sectors : dmbc_origin_sectors(o) - ask->start, start;
	int r;

	memset(result, 0, sizeof(*result));
	if (!ask->sectors) /* to the end, which need not be a whole block */
		sectors &= ~((u64)(dmbc_origin_block_bytes(o) >> SECTOR_SHIFT) - 1);
	r = check_range(o, ask->start, sectors, why);
	if (r)
		return r;
	start = ask->start + o->data_offset;
	r = fn(o, start, start + sectors, result);
	if (r)
		dmbc_explain(why, "ended after %llu bytes with error %d",
			     result->done << SECTOR_SHIFT, r);
	return r;
}

int dmbc_origin_detach(struct dmbc_origin *o, struct dmbc_why *why)
{
	int r = dmbc_detach_start(o, why);

	if (!r)
		dmbc_writeback_flush(o);
	return r;
}

int dmbc_origin_attach(struct dmbc_origin *o, struct dmbc_why *why)
{
	return dmbc_detach_undo(o, why);
}

int dmbc_origin_set_label(struct dmbc_origin *o, const char *label, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	u8 *mine = o->super.disk.label;
	int r = -EINVAL;

	if (strlen(label) > DMBC_SB_LABEL_BYTES) {
		dmbc_explain(why, "label '%.40s': at most %u characters", label,
			     DMBC_SB_LABEL_BYTES);
		return r;
	}
	mutex_lock(&set->lock);
	dmbc_explain(why, "not attached to a working SSD");
	if (o->attached && READ_ONCE(o->tie) != DMBC_TIE_PLAIN &&
	    READ_ONCE(set->state) == DMBC_SET_RUNNING) {
		memset(mine, 0, DMBC_SB_LABEL_BYTES);
		memcpy(mine, label, strlen(label));
		dmbc_uuids_set_label(set->store.uuids, o->inode, mine);
		dmbc_explain(why, "the super block or the SSD cannot be written");
		r = dmbc_origin_write_super(o);
		r = r ? r : dmbc_uuids_write(set->store.uuids);
	}
	mutex_unlock(&set->lock);
	return r;
}

void dmbc_origin_get_label(struct dmbc_origin *o, char label[DMBC_SB_LABEL_BYTES + 1])
{
	mutex_lock(&o->set->lock);
	memcpy(label, o->super.disk.label, DMBC_SB_LABEL_BYTES);
	mutex_unlock(&o->set->lock);
	label[DMBC_SB_LABEL_BYTES] = '\0';
}

void dmbc_origin_gc(struct dmbc_origin *o)
{
	if (READ_ONCE(o->set->state) == DMBC_SET_RUNNING)
		dmbc_gc_wake(o->set->gc);
}

void dmbc_origin_clear_stats(struct dmbc_origin *o)
{
	dmbc_stats_clear(o);
}

void dmbc_origin_get_counters(struct dmbc_origin *o, int window, struct dmbc_counters *c)
{
	if (window == DMBC_COUNTERS_TOTAL)
		dmbc_stats_get_total(o, c);
	else
		dmbc_stats_get_window(o, window, c);
}
