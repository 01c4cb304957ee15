/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the index_*.c files only. */
#ifndef DMBC_STORE_INDEX_INTERNAL_H
#define DMBC_STORE_INDEX_INTERNAL_H

#include <linux/atomic.h>
#include <linux/mutex.h>

#include "store/bucket.h"
#include "store/index.h"
#include "store/node.h"

/* Buckets that one rewrite may take: two halves and a new root. */
#define DMBC_INDEX_SPLIT_BUCKETS 3
/* Disk words and keys that a parent takes for one rewrite: two new children, one dead. */
#define DMBC_INDEX_LINK_KEYS 3

/* Buckets that await the commit of a root, see struct dmbc_index. */
#define DMBC_INDEX_LIMBO 128

struct dmbc_index {
	struct dmbc_index_config c;
	struct mutex lock; /* one change at a time; outermost */
	/*
	 * Held (never evicted). Replaced under lock; read under RCU by lookups,
	 * which find the old one dead and look again.
	 */
	struct dmbc_node *root;
	int error; /* set once: changes are refused */
	/*
	 * During the replay a new root is not committed at once: that could fill a
	 * journal whose room only the end of the replay brings back. Until it is,
	 * the tree under the old root must stay whole: dead buckets wait in limbo.
	 * Under lock.
	 */
	bool replaying, root_pending;
	unsigned int nr_limbo;
	__u64 limbo[DMBC_INDEX_LIMBO];
	struct dmbc_timing rewrites; /* under lock */
	atomic64_t all_dirty;
	atomic64_t *dirty; /* sectors by inode */
};

static inline int dmbc_index_error(const struct dmbc_index *ix)
{
	return READ_ONCE(ix->error) ? -EIO : 0;
}

/* index.c: sectors of inode @inode become dirty, or cease to be (negative). */
void dmbc_index_add_dirty(struct dmbc_index *ix, __u32 inode, __s64 sectors);

/*
 * index.c: the leaf that holds (@inode, @pos), locked; reads nodes; sleeps. To
 * write, the index lock must be held. No lock on the way is kept. ERR_PTR(-EIO).
 */
struct dmbc_node *dmbc_index_leaf(struct dmbc_index *ix, __u32 inode, __u64 pos, bool write);
/*
 * index.c: the leaf if it can be read-locked at once; NULL otherwise. Inside
 * rcu_read_lock() until it is unlocked with up_read().
 */
struct dmbc_node *dmbc_index_try_leaf(struct dmbc_index *ix, __u32 inode, __u64 pos);
/* Where the leaf's answers for @inode end, at most @limit. */
static inline __u64 dmbc_index_leaf_limit(const struct dmbc_node *leaf, __u32 inode, __u64 limit)
{
	if (dmbc_key_inode(&leaf->key) == inode && leaf->key.low < limit)
		return leaf->key.low;
	return limit;
}

/* True if the key names data that is there. */
static inline bool dmbc_index_live(const struct dmbc_index *ix, const struct dmbc_key *k)
{
	return dmbc_key_size(k) && dmbc_key_has_ptr(k) && !dmbc_bucket_stale(ix->c.buckets, k->ptr);
}

/*
 * True if a leaf key's data is there, or may come back by a power cut: such a
 * key needs a hole over it, and stays when its node is rewritten.
 */
static inline bool dmbc_index_there(const struct dmbc_index *ix, const struct dmbc_key *k)
{
	return dmbc_key_size(k) && dmbc_key_has_ptr(k) && !dmbc_bucket_gone(ix->c.buckets, k->ptr);
}

/* The nodes from the root (node[depth - 1]) to a leaf (node[0]), held, not locked. */
struct dmbc_index_path {
	struct dmbc_node *node[DMBC_INDEX_MAX_DEPTH];
	unsigned int depth;
};

/* index.c: index lock held, which keeps the path true. */
int dmbc_index_path_get(struct dmbc_index *ix, __u32 inode, __u64 pos, struct dmbc_index_path *p);
void dmbc_index_path_put(struct dmbc_index_path *p);
/* index.c: index lock held; @n is held by the caller once more for the index. */
void dmbc_index_set_root(struct dmbc_index *ix, struct dmbc_node *n);

/*
 * index_split.c: index lock held, no node lock. Rewrites the leaf of (@inode,
 * @pos) as one or two nodes with room, first its ancestors where they need it.
 * -EAGAIN: no buckets; wait for DMBC_INDEX_SPLIT_BUCKETS without the lock.
 */
int dmbc_index_split(struct dmbc_index *ix, __u32 inode, __u64 pos);
/* index_split.c: index lock held: a root of the replay becomes durable, limbo is emptied. */
int dmbc_index_commit_root(struct dmbc_index *ix);
/* As dmbc_index_split(), for the node of that position at @level. */
int dmbc_index_rewrite(struct dmbc_index *ix, __u32 inode, __u64 pos, unsigned int level);
/*
 * Merges @nr held neighbour leaves of parent @p->node[1] into one; what they
 * hold must fit. -EAGAIN also if the parent has no room: nothing is done then.
 */
#define DMBC_INDEX_MERGE_MAX 4
int dmbc_index_merge(struct dmbc_index *ix, struct dmbc_index_path *p, struct dmbc_node **leaf,
		     unsigned int nr);
/* Disk bytes of a first set with @keys. */
static inline __u32 dmbc_index_set_bytes(__u32 keys)
{
	return sizeof(struct dmbc_disk_bset) + keys * sizeof(struct dmbc_key);
}

/*
 * index_split.c: a private node in a fresh bucket for the position of @at.
 * ERR_PTR(-EAGAIN): no bucket now.
 */
struct dmbc_node *dmbc_index_new_node(struct dmbc_index *ix, const struct dmbc_key *at,
				      unsigned int level);

/* index_insert.c: counts a leaf key's sectors if it is current. */
void dmbc_index_count(struct dmbc_index *ix, const struct dmbc_key *k);
/* index_insert.c: like dmbc_index_insert() for one key of journal entry @seq, not journalled. */
int dmbc_index_insert_replayed(struct dmbc_index *ix, const struct dmbc_key *k, __u64 seq);

#endif
