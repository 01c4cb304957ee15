// SPDX-License-Identifier: GPL-2.0
/*
 * Room in the journal: pins, the ring of buckets, and winning room back.
 *
 * A bucket may be overwritten when its newest entry is older than the last_seq
 * of a durable entry. So room comes back in three steps: nodes are appended and
 * unpin (the callback of dmbc_journal_reclaim_work()), last_seq moves on
 * (dmbc_journal_unpin_locked()), an entry that says so becomes durable
 * (dmbc_journal_count_free_locked()). The last step needs room itself; two
 * rules make sure that it is always there:
 *
 *   1. dmbc_journal_room() grants keys only while reserve_blocks stay free behind them;
 *   2. after any entry there is a place for a further one: that of keys already
 *      granted, or a block for one without keys, and some blocks for a replay.
 *      Only an entry that itself frees the next bucket may go below; else its
 *      write waits until unpins let it do so (blocked_seq). Unpins need nothing
 *      of the journal, so this wait ends.
 *
 * Replay pins are the exception to "this wait ends": a write that only they
 * hold up fails with -ENOSPC instead. A replay writes no entry before its end,
 * where nothing is pinned any more, except when its splits need more buckets than
 * the start has found unused, or its roots leave more dead nodes than limbo holds;
 * so it takes a ring without room and one of these to come there.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>

#include "store/journal_internal.h"

#define RETRY_DELAY (HZ / 10) /* of a reclaim that did not get all pins */

/* ---- the ring ------------------------------------------------------------------- */

static __u32 ring_next(const struct dmbc_journal *j, __u32 bucket, __u32 by)
{
	return (bucket + by) % j->g->njournal;
}

bool dmbc_journal_place(const struct dmbc_journal *j, struct dmbc_journal_spot *s, __u32 blocks)
{
	if (s->block + blocks > j->bucket_blocks) {
		if (!s->free)
			return false;
		s->bucket = ring_next(j, s->bucket, 1);
		s->block = 0;
		s->free--;
	}
	s->block += blocks;
	return true;
}

static __u32 free_blocks(const struct dmbc_journal *j, const struct dmbc_journal_spot *s)
{
	return j->bucket_blocks - s->block + s->free * j->bucket_blocks;
}

void dmbc_journal_count_free_locked(struct dmbc_journal *j)
{
	struct dmbc_journal_spot *s = &j->at;

	while (s->free < j->g->njournal - 1 &&
	       j->bucket_seq[ring_next(j, s->bucket, s->free + 1)] < j->durable_last_seq)
		s->free++;
}

/* ---- writing without shutting oneself out ------------------------------------------ */

/* A write waits for pins up to @seq; if replay itself holds them, for ever: then it fails. */
static bool block_locked(struct dmbc_journal *j, __u64 seq)
{
	j->blocked_seq = seq;
	if (dmbc_journal_replaying(j) && j->replay_from <= seq)
		dmbc_journal_fail_locked(j, -ENOSPC);
	return false;
}

/* Is there a way on from @s, behind an entry about to be written? */
static bool leads_on(const struct dmbc_journal *j, struct dmbc_journal_spot s)
{
	__u32 keep = dmbc_journal_replaying(j) ? 0 : j->reserve_blocks / 2;

	return dmbc_journal_place(j, &s, dmbc_journal_blocks(j, j->reserved_words)) &&
	       free_blocks(j, &s) >= keep;
}

bool dmbc_journal_may_write_locked(struct dmbc_journal *j, struct dmbc_journal_spot *s)
{
	bool fits;
	__u64 next_seq;

	lockdep_assert_held(&j->lock);
	if (j->open->seq + 1 - j->last_seq >= DMBC_JOURNAL_PINS)
		return block_locked(j, j->last_seq);
	*s = j->at;
	fits = dmbc_journal_place(j, s, dmbc_journal_blocks(j, j->open->words));
	if (fits && leads_on(j, *s))
		return true;
	next_seq = j->bucket_seq[ring_next(j, s->bucket, 1)];
	return (fits && j->last_seq > next_seq) || block_locked(j, next_seq);
}

/* ---- room for keys --------------------------------------------------------------- */

static bool entry_has_room(const struct dmbc_journal *j, __u32 words)
{
	return j->open->words + words <= j->max_words;
}

static bool room_locked(const struct dmbc_journal *j, __u32 words)
{
	struct dmbc_journal_spot s = j->at;

	return !j->error && !j->stopped && entry_has_room(j, words) &&
	       j->open->seq - j->last_seq < DMBC_JOURNAL_MAX_OPEN &&
	       dmbc_journal_place(j, &s, dmbc_journal_blocks(j, j->open->words + words)) &&
	       free_blocks(j, &s) >= j->reserve_blocks;
}

bool dmbc_journal_room(struct dmbc_journal *j, __u32 nr)
{
	__u32 words = nr * DMBC_KEY_WORDS_PTR;
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&j->lock, flags);
	room = room_locked(j, words);
	/* one holder at a time: what an earlier one was granted is added or given up */
	j->reserved_words = room ? words : 0;
	spin_unlock_irqrestore(&j->lock, flags);
	return room;
}

__u32 dmbc_journal_max_keys(struct dmbc_journal *j)
{
	return j->max_words / DMBC_KEY_WORDS_PTR;
}

/* True when dmbc_journal_wait_room() is over; else sees to it that room will come. */
static bool room_or_end(struct dmbc_journal *j, __u32 words, int *error)
{
	bool over, start = false;

	spin_lock_irq(&j->lock);
	*error = j->error || j->stopped ? -EIO : 0;
	over = *error || room_locked(j, words);
	if (!over) {
		if (!entry_has_room(j, words)) {
			dmbc_journal_want_locked(j);
			start = !j->flight;
		}
		dmbc_journal_kick_locked(j);
	}
	spin_unlock_irq(&j->lock);
	if (start)
		queue_work(j->wq, &j->write_work);
	return over;
}

int dmbc_journal_wait_room(struct dmbc_journal *j, __u32 nr)
{
	__u32 words = nr * DMBC_KEY_WORDS_PTR;
	int error;

	if (WARN_ON_ONCE(words > j->max_words))
		return -EIO;
	if (room_or_end(j, words, &error))
		return error;
	spin_lock_irq(&j->lock);
	j->full_waits++;
	j->waiting++;
	spin_unlock_irq(&j->lock);
	wait_event(j->room_wait, room_or_end(j, words, &error));
	spin_lock_irq(&j->lock);
	j->waiting--;
	spin_unlock_irq(&j->lock);
	return error;
}

/* ---- reclaim ------------------------------------------------------------------------ */

static bool pins_short(const struct dmbc_journal *j)
{
	return j->open->seq - j->last_seq > DMBC_JOURNAL_MAX_OPEN / 4 * 3;
}

static bool room_short(const struct dmbc_journal *j)
{
	return free_blocks(j, &j->at) < j->short_blocks || pins_short(j);
}

/* Would an entry written now free a bucket that none written before does? */
static bool worth_publishing(const struct dmbc_journal *j)
{
	__u64 seq;

	if (j->at.free == j->g->njournal - 1)
		return false;
	seq = j->bucket_seq[ring_next(j, j->at.bucket, j->at.free + 1)];
	return seq >= j->closed_last_seq && seq < j->last_seq;
}

void dmbc_journal_kick_locked(struct dmbc_journal *j)
{
	lockdep_assert_held(&j->lock);
	if (j->started && !j->error && (j->blocked_seq || room_short(j)))
		mod_delayed_work(j->wq, &j->reclaim_work, 0);
}

/* Up to which sequence number the nodes have to be written so that there is plenty of room. */
static __u64 reclaim_target(const struct dmbc_journal *j)
{
	const __u32 ring = j->g->njournal * j->bucket_blocks;
	__u32 want = (j->short_blocks + ring / 4 + j->bucket_blocks - 1) / j->bucket_blocks;
	__u64 seq = j->blocked_seq;
	__u32 i;

	if (free_blocks(j, &j->at) < j->short_blocks) {
		want = min(want, j->g->njournal - 1);
		for (i = j->at.free + 1; i <= want; i++)
			seq = max(seq, j->bucket_seq[ring_next(j, j->at.bucket, i)]);
	}
	if (pins_short(j))
		seq = max(seq, j->last_seq + DMBC_JOURNAL_MAX_OPEN / 2);
	return min(seq, j->open->seq - 1);
}

void dmbc_journal_reclaim_work(struct work_struct *work)
{
	struct dmbc_journal *j =
		container_of(to_delayed_work(work), struct dmbc_journal, reclaim_work);
	bool held = false;
	__u64 seq = 0;

	spin_lock_irq(&j->lock);
	if (!j->error && (j->blocked_seq || room_short(j))) {
		seq = reclaim_target(j);
		held = seq >= j->last_seq;
		j->reclaims += held;
	}
	spin_unlock_irq(&j->lock);
	if (!seq)
		return;
	if (held && j->on_reclaim)
		j->on_reclaim(j->on_reclaim_ctx, seq);

	spin_lock_irq(&j->lock);
	if (worth_publishing(j))
		dmbc_journal_want_locked(j);
	if (held && seq >= j->last_seq && (j->blocked_seq || j->waiting) && !j->error)
		queue_delayed_work(j->wq, &j->reclaim_work, RETRY_DELAY);
	spin_unlock_irq(&j->lock);
	dmbc_journal_write(j);
}

void dmbc_journal_on_reclaim(struct dmbc_journal *j, void (*fn)(void *ctx, __u64 seq), void *ctx)
{
	j->on_reclaim = fn;
	j->on_reclaim_ctx = ctx;
}

/* ---- pins ------------------------------------------------------------------------------ */

static bool pinnable(const struct dmbc_journal *j, __u64 seq)
{
	return seq >= j->last_seq && seq <= j->open->seq;
}

void dmbc_journal_pin(struct dmbc_journal *j, __u64 seq)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	if (!WARN_ON_ONCE(!pinnable(j, seq)))
		j->pins[seq & DMBC_JOURNAL_PIN_MASK]++;
	spin_unlock_irqrestore(&j->lock, flags);
}

/* last_seq moved on: a write may have waited for it, or room is wanted. */
static void last_seq_moved(struct dmbc_journal *j)
{
	if (j->waiting) /* for fewer open entries */
		wake_up(&j->room_wait);
	if (room_short(j) && worth_publishing(j))
		dmbc_journal_want_locked(j);
	else if (!j->blocked_seq)
		return;
	if (!j->flight)
		queue_work(j->wq, &j->write_work);
}

void dmbc_journal_unpin_locked(struct dmbc_journal *j, __u64 seq)
{
	__u32 *count = &j->pins[seq & DMBC_JOURNAL_PIN_MASK];

	lockdep_assert_held(&j->lock);
	if (WARN_ON_ONCE(!pinnable(j, seq) || !*count))
		return;
	if (--*count || seq != j->last_seq)
		return;
	/* ends at the open entry, which pins itself */
	while (!j->pins[j->last_seq & DMBC_JOURNAL_PIN_MASK])
		j->last_seq++;
	last_seq_moved(j);
}

void dmbc_journal_unpin(struct dmbc_journal *j, __u64 seq)
{
	unsigned long flags;

	spin_lock_irqsave(&j->lock, flags);
	dmbc_journal_unpin_locked(j, seq);
	spin_unlock_irqrestore(&j->lock, flags);
}
