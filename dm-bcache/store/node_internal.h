/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by node.c, node_io.c and node_evict.c only. */
#ifndef DMBC_STORE_NODE_INTERNAL_H
#define DMBC_STORE_NODE_INTERNAL_H

#include <linux/hash.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "store/node.h"

#define DMBC_NODES_MIN_LEAVES 16
/* The open run is appended long before this; an insert that would pass it waits. */
#define DMBC_NODES_OPEN_WORDS 2048

struct dmbc_nodes {
	struct dmbc_nodes_config c;
	__u32 node_bytes, node_blocks, capacity, tree_bytes, cap_nodes;
	unsigned int hash_bits;
	struct hlist_head *hash;
	bool repair;
	int failed; /* first error of a write; set once */
	void (*on_error)(void *ctx, int error);
	void *on_error_ctx;
	void (*settle)(void *ctx);
	void *settle_ctx;

	spinlock_t lock; /* what follows, and what the nodes say is under it */
	struct list_head lru; /* all hashed nodes; eviction looks at the front */
	struct list_head dirty; /* in order of open_pin */
	struct list_head flight; /* appends in flight */
	__u32 nodes, leaves, dirty_nodes;
	__u64 appends, evictions, written_sectors;
	struct dmbc_timing read, sort;

	wait_queue_head_t wait; /* an append has ended, the reserve is free */
	void *reserve; /* bounce buffer when memory is short */
	bool reserve_used;
	struct delayed_work timed;

	struct mutex scratch_lock; /* inside node->lock: scratch, why */
	struct dmbc_key *scratch;
	struct dmbc_why why;
};

static inline __u64 dmbc_nodes_sector(const struct dmbc_node *n)
{
	return dmbc_ptr_sector(n->key.ptr);
}

static inline struct hlist_head *dmbc_nodes_chain(struct dmbc_nodes *ns, __u64 ptr)
{
	return &ns->hash[hash_64(dmbc_ptr_sector(ptr) >> ns->c.g->bucket_shift, ns->hash_bits)];
}

static inline struct dmbc_nodekeys_set dmbc_nodes_set(const struct dmbc_node *n)
{
	const struct dmbc_geometry *g = n->nodes->c.g;

	return (struct dmbc_nodekeys_set){
		.set_magic = g->set_magic,
		.seq = n->seq,
		.ptr_word = n->key.ptr,
		.block_sectors = g->block_sectors,
	};
}

/* node.c: the end of a write-locked node, held once by the caller: frees its memory, unhashes,
 * unlocks and puts it. Sleeps. */
void dmbc_nodes_bury(struct dmbc_node *n);

/* node_io.c: fills a write-locked placeholder from the medium. */
int dmbc_nodes_read(struct dmbc_node *n);
void dmbc_nodes_timed_append(struct work_struct *work);
/* node_io.c: no append of @n is in flight any more. */
void dmbc_nodes_wait_append(struct dmbc_node *n);

#endif
