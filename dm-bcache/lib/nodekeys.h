/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keys of one btree node in memory: a few sealed runs and one open run.
 *
 * All runs lie one after the other in one array; the open run is last and the
 * only one that grows: it holds what no set on disk has yet. In time order:
 *   dmbc_nodekeys_load() merges a node's sets, as read, into one sealed run;
 *   dmbc_nodekeys_insert() puts a key into the open run and trims what it covers;
 *   dmbc_nodekeys_seal_pack() writes the open run as a disk set into a buffer;
 *   dmbc_nodekeys_sealed() closes it: it becomes a sealed run, runs are merged
 *     so that few remain, trees are rebuilt;
 *   dmbc_nodekeys_copy_live() and dmbc_nodekeys_pack_first() make one set of all that is
 *     worth keeping.
 *
 * Trims change sealed runs in memory only: on disk a later set wins, so a
 * reader comes to the same result. Invariant: at most one live key of all runs
 * covers a sector (leaf); at most one live key has a given end (interior).
 *
 * Pure: no I/O, no sleep, no allocation. The caller holds the node's lock.
 */
#ifndef DMBC_LIB_NODEKEYS_H
#define DMBC_LIB_NODEKEYS_H

#include "lib/bset.h"
#include "lib/verify.h"

#define DMBC_NODEKEYS_RUNS 4

struct dmbc_nodekeys {
	struct dmbc_key *base;
	__u32 capacity; /* keys */
	__u32 nr_runs; /* >= 1; run[nr_runs - 1] is the open one */
	__u32 open_words; /* disk words of the open run's keys, dead ones left out */
	__u32 bucket_shift;
	bool leaf;
	struct dmbc_bset run[DMBC_NODEKEYS_RUNS];
	struct dmbc_bset_tree_entry *tree_mem; /* tree_capacity entries, shared by sealed runs */
	__u32 tree_capacity;
};

/* Called for each live piece [start, end) of @old that an insert takes away. */
typedef void (*dmbc_nodekeys_cut_fn)(void *ctx, const struct dmbc_key *old, __u64 start, __u64 end);
/* Tells whether a key is worth keeping; see pack_live. */
typedef bool (*dmbc_nodekeys_keep_fn)(void *ctx, const struct dmbc_key *k);

/* Keys for which a buffer of @bytes has room (the first 32 bytes stay free for a set header). */
__u32 dmbc_nodekeys_capacity(__u32 bytes);
/* Tree entries that any split of @capacity keys into runs needs at most. */
__u32 dmbc_nodekeys_tree_capacity(__u32 capacity);

/* Empty node over caller's memory (@base: @capacity keys; @tree: tree_capacity entries). */
void dmbc_nodekeys_init(struct dmbc_nodekeys *n, struct dmbc_key *base, __u32 capacity,
			struct dmbc_bset_tree_entry *tree, bool leaf, __u32 bucket_shift);

struct dmbc_nodekeys_image {
	__u64 ptr_word; /* of the key that points to the node: checksum seed */
	__u64 seq; /* out */
	__u32 written; /* out: blocks used by sets */
	/*
	 * Leaf at start-up: the oldest entry that the journal still has. A damaged last
	 * set is left out if it says that all its keys are younger. 0: never.
	 */
	__u64 journal_from;
	bool any_tail; /* for tools: it is left out in any case */
	bool tail_torn; /* out: that has happened */
};

/*
 * Verifies all sets of a node image of @bytes, checks that no later block
 * carries the node's seq, and merges them into one sealed run at n->base
 * (which may lie inside @image's own memory: the sets are merged in @scratch,
 * capacity n->capacity keys, always needed; the image is destroyed then, but
 * only if the verification, which is complete before, found nothing wrong).
 * @n is initialised and empty.
 * Leaf: later sets win; holes and dead keys are dropped, stale ones are kept
 * (generations are not known here). Interior: all keys with a pointer are
 * kept, also freeing keys; of two with the same end the later lives and the
 * earlier becomes dead (size 0, pointer kept). -E2BIG if they do not fit.
 */
int dmbc_nodekeys_load(struct dmbc_nodekeys *n, const struct dmbc_geometry *g, const void *image,
		       __u32 bytes, struct dmbc_nodekeys_image *info, struct dmbc_key *scratch,
		       struct dmbc_why *why);

/* True if @nr more inserts cannot run out of memory in the node's array. */
bool dmbc_nodekeys_has_room(const struct dmbc_nodekeys *n, __u32 nr);

/*
 * Leaf: inserts an extent or hole into the open run; trims every live key it
 * covers, reporting each piece; joins it to a neighbour in the open run where
 * dmbc_extent_merge allows. Needs has_room(1).
 */
void dmbc_nodekeys_insert(struct dmbc_nodekeys *n, const struct dmbc_key *k,
			  dmbc_nodekeys_cut_fn cut, void *ctx);
/*
 * Interior: inserts a child key, replacing a live one with the same end; or a
 * freeing key (zero position): kills the live child key whose pointer names the
 * same sector with an older generation.
 */
void dmbc_nodekeys_insert_child(struct dmbc_nodekeys *n, const struct dmbc_key *k);

/*
 * Leaf lookup at @pos of @inode: the live key that covers it (copied to *@k,
 * true), or a hole (false). *@end: where the answer stops being true, at most
 * @limit. Dead keys are passed over; hole keys count as holes; stale keys are
 * returned (the caller compares generations).
 */
bool dmbc_nodekeys_lookup(const struct dmbc_nodekeys *n, __u32 inode, __u64 pos, __u64 limit,
			  struct dmbc_key *k, __u64 *end);
/* Interior lookup: the first live child key >= (inode, pos) in the sense end > pos. */
bool dmbc_nodekeys_child(const struct dmbc_nodekeys *n, __u32 inode, __u64 pos, struct dmbc_key *k);

struct dmbc_nodekeys_iter {
	const struct dmbc_nodekeys *n;
	__u32 at[DMBC_NODEKEYS_RUNS];
};

/*
 * Walks all keys with end > (inode, pos) over all runs in key order; dead and
 * hole keys too. From (0, 0) the walk begins with the freeing keys of an
 * interior node, which lie at that position.
 */
void dmbc_nodekeys_iter_start(struct dmbc_nodekeys_iter *it, const struct dmbc_nodekeys *n,
			      __u32 inode, __u64 pos);
const struct dmbc_key *dmbc_nodekeys_iter_next(struct dmbc_nodekeys_iter *it);

/* Identity of a set to be packed. */
struct dmbc_nodekeys_set {
	__u64 set_magic;
	__u64 seq;
	__u64 ptr_word;
	__u32 block_sectors;
	__u64 journal_seq; /* of the oldest key of a leaf's open run, for its mark; 0: no mark */
};

/* Blocks the open run would take as @set. 0 if empty. */
__u32 dmbc_nodekeys_open_blocks(const struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set);

/* Packs the open run as a sealed disk set, zero-padded to blocks. Returns the blocks. */
__u32 dmbc_nodekeys_seal_pack(const struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set,
			      void *buf);
/* After seal_pack: the open run becomes a sealed one. @scratch: n->capacity keys. */
void dmbc_nodekeys_sealed(struct dmbc_nodekeys *n, struct dmbc_key *scratch);

/*
 * Copies, in order, all live keys with a pointer for which @keep says yes
 * (NULL: all) from @it on into @out, at most @max; returns how many. The source
 * of rewrites and splits. Freeing and dead keys are left out.
 */
__u32 dmbc_nodekeys_copy_live(struct dmbc_nodekeys_iter *it, dmbc_nodekeys_keep_fn keep, void *ctx,
			      struct dmbc_key *out, __u32 max);
/* Makes @nr sorted keys, already at n->base, the only sealed run. */
void dmbc_nodekeys_adopt(struct dmbc_nodekeys *n, __u32 nr);
/*
 * Writes the header of a first set in front of n->base (32 bytes before it,
 * which are the caller's), with checksum, for the only sealed run; all its keys
 * have pointers, so the array is the disk form. Zeroes up to the block end.
 * Returns the blocks.
 */
__u32 dmbc_nodekeys_pack_first(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set);

struct dmbc_nodekeys_count {
	__u32 live; /* keys with a pointer that are not dead */
	__u32 dead; /* dead and hole keys */
};

struct dmbc_nodekeys_count dmbc_nodekeys_count(const struct dmbc_nodekeys *n);

#endif
