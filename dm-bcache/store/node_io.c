// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes and the medium: reading one, writing a new one, appending to one.
 *
 * An append in time order, for a write-locked node:
 *   dmbc_nodes_append() packs the open run into a bounce buffer, closes the run
 *     and starts the write at the next block; the run starts anew;
 *   append_done() drops the journal pin and wakes whoever waits;
 * on failure the pin stays and the whole set is lost for writing (fail()).
 *
 * dmbc_nodes_write_older() does this for all nodes that pin old journal
 * entries: it starts as many as it can and waits until nothing is pinned. It
 * needs node locks and memory, never a bucket or the index lock, so that the
 * journal can always be emptied.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "lib/setmark.h"
#include "store/blockio.h"
#include "store/journal.h"
#include "store/node_internal.h"

#define BATCH 32
#define TIMED_PERIOD (5 * HZ)
#define TIMED_AGE (30 * HZ)

static void fail(struct dmbc_nodes *ns, int error)
{
	bool first;

	spin_lock(&ns->lock);
	first = !ns->failed;
	if (first)
		WRITE_ONCE(ns->failed, error);
	spin_unlock(&ns->lock);
	wake_up_all(&ns->wait);
	if (first && ns->on_error)
		ns->on_error(ns->on_error_ctx, error);
}

static void note_time(struct dmbc_nodes *ns, struct dmbc_timing *t, __u64 began)
{
	__u64 now = ktime_get_ns();

	spin_lock(&ns->lock);
	dmbc_timing_note(t, began, now);
	spin_unlock(&ns->lock);
}

static void note_written(struct dmbc_nodes *ns, __u32 sectors)
{
	spin_lock(&ns->lock);
	ns->written_sectors += sectors;
	spin_unlock(&ns->lock);
}

/* ---- reading --------------------------------------------------------------------- */

/* Overwrites the start of a set that was cut off by a power failure: its keys will be replayed. */
static int repair_tail(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	const __u32 block = ns->c.g->block_sectors;
	void *zero = kzalloc(block * DMBC_SECTOR_BYTES, GFP_NOIO); /* a power of two */
	int r;

	if (!zero)
		return -ENOMEM;
	pr_warn("dm-bcache: node at sector %llu: recovered: an incomplete last set, the journal "
		"has its keys\n",
		(unsigned long long)dmbc_nodes_sector(n));
	r = dmbc_blockio_write(ns->c.io, dmbc_nodes_sector(n) + (__u64)n->written * block, block,
			       zero, DMBC_IO_FUA);
	kfree(zero);
	return r;
}

/*
 * What is appended to an interior node lies within one sector, which a power cut
 * does not tear: a damaged set there was whole once, and other nodes rely on it.
 */
static __u64 leaf_repair_from(const struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;

	return !n->level && READ_ONCE(ns->repair) ? dmbc_journal_found_from(ns->c.journal) : 0;
}

/* Unpacks the image at n->data. */
static int load_node(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	struct dmbc_nodekeys_image info = {
		.ptr_word = n->key.ptr,
		.journal_from = leaf_repair_from(n),
	};
	int r;

	mutex_lock(&ns->scratch_lock);
	ns->why.text[0] = 0;
	r = dmbc_nodekeys_load(&n->keys, ns->c.g, n->data, ns->node_bytes, &info, ns->scratch,
			       &ns->why);
	if (r)
		pr_err("dm-bcache: node at sector %llu, level %u: %s\n",
		       (unsigned long long)dmbc_nodes_sector(n), n->level, ns->why.text);
	mutex_unlock(&ns->scratch_lock);
	if (r)
		return r == -ENOMEM ? r : -EIO;
	n->seq = info.seq;
	n->written = info.written;
	return info.tail_torn ? repair_tail(n) : 0;
}

int dmbc_nodes_read(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	struct dmbc_bset_tree_entry *tree = kvmalloc(ns->tree_bytes, GFP_NOIO);
	__u64 began = ktime_get_ns();
	void *data;
	int r;

	lockdep_assert_held_write(&n->lock);
	if (!tree)
		return -ENOMEM;
	data = dmbc_blockio_node_read(ns->c.io, dmbc_nodes_sector(n), &n->buf);
	if (IS_ERR(data)) {
		n->buf = NULL;
		kvfree(tree);
		pr_err("dm-bcache: cannot read the node at sector %llu\n",
		       (unsigned long long)dmbc_nodes_sector(n));
		return PTR_ERR(data);
	}
	n->data = data;
	dmbc_nodekeys_init(&n->keys, data + sizeof(struct dmbc_disk_bset), ns->capacity, tree,
			   !n->level, ns->c.g->bucket_shift);
	r = load_node(n);
	note_time(ns, &ns->read, began);
	return r;
}

/* Before keys of @n are written. */
static void settle(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;

	if (!n->level && ns->settle)
		ns->settle(ns->settle_ctx);
}

/* ---- a new node ------------------------------------------------------------------- */

int dmbc_nodes_write_first(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	struct dmbc_nodekeys_set set = dmbc_nodes_set(n);
	int r;

	settle(n);
	n->written = dmbc_nodekeys_pack_first(&n->keys, &set);
	r = dmbc_blockio_write(ns->c.io, dmbc_nodes_sector(n), n->written * ns->c.g->block_sectors,
			       n->data, DMBC_IO_PREFLUSH | DMBC_IO_FUA);
	note_written(ns, n->written * ns->c.g->block_sectors);
	if (r)
		fail(ns, r);
	return r;
}

/* ---- appends ------------------------------------------------------------------------ */

static bool take_reserve(struct dmbc_nodes *ns)
{
	bool got;

	spin_lock(&ns->lock);
	got = !ns->reserve_used;
	ns->reserve_used = true;
	spin_unlock(&ns->lock);
	return got;
}

static void *get_bounce(struct dmbc_nodes *ns, __u32 bytes)
{
	/* a power of two is aligned to itself, as I/O needs it */
	void *buf = kmalloc(roundup_pow_of_two(bytes), GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);

	if (buf)
		return buf;
	wait_event(ns->wait, take_reserve(ns));
	return ns->reserve;
}

/* Not the reserve: that one is given back under the lock, by append_done(). */
static void free_bounce(struct dmbc_nodes *ns, void *buf)
{
	if (buf != ns->reserve)
		kfree(buf);
}

static void append_done(void *ctx, int error)
{
	struct dmbc_node *n = ctx;
	struct dmbc_nodes *ns = n->nodes;
	void *bounce = n->bounce;
	bool last;

	if (error) {
		pr_err("dm-bcache: cannot write the node at sector %llu: %d\n",
		       (unsigned long long)dmbc_nodes_sector(n), error);
		fail(ns, error);
	} else if (n->flight_pin) {
		dmbc_journal_unpin(ns->c.journal, n->flight_pin);
	}
	free_bounce(ns, bounce);
	/* the waiters look under the lock: after it, the cache itself may go */
	spin_lock(&ns->lock);
	if (bounce == ns->reserve)
		ns->reserve_used = false;
	n->bounce = NULL;
	n->flight_pin = 0;
	n->appending = false;
	list_del_init(&n->flight);
	last = !--n->holds && n->dead;
	wake_up_all(&ns->wait);
	spin_unlock(&ns->lock);
	if (last)
		kfree_rcu(n, rcu);
}

/* The open run is on its way. */
static void begin_flight(struct dmbc_node *n, void *bounce)
{
	struct dmbc_nodes *ns = n->nodes;

	spin_lock(&ns->lock);
	n->bounce = bounce;
	n->appending = true;
	n->flight_pin = n->open_pin;
	n->open_pin = 0;
	if (!list_empty(&n->dirty)) {
		list_del_init(&n->dirty);
		ns->dirty_nodes--;
	}
	list_add_tail(&n->flight, &ns->flight);
	n->holds++;
	ns->appends++;
	spin_unlock(&ns->lock);
}

void dmbc_nodes_append(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	const __u32 block = ns->c.g->block_sectors;
	struct dmbc_nodekeys_set set = dmbc_nodes_set(n);
	__u64 sector = dmbc_nodes_sector(n) + (__u64)n->written * block, began;
	void *bounce;
	__u32 blocks;

	lockdep_assert_held_write(&n->lock);
	set.journal_seq = n->open_pin;
	blocks = dmbc_nodekeys_open_blocks(&n->keys, &set);
	if (n->appending || !blocks || READ_ONCE(ns->failed))
		return;
	if (WARN_ON_ONCE(n->written + blocks > ns->node_blocks)) {
		fail(ns, -EIO);
		return;
	}
	bounce = get_bounce(ns, blocks * block * DMBC_SECTOR_BYTES);
	began = ktime_get_ns();
	dmbc_nodekeys_seal_pack(&n->keys, &set, bounce);
	mutex_lock(&ns->scratch_lock);
	dmbc_nodekeys_sealed(&n->keys, ns->scratch);
	mutex_unlock(&ns->scratch_lock);
	note_time(ns, &ns->sort, began);
	n->written += blocks;
	note_written(ns, blocks * block);
	begin_flight(n, bounce);
	settle(n);
	dmbc_blockio_write_async(ns->c.io, sector, blocks * block, bounce,
				 DMBC_IO_PREFLUSH | DMBC_IO_FUA, append_done, n);
}

static bool append_ended(struct dmbc_node *n)
{
	bool ended;

	spin_lock(&n->nodes->lock);
	ended = !n->appending;
	spin_unlock(&n->nodes->lock);
	return ended;
}

void dmbc_nodes_wait_append(struct dmbc_node *n)
{
	wait_event(n->nodes->wait, append_ended(n));
}

int dmbc_nodes_append_wait(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;

	while (!READ_ONCE(ns->failed)) {
		if (append_ended(n) && !n->keys.open_words)
			return 0;
		dmbc_nodes_append(n);
		if (!dmbc_node_hold(n))
			return -EIO;
		dmbc_node_unlock_write(n);
		dmbc_nodes_wait_append(n);
		down_write(&n->lock);
		dmbc_node_put(n);
	}
	return -EIO;
}

bool dmbc_nodes_fits(struct dmbc_node *n, __u32 words)
{
	const struct dmbc_nodes *ns = n->nodes;
	__u32 block = ns->c.g->block_sectors * DMBC_SECTOR_BYTES;
	__u32 mark = n->level ? 0 : DMBC_SETMARK_WORDS;
	__u32 bytes = sizeof(struct dmbc_disk_bset) + 8 * (mark + n->keys.open_words + words);

	return n->written + (bytes + block - 1) / block <= ns->node_blocks;
}

void dmbc_nodes_dirtied(struct dmbc_node *n, __u64 seq)
{
	struct dmbc_nodes *ns = n->nodes;

	lockdep_assert_held_write(&n->lock);
	if (!list_empty(&n->dirty)) {
		if (seq)
			dmbc_journal_unpin(ns->c.journal, seq); /* n->open_pin is older */
		return;
	}
	n->dirtied = jiffies;
	spin_lock(&ns->lock);
	n->open_pin = seq;
	list_add_tail(&n->dirty, &ns->dirty);
	ns->dirty_nodes++;
	spin_unlock(&ns->lock);
	queue_delayed_work(ns->c.wq, &ns->timed, TIMED_PERIOD);
}

/* ---- many appends --------------------------------------------------------------------- */

struct batch {
	struct dmbc_node *node[BATCH]; /* held */
	unsigned int nr;
};

/* Dirty nodes without an append in flight, of pins up to @seq, dirty since before @before. */
static void collect(struct dmbc_nodes *ns, struct batch *b, __u64 seq, unsigned long before)
{
	struct dmbc_node *n;

	b->nr = 0;
	spin_lock(&ns->lock);
	list_for_each_entry(n, &ns->dirty, dirty) {
		if (b->nr == BATCH || n->open_pin > seq)
			break;
		if (n->appending || time_after(n->dirtied, before))
			continue;
		n->holds++;
		b->node[b->nr++] = n;
	}
	spin_unlock(&ns->lock);
}

static void append_batch(struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		struct dmbc_node *n = b->node[i];

		if (dmbc_node_lock_write(n)) {
			dmbc_nodes_append(n);
			dmbc_node_unlock_write(n);
		}
		dmbc_node_put(n);
	}
}

enum pinned { PINNED_NONE, PINNED_IN_FLIGHT, PINNED_DIRTY };

/* What pins sequences up to @seq? DIRTY: there is an append to be started. */
static enum pinned look_for_pins(struct dmbc_nodes *ns, __u64 seq)
{
	enum pinned found = PINNED_NONE;
	struct dmbc_node *n;

	spin_lock(&ns->lock);
	list_for_each_entry(n, &ns->flight, flight)
		if (n->flight_pin <= seq)
			found = PINNED_IN_FLIGHT;
	list_for_each_entry(n, &ns->dirty, dirty) {
		if (n->open_pin > seq)
			break;
		found = PINNED_IN_FLIGHT;
		if (!n->appending) {
			found = PINNED_DIRTY;
			break;
		}
	}
	spin_unlock(&ns->lock);
	return found;
}

void dmbc_nodes_write_older(struct dmbc_nodes *ns, __u64 seq)
{
	while (!READ_ONCE(ns->failed)) {
		struct batch b;

		collect(ns, &b, seq, jiffies);
		append_batch(&b);
		if (b.nr)
			continue;
		if (look_for_pins(ns, seq) == PINNED_NONE)
			return;
		wait_event(ns->wait,
			   look_for_pins(ns, seq) != PINNED_IN_FLIGHT || READ_ONCE(ns->failed));
	}
}

int dmbc_nodes_write_all(struct dmbc_nodes *ns)
{
	dmbc_nodes_write_older(ns, ~0ULL);
	return READ_ONCE(ns->failed) ? -EIO : 0;
}

void dmbc_nodes_timed_append(struct work_struct *work)
{
	struct dmbc_nodes *ns = container_of(to_delayed_work(work), struct dmbc_nodes, timed);
	struct batch b;

	do {
		collect(ns, &b, ~0ULL, jiffies - TIMED_AGE);
		append_batch(&b);
	} while (b.nr == BATCH && !READ_ONCE(ns->failed));
	if (!list_empty_careful(&ns->dirty) && !READ_ONCE(ns->failed))
		queue_delayed_work(ns->c.wq, &ns->timed, TIMED_PERIOD);
}
