/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The index: which sectors of which origin are where on the SSD.
 *
 * One writer at a time (index->lock, a mutex, outermost in the store); readers
 * go on beside it, held up only by the write lock of a single node. Every
 * change enters a leaf's open run and the journal under the same lock hold, so
 * the journal's order is the order of changes. Before the lock is taken, the
 * path is walked once so that node reads happen outside it.
 *
 * The index keeps the buckets' live and dirty counts and the dirty sectors of
 * every inode exact: each insert adds its own and subtracts what it trims.
 *
 * Errors: -EIO a node could not be read or the set has failed (everything after
 * the first failed journal or node write is refused).
 */
#ifndef DMBC_STORE_INDEX_H
#define DMBC_STORE_INDEX_H

#include <linux/types.h>

#include "lib/geometry.h"
#include "lib/key.h"
#include "lib/timing.h"

struct dmbc_alloc;
struct dmbc_buckets;
struct dmbc_index;
struct dmbc_journal;
struct dmbc_nodes;
struct dmbc_why;

#define DMBC_INDEX_MAX_DEPTH 8 /* DMBC_NODES_MAX_LEVELS */

struct dmbc_index_config {
	const struct dmbc_geometry *g;
	struct dmbc_nodes *nodes;
	struct dmbc_buckets *buckets;
	struct dmbc_alloc *alloc;
	struct dmbc_journal *journal;
	__u32 inodes; /* slots: dirty counters are kept for 0 .. inodes - 1 */
};

struct dmbc_index *dmbc_index_create(const struct dmbc_index_config *c); /* ERR_PTR */
void dmbc_index_destroy(struct dmbc_index *ix);

/* ---- lookup ---------------------------------------------------------------- */

enum dmbc_fragment_kind { DMBC_FRAGMENT_HOLE, DMBC_FRAGMENT_CLEAN, DMBC_FRAGMENT_DIRTY };

struct dmbc_fragment {
	enum dmbc_fragment_kind kind;
	__u64 end; /* the answer holds for [start, end), end <= start + sectors asked */
	__u64 ptr; /* pointer word whose sector is that of `start`; not for holes */
	bool revivable; /* a hole whose old data a power cut can bring back: the bucket's new
			 * generation is not durable yet */
};

/*
 * What is at @start of @inode? For anything but a hole the bucket is pinned
 * (dmbc_bucket_unpin(f->ptr) when the I/O is over). Without @may_sleep it is
 * safe in map(): no I/O, no sleep; -EAGAIN if a node is not in memory or
 * locked. With it, nodes are read in. A hole's end may be short at a node's end.
 */
int dmbc_index_lookup(struct dmbc_index *ix, __u32 inode, __u64 start, __u32 sectors,
		      bool may_sleep, struct dmbc_fragment *f);

/* ---- change ---------------------------------------------------------------- */

enum dmbc_insert_how {
	DMBC_INSERT_SET, /* whatever was there is replaced; a key without pointer makes a hole */
	DMBC_INSERT_FILL, /* only where there is a hole (or a stale pointer) */
	DMBC_INSERT_REPLACE, /* only where `old` still is (same data, same dirtiness) */
};

struct dmbc_insert {
	struct dmbc_key key;
	enum dmbc_insert_how how;
	struct dmbc_key old; /* REPLACE */
	/*
	 * Asked under the index lock just before applying, and again when that lock
	 * was given up in between (a key over several leaves); false: skip the rest
	 * of this one. May be NULL.
	 */
	bool (*check)(struct dmbc_insert *op);
	__u32 applied; /* out: sectors inserted */
	int error; /* out: 0, -EIO, -ENOSPC */
};

/*
 * Applies @nr changes in order, each atomically within a leaf. Sleeps (journal
 * room, node reads, splits). A key may lie across several leaves. Batches in
 * ascending order are cheapest: they stay in one leaf. Returns 0 or the first
 * error; each op has its own (-EIO; -ENOSPC if a split finds no bucket). After return the changes are in memory and in
 * the open journal entry; durable after a journal flush. An op with a pointer
 * needs its bucket pinned by the caller until return.
 */
int dmbc_index_insert(struct dmbc_index *ix, struct dmbc_insert **ops, __u32 nr);

/* Makes [start, end) a hole; touches only what exists, so large ranges are cheap. Sleeps. */
int dmbc_index_invalidate(struct dmbc_index *ix, __u32 inode, __u64 start, __u64 end);

/* ---- walk ------------------------------------------------------------------ */

struct dmbc_index_scan {
	__u32 inode; /* where to go on: (inode, pos) */
	__u64 pos;
	__u32 end_inode; /* stop before (end_inode, end_pos) */
	__u64 end_pos;
	bool (*want)(void *ctx, const struct dmbc_key *k); /* node lock held; must not sleep */
	void *ctx;
	bool done; /* out: the end was reached */
};

/*
 * Copies the next live, current keys that are wanted to @keys, at most @max;
 * returns how many, or <0; whole keys, also the first and last that lie partly
 * outside of the range. Looks at no more than a few nodes per call and
 * advances s->pos, so 0 with !done means: call again. Sleeps.
 */
int dmbc_index_scan(struct dmbc_index *ix, struct dmbc_index_scan *s, struct dmbc_key *keys,
		    __u32 max);

/* Exact, O(1). */
__u64 dmbc_index_dirty_sectors(struct dmbc_index *ix, __u32 inode);
__u64 dmbc_index_all_dirty_sectors(struct dmbc_index *ix);
unsigned int dmbc_index_depth(struct dmbc_index *ix);
/* Share of the root's room that live keys take up, percent. Process context. */
unsigned int dmbc_index_root_percent(struct dmbc_index *ix);
/* How long splits, merges and other rewrites of nodes took; racy. */
struct dmbc_timing dmbc_index_rewrites(const struct dmbc_index *ix);
/* Called (must only wake) when a failed write ends all changes. */
void dmbc_index_set_failed(struct dmbc_index *ix, int error);

/* ---- start-up --------------------------------------------------------------- */

/* First use: an empty root leaf, written and named in the journal's next entry. */
int dmbc_index_create_root(struct dmbc_index *ix);
/* Existing set: the root named by the journal. */
int dmbc_index_open_root(struct dmbc_index *ix, const struct dmbc_key *root, unsigned int level,
			 struct dmbc_why *why);
/*
 * Walks the whole tree: raises generations from every pointer (freeing keys
 * too), marks node buckets, counts live and dirty sectors. Call after gens are
 * loaded and before replay. Sleeps, long; reports progress through cond_resched
 * only. A damaged node is an error with its place in @why.
 */
int dmbc_index_mark(struct dmbc_index *ix, struct dmbc_why *why);
/* Journal keys before replay: raises generations and pins the buckets until replay_done. */
int dmbc_index_mark_journal(struct dmbc_index *ix, const struct dmbc_key *keys, __u32 nr);
/* Inserts keys of journal entry @seq without journalling them again; pins @seq instead. Splits may
 * take buckets and commit to the journal. */
int dmbc_index_replay(struct dmbc_index *ix, __u64 seq, const struct dmbc_key *keys, __u32 nr);
/* After the replay: unpins; the first call also writes out its keys and commits the root that it
 * has left. Sleeps. */
void dmbc_index_unmark_journal(struct dmbc_index *ix, const struct dmbc_key *keys, __u32 nr);

/* ---- gc (index_gc.c) ---------------------------------------------------------- */

struct dmbc_index_gc {
	__u32 inode;
	__u64 pos;
	bool running, done;
	__u8 *oldest; /* per bucket, new values; owned by the gc pass */
	struct {
		__u32 inode;
		__u64 pos;
	} noted[DMBC_INDEX_MAX_DEPTH]; /* by level: interior nodes have been looked at up to here */
	__u64 nodes, keys, rewritten, merged; /* statistics of this pass */
};

/* Begins a pass: position 0, oldest = current generations. -ENOMEM. */
int dmbc_index_gc_start(struct dmbc_index *ix, struct dmbc_index_gc *gc);
/*
 * Does up to @nodes leaves from the position on: notes the oldest generations,
 * rewrites nodes that are mostly dead or hold pointers more than 10 generations
 * behind, merges sparse neighbours; never waits for buckets (the refill may be
 * waiting for gc): without them a node is left as it is. Takes and drops the
 * index lock for each leaf, so others get through. When the end is reached, publishes the
 * `oldest` values to the buckets and sets done. 0 or -EIO.
 */
int dmbc_index_gc_step(struct dmbc_index *ix, struct dmbc_index_gc *gc, __u32 nodes);
void dmbc_index_gc_end(struct dmbc_index_gc *gc);

#endif
