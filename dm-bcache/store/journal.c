// SPDX-License-Identifier: GPL-2.0
/*
 * Journal entries: gathering keys, writing, telling who waits.
 *
 * Life of an entry, in time order:
 *   dmbc_journal_open_locked() takes a buffer and the next sequence number, and
 *     pins the entry by itself;
 *   dmbc_journal_add_pinned() packs keys behind its header;
 *   somebody wants it durable (a flush, a full entry, delay_work(), reclaim):
 *     want_seq says up to where;
 *   dmbc_journal_write() closes it as soon as no other is in flight, so all who
 *     came meanwhile share one write, and opens the next one;
 *   write_done() makes it durable: its own pin goes, buckets may become free,
 *     waiters are called, and the next write is started if it is wanted.
 *
 * A failed write ends the journal: dmbc_journal_fail_locked() is final.
 *
 * Context: write_done() runs in any context, interrupts included; waiters that
 * cannot stand this are handed to done_work(). map() only enlists and queues.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lib/checksum.h"
#include "lib/verify.h"
#include "store/blockio.h"
#include "store/journal_internal.h"

#define DEFAULT_DELAY_MS 100
#define MIN_RESERVE_BLOCKS 16U
#define CLEAN_DELAYS 10 /* an entry without dirty keys waits so many times the delay */

/* ---- what every entry names ------------------------------------------------ */

static void pad_key(struct dmbc_disk_key_padded *to, const struct dmbc_key *key)
{
	memset(to, 0, sizeof(*to));
	dmbc_verify_pack_key(key, to->word);
}

void dmbc_journal_set_root(struct dmbc_journal *j, const struct dmbc_key *root, unsigned int level)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	pad_key(&j->root, root);
	j->root_level = level;
	j->meta_changed = true;
	spin_unlock_irqrestore(&j->lock, flags);
}

void dmbc_journal_set_uuids(struct dmbc_journal *j, const struct dmbc_key *key)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	pad_key(&j->uuids, key);
	j->uuids_old = false;
	j->meta_changed = true;
	spin_unlock_irqrestore(&j->lock, flags);
}

void dmbc_journal_set_prios(struct dmbc_journal *j, __u64 first_bucket)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	j->prio_bucket = first_bucket;
	j->meta_changed = true;
	spin_unlock_irqrestore(&j->lock, flags);
}

/* ---- waiters ---------------------------------------------------------------- */

static void call_all(struct list_head *list)
{
	struct dmbc_journal_waiter *w, *next;

	list_for_each_entry_safe(w, next, list, list)
		w->fn(w, w->error);
}

/* Takes the waiters for entries up to @seq off; those that may be called anywhere to @now. */
static void collect_locked(struct dmbc_journal *j, __u64 seq, int error, struct list_head *now)
{
	struct dmbc_journal_waiter *w, *next;

	list_for_each_entry_safe(w, next, &j->waiters, list) {
		if (w->seq > seq)
			break;
		w->error = error;
		list_move_tail(&w->list, w->flags & DMBC_FLUSH_ANYCTX && now ? now : &j->done);
	}
	if (!list_empty(&j->done))
		queue_work(j->wq, &j->done_work);
}

static void done_work(struct work_struct *work)
{
	struct dmbc_journal *j = container_of(work, struct dmbc_journal, done_work);
	LIST_HEAD(done);
	int error = 0;

	spin_lock_irq(&j->lock);
	list_splice_init(&j->done, &done);
	if (j->error && !j->error_told) {
		j->error_told = true;
		error = j->error;
	}
	spin_unlock_irq(&j->lock);

	if (error && j->on_error)
		j->on_error(j->on_error_ctx, error);
	call_all(&done);
}

void dmbc_journal_fail_locked(struct dmbc_journal *j, int error)
{
	if (j->error)
		return;
	j->error = error;
	collect_locked(j, U64_MAX, error, NULL);
	queue_work(j->wq, &j->done_work); /* also without waiters: on_error */
	wake_up(&j->room_wait);
}

void dmbc_journal_set_failed(struct dmbc_journal *j, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	if (!j->error)
		j->error_told = true; /* the caller knows */
	dmbc_journal_fail_locked(j, error);
	spin_unlock_irqrestore(&j->lock, flags);
}

/* ---- writing ------------------------------------------------------------------ */

void dmbc_journal_open_locked(struct dmbc_journal *j, __u64 seq)
{
	struct dmbc_journal_entry *e = j->flight == &j->entry[0] ? &j->entry[1] : &j->entry[0];

	e->seq = seq;
	e->words = 0;
	j->pins[seq & DMBC_JOURNAL_PIN_MASK] = 1;
	j->open = e;
}

/* All of the header but magic and checksum, which need no lock. */
static void fill_header_locked(struct dmbc_journal *j, struct dmbc_journal_entry *e)
{
	struct dmbc_disk_jset *set = e->set;

	e->last_seq = j->last_seq;
	set->seq = __cpu_to_le64(e->seq);
	set->last_seq = __cpu_to_le64(e->last_seq);
	set->version = __cpu_to_le32(j->uuids_old ? DMBC_JSET_VERSION_UUID64 : DMBC_JSET_VERSION);
	set->keys = __cpu_to_le32(e->words);
	set->uuid_bucket = j->uuids;
	set->btree_root = j->root;
	set->btree_level = __cpu_to_le16(j->root_level);
	set->prio_bucket[0] = __cpu_to_le64(j->prio_bucket);
}

/* The open entry becomes the one in flight, and a new one opens. Returns its block in the ring. */
static __u64 close_open_locked(struct dmbc_journal *j, const struct dmbc_journal_spot *behind)
{
	struct dmbc_journal_entry *e = j->open;
	__u64 block = (__u64)behind->bucket * j->bucket_blocks + behind->block -
		      dmbc_journal_blocks(j, e->words);

	fill_header_locked(j, e);
	j->at = *behind;
	j->bucket_seq[behind->bucket] = e->seq;
	j->closed_last_seq = e->last_seq;
	if (e->words)
		j->keyed_seq = e->seq;
	j->meta_changed = false;
	j->blocked_seq = 0;
	j->flight = e;
	j->writes++;
	dmbc_journal_open_locked(j, e->seq + 1);
	if (j->waiting) /* the new entry is empty */
		wake_up(&j->room_wait);
	return block;
}

static bool begin_write(struct dmbc_journal *j, __u64 *block)
{
	struct dmbc_journal_spot behind;
	unsigned long flags;
	bool begun = false;
	__u64 blocked;

	spin_lock_irqsave(&j->lock, flags);
	blocked = j->blocked_seq;
	if (j->started && !j->flight && !j->error && j->want_seq >= j->open->seq) {
		begun = dmbc_journal_may_write_locked(j, &behind);
		if (begun)
			*block = close_open_locked(j, &behind);
		if (begun || j->blocked_seq != blocked)
			dmbc_journal_kick_locked(j);
	}
	spin_unlock_irqrestore(&j->lock, flags);
	return begun;
}

/* Zeroes up to the block's end and computes the checksum. */
static void seal(const struct dmbc_journal *j, struct dmbc_journal_entry *e)
{
	struct dmbc_disk_jset *set = e->set;
	size_t used = sizeof(*set) + 8 * e->words;

	memset((char *)set + used, 0, dmbc_journal_blocks(j, e->words) * j->block_bytes - used);
	set->magic = __cpu_to_le64(j->g->set_magic ^ DMBC_JSET_MAGIC);
	set->csum = __cpu_to_le64(dmbc_checksum((const char *)set + 8, used - 8));
}

static void write_done(void *ctx, int error)
{
	struct dmbc_journal *j = ctx;
	struct dmbc_journal_entry *e;
	unsigned long flags;
	LIST_HEAD(now);

	spin_lock_irqsave(&j->lock, flags);
	e = j->flight;
	j->flight = NULL;
	if (error) {
		dmbc_journal_fail_locked(j, -EIO);
	} else {
		j->flushed_seq = e->seq;
		j->durable_last_seq = e->last_seq;
		dmbc_journal_count_free_locked(j);
		dmbc_journal_unpin_locked(j, e->seq);
		collect_locked(j, e->seq, 0, &now);
		if (j->want_seq >= j->open->seq)
			queue_work(j->wq, &j->write_work);
	}
	if (j->waiting)
		wake_up(&j->room_wait);
	spin_unlock_irqrestore(&j->lock, flags);
	/* from here on the journal may be gone: dmbc_journal_stop() has seen the flight end */
	call_all(&now);
}

void dmbc_journal_write(struct dmbc_journal *j)
{
	const struct dmbc_geometry *g = j->g;
	struct dmbc_journal_entry *e;
	__u64 block, sector;

	if (!begin_write(j, &block))
		return;
	e = j->flight; /* ours until write_done() */
	if (j->settle)
		j->settle(j->settle_ctx);
	seal(j, e);
	sector = dmbc_geometry_sector(g, g->first_bucket) + block * g->block_sectors;
	dmbc_blockio_write_async(j->io, sector, dmbc_journal_blocks(j, e->words) * g->block_sectors,
				 e->set, DMBC_IO_PREFLUSH | DMBC_IO_FUA | DMBC_IO_ANYCTX,
				 write_done, j);
}

static void write_work(struct work_struct *work)
{
	dmbc_journal_write(container_of(work, struct dmbc_journal, write_work));
}

void dmbc_journal_want_locked(struct dmbc_journal *j)
{
	j->want_seq = j->open->seq;
}

/* Has the open entry written by @due. The timer is not moved back: when it fires it looks again. */
static void arm_delay_locked(struct dmbc_journal *j, unsigned long due)
{
	if (j->stopped || (j->delay_armed && !time_before(due, j->delay_until)))
		return;
	j->delay_armed = true;
	j->delay_until = due;
	mod_delayed_work(j->wq, &j->delay_work, time_after(due, jiffies) ? due - jiffies : 0);
}

static void delay_work(struct work_struct *work)
{
	struct dmbc_journal *j =
		container_of(to_delayed_work(work), struct dmbc_journal, delay_work);

	spin_lock_irq(&j->lock);
	j->delay_armed = false;
	if (j->open->words && time_before(jiffies, j->open->due))
		arm_delay_locked(j, j->open->due);
	else if (j->open->words && !j->stopped)
		dmbc_journal_want_locked(j);
	spin_unlock_irq(&j->lock);
	dmbc_journal_write(j);
}

/* ---- adding keys ---------------------------------------------------------------- */

/* Changes that lose no data if they are lost may wait longer: each write may cost a flush of a disk. */
static void note_keys_locked(struct dmbc_journal *j, const struct dmbc_key *keys, __u32 nr)
{
	struct dmbc_journal_entry *e = j->open;
	unsigned long due;
	bool dirty = false;
	__u32 i;

	for (i = 0; i < nr; i++)
		dirty |= dmbc_key_dirty(&keys[i]);
	due = jiffies + (dirty ? j->delay : CLEAN_DELAYS * j->delay);
	if (e->words && !time_before(due, e->due))
		return;
	e->due = due;
	arm_delay_locked(j, due);
}

__u64 dmbc_journal_add_pinned(struct dmbc_journal *j, const struct dmbc_key *keys, __u32 nr)
{
	struct dmbc_journal_entry *e;
	unsigned long flags;
	__u64 seq;
	__u32 i;

	spin_lock_irqsave(&j->lock, flags);
	e = j->open;
	note_keys_locked(j, keys, nr);
	for (i = 0; i < nr; i++) {
		if (WARN_ON_ONCE(e->words + DMBC_KEY_WORDS_PTR > j->max_words))
			break; /* dmbc_journal_room() was not asked */
		e->words += dmbc_verify_pack_key(&keys[i], e->set->d + e->words);
	}
	j->reserved_words -= min(j->reserved_words, nr * DMBC_KEY_WORDS_PTR);
	seq = e->seq;
	j->pins[seq & DMBC_JOURNAL_PIN_MASK]++;
	spin_unlock_irqrestore(&j->lock, flags);
	return seq;
}

/* ---- durability ------------------------------------------------------------------ */

/* The entry that makes everything added so far durable; 0: it is already. */
static __u64 newest_change_locked(const struct dmbc_journal *j)
{
	if (j->open->words || j->meta_changed)
		return j->open->seq;
	return j->flight ? j->flight->seq : 0;
}

/* Enlists @w for entry @seq; true: the caller has to start a write. */
static bool enlist_locked(struct dmbc_journal *j, struct dmbc_journal_waiter *w, __u64 seq)
{
	w->seq = seq;
	list_add_tail(&w->list, &j->waiters);
	if (seq > j->want_seq)
		j->want_seq = seq;
	return !j->flight;
}

void dmbc_journal_flush_with(struct dmbc_journal *j, struct dmbc_journal_waiter *w,
			     unsigned int how)
{
	unsigned long flags;
	bool start = false;
	__u64 seq;
	int error;

	w->flags = how;
	spin_lock_irqsave(&j->lock, flags);
	error = j->error;
	seq = error ? 0 : newest_change_locked(j);
	if (WARN_ON_ONCE(seq && !j->started)) {
		error = -EIO;
		seq = 0;
	}
	if (seq)
		start = enlist_locked(j, w, seq);
	spin_unlock_irqrestore(&j->lock, flags);

	if (!seq)
		w->fn(w, error);
	else if (start && how & DMBC_FLUSH_DIRECT && (!j->settled || j->settled(j->settle_ctx)))
		dmbc_journal_write(j);
	else if (start)
		queue_work(j->wq, &j->write_work);
}

void dmbc_journal_flush_async(struct dmbc_journal *j, struct dmbc_journal_waiter *w)
{
	dmbc_journal_flush_with(j, w, 0);
}

struct sleeper {
	struct dmbc_journal_waiter waiter;
	struct completion done;
	int error;
};

static void wake_sleeper(struct dmbc_journal_waiter *w, int error)
{
	struct sleeper *s = container_of(w, struct sleeper, waiter);

	s->error = error;
	complete(&s->done);
}

int dmbc_journal_flush(struct dmbc_journal *j)
{
	struct sleeper s = { .waiter.fn = wake_sleeper };

	init_completion(&s.done);
	dmbc_journal_flush_with(j, &s.waiter, DMBC_FLUSH_ANYCTX | DMBC_FLUSH_DIRECT);
	wait_for_completion(&s.done);
	return s.error;
}

int dmbc_journal_commit(struct dmbc_journal *j)
{
	return dmbc_journal_flush(j);
}

/* ---- creation and end --------------------------------------------------------------- */

/*
 * Entries with keys leave enough blocks for the entries that reclaim, refill
 * and replay need, but not so much that a small ring could never take a key.
 */
static int set_limits(struct dmbc_journal *j)
{
	const struct dmbc_geometry *g = j->g;
	__u32 ring;

	j->block_bytes = g->block_sectors * DMBC_SECTOR_BYTES;
	j->bucket_blocks = g->bucket_sectors / g->block_sectors;
	ring = g->njournal * j->bucket_blocks;
	if (g->njournal < 2 || ring < 4 || j->block_bytes > DMBC_JSET_MAX_BYTES)
		return -EINVAL;
	j->reserve_blocks = min(max(j->bucket_blocks, MIN_RESERVE_BLOCKS), ring / 4);
	j->max_blocks = min3(DMBC_JSET_MAX_BYTES / j->block_bytes, j->bucket_blocks,
			     ring - j->bucket_blocks - j->reserve_blocks);
	j->max_words = (j->max_blocks * j->block_bytes - sizeof(struct dmbc_disk_jset)) / 8;
	j->short_blocks =
		min(j->reserve_blocks + max(ring / 4, 2 * j->max_blocks), ring - j->bucket_blocks);
	return 0;
}

static int allocate(struct dmbc_journal *j)
{
	/* a power of two, as only those are aligned to their size */
	size_t bytes = roundup_pow_of_two(j->max_blocks * j->block_bytes);
	int i;

	for (i = 0; i < 2; i++) {
		j->entry[i].set = kvzalloc(bytes, GFP_KERNEL);
		if (!j->entry[i].set)
			return -ENOMEM;
	}
	j->pins = kvcalloc(DMBC_JOURNAL_PINS, sizeof(*j->pins), GFP_KERNEL);
	j->bucket_seq = kvcalloc(j->g->njournal, sizeof(*j->bucket_seq), GFP_KERNEL);
	return j->pins && j->bucket_seq ? 0 : -ENOMEM;
}

struct dmbc_journal *dmbc_journal_create(struct dmbc_blockio *io, const struct dmbc_geometry *g,
					 struct workqueue_struct *wq)
{
	struct dmbc_journal *j = kzalloc(sizeof(*j), GFP_KERNEL);
	int r;

	if (!j)
		return ERR_PTR(-ENOMEM);
	j->io = io;
	j->g = g;
	j->wq = wq;
	spin_lock_init(&j->lock);
	init_waitqueue_head(&j->room_wait);
	INIT_LIST_HEAD(&j->waiters);
	INIT_LIST_HEAD(&j->done);
	INIT_WORK(&j->write_work, write_work);
	INIT_WORK(&j->done_work, done_work);
	INIT_DELAYED_WORK(&j->delay_work, delay_work);
	INIT_DELAYED_WORK(&j->reclaim_work, dmbc_journal_reclaim_work);
	j->delay = msecs_to_jiffies(DEFAULT_DELAY_MS);
	j->open = &j->entry[0];
	r = set_limits(j);
	if (!r)
		r = allocate(j);
	if (r) {
		dmbc_journal_destroy(j);
		return ERR_PTR(r);
	}
	return j;
}

static void cancel_works(struct dmbc_journal *j)
{
	cancel_delayed_work_sync(&j->delay_work);
	cancel_delayed_work_sync(&j->reclaim_work);
	cancel_work_sync(&j->write_work);
	flush_work(&j->done_work);
}

void dmbc_journal_destroy(struct dmbc_journal *j)
{
	if (!j)
		return;
	cancel_works(j);
	dmbc_journal_forget_found(j);
	kvfree(j->bucket_seq);
	kvfree(j->pins);
	kvfree(j->entry[0].set);
	kvfree(j->entry[1].set);
	kfree(j);
}

/* Would the next start replay keys that all nodes have on the medium by now? */
static bool worth_publishing_locked(const struct dmbc_journal *j)
{
	return j->keyed_seq >= j->durable_last_seq && j->last_seq > j->keyed_seq;
}

/* Waits for the write of the open entry, whatever is in it, if there is a reason for one. */
static int write_last(struct dmbc_journal *j)
{
	struct sleeper s = { .waiter.fn = wake_sleeper };
	bool wait = false;

	init_completion(&s.done);
	s.waiter.flags = DMBC_FLUSH_ANYCTX;
	spin_lock_irq(&j->lock);
	if (!j->error && worth_publishing_locked(j)) {
		enlist_locked(j, &s.waiter, j->open->seq);
		wait = true;
	}
	spin_unlock_irq(&j->lock);
	if (!wait)
		return 0;
	dmbc_journal_write(j);
	wait_for_completion(&s.done);
	return s.error;
}

/* No write is in flight; none is started any more then. */
static bool come_to_rest(struct dmbc_journal *j)
{
	bool rest;

	spin_lock_irq(&j->lock);
	rest = !j->flight;
	if (rest)
		j->started = false;
	spin_unlock_irq(&j->lock);
	return rest;
}

void dmbc_journal_stop(struct dmbc_journal *j)
{
	spin_lock_irq(&j->lock);
	j->stopped = true;
	j->waiting++;
	wake_up(&j->room_wait);
	spin_unlock_irq(&j->lock);

	if (j->started) {
		dmbc_journal_flush(j);
		write_last(j);
	}
	wait_event(j->room_wait, come_to_rest(j));
	cancel_works(j);
}

void dmbc_journal_set_delay(struct dmbc_journal *j, unsigned int ms)
{
	spin_lock_irq(&j->lock);
	j->delay = msecs_to_jiffies(ms);
	spin_unlock_irq(&j->lock);
}

void dmbc_journal_on_error(struct dmbc_journal *j, void (*fn)(void *ctx, int error), void *ctx)
{
	j->on_error = fn;
	j->on_error_ctx = ctx;
}

void dmbc_journal_on_settle(struct dmbc_journal *j, bool (*settled)(void *ctx),
			    void (*settle)(void *ctx), void *ctx)
{
	j->settled = settled;
	j->settle = settle;
	j->settle_ctx = ctx;
}

void dmbc_journal_get_stats(struct dmbc_journal *j, struct dmbc_journal_stats *s)
{
	spin_lock_irq(&j->lock);
	s->seq = j->open->seq;
	s->flushed_seq = j->flushed_seq;
	s->last_seq = j->last_seq;
	s->free_buckets = j->at.free;
	s->writes = j->writes;
	s->full_waits = j->full_waits;
	s->reclaims = j->reclaims;
	spin_unlock_irq(&j->lock);
}
