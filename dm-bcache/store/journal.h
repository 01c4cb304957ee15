/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The journal: every change of the index, in order, in a ring of buckets.
 *
 * Unlike mainline we journal *all* leaf inserts (also fills, clean marks and
 * moves): the index recovered after a power cut is then exactly the state at
 * the newest durable entry, and no bucket can be reused before the change that
 * emptied it is durable (reuse needs a later journal entry anyway).
 *
 * Life of an entry: keys gather in the open entry; it is written (one entry at
 * a time, PREFLUSH|FUA, so that the data its keys name is durable first) when
 * somebody waits for it, when it is full, or after the delay; while it is in
 * flight the next one gathers.
 *
 * Pins: each sequence number counts the nodes whose unsealed keys it holds.
 * last_seq is the oldest pinned one. A ring bucket is overwritten only when its
 * newest entry is older than the last_seq of an entry that is itself durable
 * (mainline skips this and may leave a gap). When room runs short, reclaim asks
 * through one callback to have everything pinned up to a sequence written out,
 * and publishes the new last_seq with an entry without keys if need be. Entries
 * without keys may use the last of the room; entries with keys may not.
 *
 * Locks: j->lock (spinlock, process context and blockio completions); nothing
 * else is taken inside. The callers that add keys are serialised by the index.
 */
#ifndef DMBC_STORE_JOURNAL_H
#define DMBC_STORE_JOURNAL_H

#include <linux/list.h>
#include <linux/types.h>

#include "lib/geometry.h"
#include "lib/key.h"

struct dmbc_blockio;
struct dmbc_journal;
struct dmbc_why;
struct workqueue_struct;

/*
 * Sleeps; ERR_PTR (-EINVAL: the ring is too small). @wq: WQ_MEM_RECLAIM and not
 * ordered: reclaim sleeps on it while other works start the writes.
 */
struct dmbc_journal *dmbc_journal_create(struct dmbc_blockio *io, const struct dmbc_geometry *g,
					 struct workqueue_struct *wq);
/* The journal must be stopped. */
void dmbc_journal_destroy(struct dmbc_journal *j);

/* ---- what every entry names; set before start, changed under way --------- */

/* Takes effect with the next entry written; durable after dmbc_journal_commit(). Any process
 * context. */
void dmbc_journal_set_root(struct dmbc_journal *j, const struct dmbc_key *root, unsigned int level);
void dmbc_journal_set_uuids(struct dmbc_journal *j, const struct dmbc_key *key);
void dmbc_journal_set_prios(struct dmbc_journal *j, __u64 first_bucket);
/* Waits until all of that is durable, with whatever keys are open. Sleeps. 0, -EIO; -ENOSPC when a
 * journal that was full at the crash ran out of room before its replay was through. */
int dmbc_journal_commit(struct dmbc_journal *j);

/* ---- adding keys ------------------------------------------------------------ */

/*
 * Under the index lock, does not sleep: is there room for @nr keys in the open
 * entry? It stays until the same holder has added them or dropped the lock.
 */
bool dmbc_journal_room(struct dmbc_journal *j, __u32 nr);
/* Sleeps until dmbc_journal_room(@nr) is likely; no index or node lock held. 0, -EIO. */
int dmbc_journal_wait_room(struct dmbc_journal *j, __u32 nr);
/* Largest @nr one entry can ever hold. */
__u32 dmbc_journal_max_keys(struct dmbc_journal *j);
/*
 * Adds keys (room was checked under the same lock hold); returns their sequence
 * number, pinned once for the caller, who unpins it when the nodes that took
 * the keys have their own pins. Without it the entry could be written, and be
 * no longer needed, before the first of them pins.
 */
__u64 dmbc_journal_add_pinned(struct dmbc_journal *j, const struct dmbc_key *keys, __u32 nr);

/* Pins @seq (the open entry's, or one pinned already); unpin lets last_seq move on. No sleep. */
void dmbc_journal_pin(struct dmbc_journal *j, __u64 seq);
void dmbc_journal_unpin(struct dmbc_journal *j, __u64 seq);

/* ---- durability --------------------------------------------------------------- */

struct dmbc_journal_waiter {
	struct list_head list;
	void (*fn)(struct dmbc_journal_waiter *w, int error); /* set by the caller */
	/* the journal's */
	__u64 seq;
	unsigned int flags;
	int error;
};

/* What a flush may do to be quick. */
#define DMBC_FLUSH_ANYCTX (1U << 0) /* fn may be called in any context, interrupts included */
#define DMBC_FLUSH_DIRECT (1U << 1) /* process context, not in map(): write from the caller's */

/*
 * Calls w->fn once everything added so far is durable: at once (from the
 * caller's context) if it already is, else from the write's completion. Never
 * sleeps; callable from map() as well (a write is then started from the
 * workqueue). fn must not sleep for other I/O.
 */
void dmbc_journal_flush_async(struct dmbc_journal *j, struct dmbc_journal_waiter *w);
/*
 * The same with DMBC_FLUSH_* flags, the quick way for the I/O path. Without
 * ANYCTX fn runs in process context (or in the caller's); with DIRECT the call
 * may sleep briefly for memory and saves a detour through the workqueue.
 */
void dmbc_journal_flush_with(struct dmbc_journal *j, struct dmbc_journal_waiter *w,
			     unsigned int flags);
int dmbc_journal_flush(struct dmbc_journal *j); /* the same, sleeps */

/* ---- reclaim -------------------------------------------------------------------- */

/* Called from @wq: start writing out whatever pins sequences <= @seq; may sleep for that I/O. */
void dmbc_journal_on_reclaim(struct dmbc_journal *j, void (*fn)(void *ctx, __u64 seq), void *ctx);
/* Called once (process context; must only wake or set flags) when a journal write failed, and with
 * it every later one: the set is lost for writing. */
void dmbc_journal_on_error(struct dmbc_journal *j, void (*fn)(void *ctx, int error), void *ctx);
/* The set is lost for writing for another reason (a node's append failed): whoever waits for room or
 * durability gets @error, nothing is written any more. No on_error. Any context. */
void dmbc_journal_set_failed(struct dmbc_journal *j, int error);
/*
 * @settle is called before keys become durable: by the journal before each of
 * its writes (process context; may sleep for I/O of other devices, takes no
 * lock of the store's). @settled, any context: it would return at once.
 */
void dmbc_journal_on_settle(struct dmbc_journal *j, bool (*settled)(void *ctx),
			    void (*settle)(void *ctx), void *ctx);
/* Default 100; ten times as long for changes that concern no dirty data. */
void dmbc_journal_set_delay(struct dmbc_journal *j, unsigned int ms);

/* ---- start and stop ----------------------------------------------------------- */

/* An empty journal: the next entry is seq 1 in the first bucket. Sleeps: wipes what an earlier
 * attempt to format this set may have left there. */
void dmbc_journal_start_new(struct dmbc_journal *j);

/* What the newest entry says, and the entries to replay. */
struct dmbc_journal_found {
	__u64 newest, last_seq;
	struct dmbc_key root;
	unsigned int root_level;
	struct dmbc_key uuid_bucket;
	bool uuids_old;
	__u64 prio_bucket;
	__u64 keys; /* to replay */
};

/*
 * Reads all journal buckets, keeps the needed entries (last_seq .. newest) and
 * takes their positions into account for reuse. A gap, or no entry at all, is
 * -EINVAL with a reason; but where mainline discards, the oldest buckets may be
 * gone. Sleeps.
 */
int dmbc_journal_read(struct dmbc_journal *j, struct dmbc_journal_found *found,
		      struct dmbc_why *why);
/* After read, before the replay is done: the oldest entry that is still there. */
__u64 dmbc_journal_found_from(const struct dmbc_journal *j);
/*
 * After read: calls @fn for the keys of each needed entry in order; non-zero
 * stops and is returned. The entries stay in memory until the replay is done,
 * so it may be called twice (mark, then replay).
 */
int dmbc_journal_each(struct dmbc_journal *j,
		      int (*fn)(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr),
		      void *ctx);
/* After read: every needed sequence is pinned once; writing may begin (newest + 1, next bucket). */
void dmbc_journal_start_replay(struct dmbc_journal *j);
/*
 * During the replay, optional: the keys of entries up to @seq are back in the
 * index, which pins what it needs of them; their replay pins go. So a journal
 * that was full at the crash wins room before the replay is through.
 */
void dmbc_journal_replayed(struct dmbc_journal *j, __u64 seq);
/* Are keys of found entries still on their way back into the index? Any context. */
bool dmbc_journal_replaying(const struct dmbc_journal *j);
/* All keys are back in the index: drops the replay pins and the entries in memory. */
void dmbc_journal_replay_done(struct dmbc_journal *j);
/*
 * Writes what is open, and how far the nodes have been written if that spares
 * the next start a replay; waits, and takes no more. Sleeps.
 */
void dmbc_journal_stop(struct dmbc_journal *j);

struct dmbc_journal_stats {
	__u64 seq, flushed_seq, last_seq;
	__u32 free_buckets;
	__u64 writes, full_waits, reclaims;
};

void dmbc_journal_get_stats(struct dmbc_journal *j, struct dmbc_journal_stats *s);

#endif
