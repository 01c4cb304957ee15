/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Btree nodes in memory: a bounded cache of nodes over dm-bufio memory, found
 * by bucket through an RCU hash; reading, appending and writing them.
 *
 * Life of a node: miss -> placeholder hashed with its lock held -> blockio read
 * -> lib/nodekeys load. Inserts fill its open run under the write lock, and put
 * it on the dirty list in order of its journal pin. An append seals the open
 * run into a bounce buffer (copy under the lock), writes it PREFLUSH|FUA at the
 * next block (so the data the keys name is durable before them, format rule
 * 13), one append of a node at a time; its completion drops the journal pin.
 * Eviction (node_evict.c): clean leaves, least recently used first, when over
 * the cap or asked by the shrinker; dirty ones are appended first.
 *
 * Locks: node->lock (rwsem): readers hold it while they look at keys, top-down
 * from parent to child; writers (index lock held) while they change them.
 * nodes->lock (spinlock, process context) for hash changes, LRU, dirty list and
 * holds, inside node->lock. node->lock must be dropped with the unlock
 * functions below: they keep the memory from going under them.
 */
#ifndef DMBC_STORE_NODE_H
#define DMBC_STORE_NODE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "lib/nodekeys.h"
#include "lib/timing.h"

struct dmbc_blockio;
struct dmbc_journal;
struct dmbc_nodebuf;
struct dmbc_nodes;
struct workqueue_struct;

#define DMBC_NODES_MAX_LEVELS 8

struct dmbc_node {
	struct hlist_node hash; /* changed under nodes->lock, read under RCU */
	/* constant while the node is hashed */
	struct dmbc_key key; /* that points here (as in the parent) */
	unsigned int level; /* 0: leaf; less than DMBC_NODES_MAX_LEVELS */

	struct rw_semaphore lock;
	/* under lock; changes of dead under nodes->lock as well */
	bool dead; /* no longer in the tree or the cache: look it up again */
	bool used; /* since eviction last looked; no lock */
	struct dmbc_nodekeys keys;
	__u64 seq; /* of its sets on the medium */
	__u32 written; /* blocks */
	unsigned long dirtied; /* jiffies of the first key in the open run */

	/* changed under lock (or by the append's end) and nodes->lock */
	bool appending; /* one append is in flight */
	__u64 open_pin; /* journal sequence pinned by the open run; 0 none */
	__u64 flight_pin; /* by the run being appended */

	/* under nodes->lock */
	int holds; /* users that keep it from eviction without its lock */
	struct list_head lru; /* clean and dirty nodes alike */
	struct list_head dirty; /* in order of open_pin; empty when the open run is empty */
	struct list_head flight; /* while appending */

	struct dmbc_nodes *nodes;
	struct dmbc_nodebuf *buf;
	void *data; /* the node as on disk: header, then keys.base */
	void *bounce; /* the set being appended */
	struct rcu_head rcu;
};

struct dmbc_nodes_config {
	struct dmbc_blockio *io;
	const struct dmbc_geometry *g;
	struct dmbc_journal *journal;
	struct workqueue_struct *wq; /* timed appends */
	__u64 cap_bytes; /* memory for nodes; 16 leaves and all interior nodes are always allowed */
};

struct dmbc_nodes *dmbc_nodes_create(const struct dmbc_nodes_config *c); /* sleeps; ERR_PTR */
/* All appended or given up before; waits for appends in flight. */
void dmbc_nodes_destroy(struct dmbc_nodes *ns);

/* ---- finding and locking --------------------------------------------------- */

/*
 * map() context, inside rcu_read_lock() until the node is unlocked: the node of
 * @key if it is in memory and its lock could be had for reading at once; else
 * NULL.
 */
struct dmbc_node *dmbc_nodes_try_read(struct dmbc_nodes *ns, const struct dmbc_key *key);
/* The same for a node whose pointer is protected by RCU (the root). */
bool dmbc_node_try_read(struct dmbc_node *n);

/*
 * The node that @key points to, read in if need be, with its lock held for
 * reading or writing. Sleeps. ERR_PTR(-EIO) bad node (logged with its reason),
 * -ENOMEM. The caller holds the parent's lock or the index lock, so that @key
 * is current.
 */
struct dmbc_node *dmbc_nodes_get_read(struct dmbc_nodes *ns, const struct dmbc_key *key,
				      unsigned int level);
struct dmbc_node *dmbc_nodes_get_write(struct dmbc_nodes *ns, const struct dmbc_key *key,
				       unsigned int level);
/* Locks a held node. False if it is dead: nothing is locked then. */
bool dmbc_node_lock_read(struct dmbc_node *n);
bool dmbc_node_lock_write(struct dmbc_node *n);

static inline void dmbc_node_unlock_read(struct dmbc_node *n)
{
	rcu_read_lock();
	up_read(&n->lock);
	rcu_read_unlock();
}

static inline void dmbc_node_unlock_write(struct dmbc_node *n)
{
	rcu_read_lock();
	up_write(&n->lock);
	rcu_read_unlock();
}

/* Keeps a node (locked, held or under RCU) from eviction; false if it is dead. */
bool dmbc_node_hold(struct dmbc_node *n);
void dmbc_node_put(struct dmbc_node *n);

void dmbc_nodes_prefetch(struct dmbc_nodes *ns, const struct dmbc_key *key);
/* Reason of the last node that could not be read; start-up reports it. */
void dmbc_nodes_why(struct dmbc_nodes *ns, struct dmbc_why *why);
/*
 * While on (start-up, before the replay), a leaf whose last set is damaged
 * loses it if the journal has all its keys (lib/setmark.h): the write was cut
 * off. The torn block is overwritten at once, so that the node is well-formed
 * again. Else the node is bad.
 */
void dmbc_nodes_set_repair(struct dmbc_nodes *ns, bool on);

/* ---- eviction ---------------------------------------------------------------- */

/* Lets eviction shrink the cache to its cap; sleeps; no node lock held. Call after get_* work. */
void dmbc_nodes_balance(struct dmbc_nodes *ns);
/* For a shrinker: leaves in memory beyond the minimum; evicts up to @nr clean ones, does not
 * wait for anything. */
unsigned long dmbc_nodes_count(struct dmbc_nodes *ns);
unsigned long dmbc_nodes_shrink(struct dmbc_nodes *ns, unsigned long nr);

/* ---- new and dead nodes -------------------------------------------------------- */

/* A new, empty node for @key, private to the caller: not hashed, not locked. Sleeps. ERR_PTR. */
struct dmbc_node *dmbc_nodes_new(struct dmbc_nodes *ns, const struct dmbc_key *key,
				 unsigned int level);
/* Writes a private node (one first set from its sealed run), waits until durable. 0, -EIO. */
int dmbc_nodes_write_first(struct dmbc_node *n);
void dmbc_nodes_publish(struct dmbc_node *n); /* hashes it: no longer private, but held */
void dmbc_nodes_discard(struct dmbc_node *n); /* frees a private node */
/*
 * The node is out of the tree (write-locked): unhashes it, drops its pins and
 * memory, unlocks it. The bucket is the caller's matter. Waits for its append
 * in flight.
 */
void dmbc_nodes_kill(struct dmbc_node *n);

/* ---- appends ------------------------------------------------------------------- */

/* Under the write lock, after a key went into the open run with journal entry @seq, pinned by the
 * caller, whose pin goes to the node (0: not journalled). */
void dmbc_nodes_dirtied(struct dmbc_node *n, __u64 seq);
/* Would the open run, with @words more, still fit the node on disk? (any lock) */
bool dmbc_nodes_fits(struct dmbc_node *n, __u32 words);
/* Starts an append if there is anything to append and none is in flight. Write lock held; may
 * sleep; the I/O completes later. */
void dmbc_nodes_append(struct dmbc_node *n);
/* Appends (again and again) until the open run is on the medium; sleeps; write lock held on entry,
 * dropped and retaken; the caller keeps others from changing the node. 0, -EIO. */
int dmbc_nodes_append_wait(struct dmbc_node *n);

/* The journal's reclaim: appends of all nodes pinned at or before @seq; waits for them. Sleeps. */
void dmbc_nodes_write_older(struct dmbc_nodes *ns, __u64 seq);
/* Appends of all dirty nodes, and waits. 0, -EIO. */
int dmbc_nodes_write_all(struct dmbc_nodes *ns);

/* Called once (must only wake) at the first failed write: the set is lost for writing. */
void dmbc_nodes_on_error(struct dmbc_nodes *ns, void (*fn)(void *ctx, int error), void *ctx);

/* As dmbc_journal_on_settle(): called before the keys of a leaf are written, with its lock held. */
void dmbc_nodes_on_settle(struct dmbc_nodes *ns, void (*settle)(void *ctx), void *ctx);

struct dmbc_nodes_stats {
	__u64 pinned_bytes, cap_bytes;
	__u32 nodes, dirty_nodes;
	__u64 reads, appends, evictions;
	__u64 written_sectors;
	struct dmbc_timing read, sort; /* of a node; of the keys of one before they are appended */
};

void dmbc_nodes_get_stats(struct dmbc_nodes *ns, struct dmbc_nodes_stats *s);

#endif
