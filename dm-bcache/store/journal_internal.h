/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by journal.c (entries, writing, waiting), journal_reclaim.c (pins and
 * room in the ring) and journal_read.c (start); for nobody else.
 */
#ifndef DMBC_STORE_JOURNAL_INTERNAL_H
#define DMBC_STORE_JOURNAL_INTERNAL_H

#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "store/journal.h"

#define DMBC_JOURNAL_PINS 32768 /* counters; mainline never has more than 20000 entries open */
#define DMBC_JOURNAL_PIN_MASK (DMBC_JOURNAL_PINS - 1)
#define DMBC_JOURNAL_MAX_OPEN 16384 /* entries with keys stop here, others may go on */

/* One of two buffers: while one is in flight the other gathers keys. */
struct dmbc_journal_entry {
	struct dmbc_disk_jset *set;
	__u64 seq;
	__u64 last_seq; /* known when it is closed */
	__u32 words; /* of keys */
	unsigned long due; /* jiffies: written by then, though nobody waits */
};

/* A place in the ring: the next entry goes to `block` of journal bucket `bucket`. */
struct dmbc_journal_spot {
	__u32 bucket;
	__u32 block;
	__u32 free; /* buckets behind this one that may be overwritten */
};

/* An entry found at start-up. */
struct dmbc_journal_replay {
	__u64 seq;
	__u32 nr;
	bool begins_bucket;
	struct dmbc_key keys[];
};

struct dmbc_journal {
	struct dmbc_blockio *io;
	const struct dmbc_geometry *g;
	struct workqueue_struct *wq;
	__u32 block_bytes;
	__u32 bucket_blocks;
	__u32 max_words; /* keys of one entry */
	__u32 max_blocks; /* of one entry */
	__u32 reserve_blocks; /* that entries with keys leave free */
	__u32 short_blocks; /* fewer free blocks than this: reclaim */
	struct dmbc_journal_entry entry[2];
	struct work_struct write_work, done_work;
	struct delayed_work delay_work, reclaim_work;
	wait_queue_head_t room_wait;
	void (*on_reclaim)(void *ctx, __u64 seq);
	void *on_reclaim_ctx;
	void (*on_error)(void *ctx, int error);
	void *on_error_ctx;
	bool (*settled)(void *ctx);
	void (*settle)(void *ctx);
	void *settle_ctx;

	spinlock_t lock;
	/* all below under lock, also where others only read */
	bool started, stopped;
	bool delay_armed;
	unsigned long delay_until; /* if so */
	bool error_told;
	int error;
	unsigned long delay; /* jiffies */

	/* what entries name */
	struct dmbc_disk_key_padded root, uuids;
	__u16 root_level;
	bool uuids_old; /* the uuid bucket still has 64-byte entries */
	__u64 prio_bucket;
	bool meta_changed; /* since the newest closed entry */

	/* entries, by sequence number: durable < in flight < open */
	struct dmbc_journal_entry *open; /* never NULL */
	struct dmbc_journal_entry *flight; /* NULL: none */
	__u64 flushed_seq; /* newest durable */
	__u64 keyed_seq; /* newest closed entry with keys */
	__u64 want_seq; /* somebody waits for the entries up to this one */
	struct list_head waiters; /* by seq */
	struct list_head done; /* to be called in process context */

	/* pins */
	__u32 *pins; /* count of entry seq at seq & mask; every entry pins itself until durable */
	__u64 last_seq; /* oldest pinned */
	__u64 closed_last_seq; /* as named by the newest closed entry */
	__u64 durable_last_seq; /* as named by the newest durable entry: decides on reuse */
	__u64 replay_from, replay_to; /* still pinned for replay; from > to: none */

	/* ring */
	__u64 *bucket_seq; /* newest entry in each bucket; 0: none */
	struct dmbc_journal_spot at;
	__u32 reserved_words; /* promised by dmbc_journal_room(), not added yet */
	__u64 blocked_seq; /* a write waits for pins up to this one; 0: none */
	__u32 waiting; /* sleepers on room_wait */
	__u64 writes, full_waits, reclaims;

	/* between read and replay_done */
	struct dmbc_journal_replay **found; /* of entry seq at seq & mask */
	__u64 found_from, found_to;
	struct dmbc_journal_spot found_end; /* behind the newest entry */
};

/* Blocks of an entry with @words of keys. */
static inline __u32 dmbc_journal_blocks(const struct dmbc_journal *j, __u32 words)
{
	return (sizeof(struct dmbc_disk_jset) + 8 * words + j->block_bytes - 1) / j->block_bytes;
}

/* journal.c */

/* Starts the write of the open entry if it is wanted and possible. Process context. */
void dmbc_journal_write(struct dmbc_journal *j);
/* Makes the entries up to the open one wanted; the caller starts the write. */
void dmbc_journal_want_locked(struct dmbc_journal *j);
/* All is over: every waiter gets @error, in process context. */
void dmbc_journal_fail_locked(struct dmbc_journal *j, int error);
/* Opens entry @seq in a free buffer, pinned by itself. */
void dmbc_journal_open_locked(struct dmbc_journal *j, __u64 seq);

/* journal_reclaim.c */

/* Moves @s behind an entry of @blocks; the entry starts at s->block - @blocks then. False: the ring
 * is full. */
bool dmbc_journal_place(const struct dmbc_journal *j, struct dmbc_journal_spot *s, __u32 blocks);
/* May the open entry be written now, without risking that a later one never can be? Sets *@s behind
 * it; else blocked_seq. */
bool dmbc_journal_may_write_locked(struct dmbc_journal *j, struct dmbc_journal_spot *s);
/* Counts the buckets that durable_last_seq sets free. */
void dmbc_journal_count_free_locked(struct dmbc_journal *j);
/* Starts reclaim if room is short. */
void dmbc_journal_kick_locked(struct dmbc_journal *j);
void dmbc_journal_unpin_locked(struct dmbc_journal *j, __u64 seq);
void dmbc_journal_reclaim_work(struct work_struct *work);

/* journal_read.c */
void dmbc_journal_forget_found(struct dmbc_journal *j);

#endif
