/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Btree nodes in memory: a bounded cache of pinned nodes over dm-bufio memory,
 * found by bucket through an RCU hash; reading, appending and writing them.
 *
 * Life of a node: miss -> blockio read -> lib/nodekeys load -> hashed.
 * Inserts fill its open run under the write lock, and put it on the dirty list
 * in order of its journal pin. An append seals the open run into a bounce
 * buffer (copy under the lock), writes it PREFLUSH|FUA at the next block (so the
 * data the keys name is durable before them, format rule 13), one append of a
 * node at a time; its completion drops the journal pin. Eviction: clean nodes,
 * least recently used first, when over the cap or asked by the shrinker; dirty
 * ones are appended first.
 *
 * Locks: node->lock (rwsem): readers hold it while they look at keys, top-down
 * from parent to child; writers (index lock held) while they change them.
 * nodes->lock (spinlock) for hash changes, LRU and dirty list, inside node->lock.
 */
#ifndef DMBC_STORE_NODE_H
#define DMBC_STORE_NODE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "lib/nodekeys.h"

struct dmbc_blockio;
struct dmbc_buckets;
struct dmbc_journal;
struct dmbc_nodebuf;
struct dmbc_nodes;
struct workqueue_struct;

struct dmbc_node {
	/* set at creation, constant while the node is hashed */
	struct dmbc_key key; /* that points here (as in the parent) */
	unsigned int level; /* 0: leaf */
	struct dmbc_nodes *nodes;

	struct rw_semaphore lock;
	/* under lock */
	struct dmbc_nodekeys keys;
	__u64 seq; /* of its sets on the medium */
	__u32 written; /* blocks */
	__u32 stale_max; /* generations behind, worst pointer seen at load */
	bool dead; /* no longer in the tree or the cache: look it up again */
	bool appending; /* one append in flight; changed under nodes->lock as well */
	__u64 open_pin; /* journal sequence pinned by the open run; 0 none */
	__u64 flight_pin; /* by the run being appended */
	unsigned long dirtied; /* jiffies of the first key in the open run */

	/* under nodes->lock */
	struct hlist_node hash;
	struct list_head lru; /* clean and dirty nodes alike */
	struct list_head dirty; /* by open_pin; empty when the open run is empty */
	int holds; /* users that keep it from eviction without its lock */

	struct dmbc_nodebuf *buf;
	void *data;
	struct dmbc_bset_tree_entry *tree;
	struct rcu_head rcu;
};

struct dmbc_nodes_config {
	struct dmbc_blockio *io;
	const struct dmbc_geometry *g;
	struct dmbc_buckets *buckets;
	struct dmbc_journal *journal;
	struct workqueue_struct *wq; /* timed appends, eviction */
	__u64 cap_bytes; /* memory of pinned nodes; 0: default, 1 % of RAM */
};

struct dmbc_nodes *dmbc_nodes_create(const struct dmbc_nodes_config *c); /* sleeps; ERR_PTR */
void dmbc_nodes_destroy(struct dmbc_nodes *ns); /* all appended or given up before */

/*
 * map() context, inside rcu_read_lock: the node of @key if it is in memory and
 * its lock could be had for reading at once; else NULL. Drop with up_read.
 */
struct dmbc_node *dmbc_nodes_try_read(struct dmbc_nodes *ns, const struct dmbc_key *key);

/*
 * The node that @key points to, read in if need be, with its lock held for
 * reading or writing. Sleeps. ERR_PTR(-EIO) bad node (logged with its reason),
 * -ENOMEM. The caller holds the parent's lock or the index lock, so that @key
 * is current. Lockdep subclass is the level.
 */
struct dmbc_node *dmbc_nodes_get_read(struct dmbc_nodes *ns, const struct dmbc_key *key,
				      unsigned int level);
struct dmbc_node *dmbc_nodes_get_write(struct dmbc_nodes *ns, const struct dmbc_key *key,
				       unsigned int level);
void dmbc_nodes_prefetch(struct dmbc_nodes *ns, const struct dmbc_key *key);

/* Lets eviction shrink the cache to its cap; sleeps; no node lock held. Call after get_* work. */
void dmbc_nodes_balance(struct dmbc_nodes *ns);

/* A new, empty node at bucket pointer @ptr, write-locked, not hashed yet. Sleeps. ERR_PTR. */
struct dmbc_node *dmbc_nodes_new(struct dmbc_nodes *ns, const struct dmbc_key *key,
				 unsigned int level);
/* Writes a new node (one first set from its sealed run), waits until durable. 0, -EIO. */
int dmbc_nodes_write_first(struct dmbc_node *n);
void dmbc_nodes_publish(struct dmbc_node *n); /* hashes it; the lock stays held */
/* Node is out of the tree (write-locked): unhash, drop its pins and memory; dead. The bucket is the
 * caller's matter. Waits for its append in flight. */
void dmbc_nodes_kill(struct dmbc_node *n);

/* Under the write lock, after the first key went into the open run with journal @seq. */
void dmbc_nodes_dirtied(struct dmbc_node *n, __u64 seq);
/* Would the open run, with @words more, still fit the node on disk? (write lock) */
bool dmbc_nodes_fits(struct dmbc_node *n, __u32 words);
/* Starts an append if there is anything to append and none is in flight. Write lock held; the I/O
 * completes later. */
void dmbc_nodes_append(struct dmbc_node *n);
/* Appends (again and again) until the open run is on the medium; sleeps; write lock held on entry,
 * dropped and retaken. 0, -EIO. */
int dmbc_nodes_append_wait(struct dmbc_node *n);

/* The journal's reclaim: appends of all nodes pinned at or before @seq; waits for them. Sleeps. */
void dmbc_nodes_write_older(struct dmbc_nodes *ns, __u64 seq);
/* Appends of all dirty nodes, and waits. 0, -EIO. */
int dmbc_nodes_write_all(struct dmbc_nodes *ns);

/* Called once (must only wake) at the first failed append: the set is lost for writing. */
void dmbc_nodes_on_error(struct dmbc_nodes *ns, void (*fn)(void *ctx, int error), void *ctx);

struct dmbc_nodes_stats {
	__u64 pinned_bytes, cap_bytes;
	__u32 nodes, dirty_nodes;
	__u64 reads, appends, evictions;
};

void dmbc_nodes_get_stats(struct dmbc_nodes *ns, struct dmbc_nodes_stats *s);

#endif
