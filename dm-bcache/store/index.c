// SPDX-License-Identifier: GPL-2.0
/*
 * The index itself: its root, the way down, lookups and counters.
 *
 * A lookup from map() (dmbc_index_try_leaf()) goes from the root to the leaf under RCU,
 * each node's lock only tried for, the parent's dropped when the child's is
 * had. No spinlock, no list is touched. Where that fails and the caller may
 * sleep, dmbc_index_leaf() goes the same way with sleeping locks and reads what
 * is missing.
 *
 * The root has no parent whose lock would keep it: a replaced root is dead once
 * it can be locked, and the way starts again at the new one.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "store/index_internal.h"

_Static_assert(DMBC_INDEX_MAX_DEPTH == DMBC_NODES_MAX_LEVELS, "depth of the index");

struct dmbc_index *dmbc_index_create(const struct dmbc_index_config *c)
{
	struct dmbc_index *ix = kzalloc(sizeof(*ix), GFP_KERNEL);

	if (!ix)
		return ERR_PTR(-ENOMEM);
	ix->c = *c;
	mutex_init(&ix->lock);
	atomic64_set(&ix->all_dirty, 0);
	ix->dirty = kvcalloc(c->inodes, sizeof(*ix->dirty), GFP_KERNEL);
	if (!ix->dirty) {
		kfree(ix);
		return ERR_PTR(-ENOMEM);
	}
	return ix;
}

void dmbc_index_destroy(struct dmbc_index *ix)
{
	if (ix->root)
		dmbc_node_put(ix->root);
	kvfree(ix->dirty);
	kfree(ix);
}

/* ---- the root ----------------------------------------------------------------------- */

void dmbc_index_set_root(struct dmbc_index *ix, struct dmbc_node *n)
{
	struct dmbc_node *old = ix->root;

	smp_store_release(&ix->root, n);
	if (old)
		dmbc_node_put(old);
}

/* The root, held; NULL before it is opened. */
static struct dmbc_node *hold_root(struct dmbc_index *ix)
{
	struct dmbc_node *n;
	bool held;

	for (;;) {
		rcu_read_lock();
		n = READ_ONCE(ix->root);
		held = n && dmbc_node_hold(n);
		rcu_read_unlock();
		if (held || !n)
			return n;
		cond_resched();
	}
}

/* The root, locked; for writing only if it is a leaf. */
static struct dmbc_node *lock_root(struct dmbc_index *ix, bool write)
{
	for (;;) {
		struct dmbc_node *n = hold_root(ix);
		bool alive;

		if (!n)
			return ERR_PTR(-EIO);
		alive = write && !n->level ? dmbc_node_lock_write(n) : dmbc_node_lock_read(n);
		dmbc_node_put(n);
		if (alive)
			return n;
	}
}

/* ---- the way down ------------------------------------------------------------------- */

struct dmbc_node *dmbc_index_leaf(struct dmbc_index *ix, __u32 inode, __u64 pos, bool write)
{
	struct dmbc_nodes *ns = ix->c.nodes;
	struct dmbc_node *n = lock_root(ix, write);

	while (!IS_ERR(n) && n->level) {
		struct dmbc_node *child = ERR_PTR(-EIO);
		struct dmbc_key k;

		if (dmbc_nodekeys_child(&n->keys, inode, pos, &k))
			child = write && n->level == 1 ? dmbc_nodes_get_write(ns, &k, 0)
						       : dmbc_nodes_get_read(ns, &k, n->level - 1);
		dmbc_node_unlock_read(n);
		n = child;
	}
	return n;
}

int dmbc_index_path_get(struct dmbc_index *ix, __u32 inode, __u64 pos, struct dmbc_index_path *p)
{
	struct dmbc_node *n = lock_root(ix, false);

	p->depth = 0;
	if (IS_ERR(n))
		return PTR_ERR(n);
	p->depth = n->level + 1;
	for (;;) {
		struct dmbc_node *child = ERR_PTR(-EIO);
		struct dmbc_key k;

		dmbc_node_hold(n);
		p->node[n->level] = n;
		if (n->level && dmbc_nodekeys_child(&n->keys, inode, pos, &k))
			child = dmbc_nodes_get_read(ix->c.nodes, &k, n->level - 1);
		dmbc_node_unlock_read(n);
		if (!n->level)
			return 0;
		if (IS_ERR(child)) {
			while (p->depth > n->level)
				dmbc_node_put(p->node[--p->depth]);
			p->depth = 0;
			return PTR_ERR(child);
		}
		n = child;
	}
}

void dmbc_index_path_put(struct dmbc_index_path *p)
{
	while (p->depth)
		dmbc_node_put(p->node[--p->depth]);
}

unsigned int dmbc_index_root_percent(struct dmbc_index *ix)
{
	struct dmbc_node *n = lock_root(ix, false);
	unsigned int percent;

	if (IS_ERR(n))
		return 0;
	percent = (__u64)dmbc_nodekeys_count(&n->keys).live * 100 / n->keys.capacity;
	dmbc_node_unlock_read(n);
	return percent;
}

/* ---- lookup ----------------------------------------------------------------------------- */

/* What the locked leaf says. */
static void answer(struct dmbc_index *ix, struct dmbc_node *leaf, __u32 inode, __u64 start,
		   __u64 limit, struct dmbc_fragment *f)
{
	struct dmbc_key k;

	limit = dmbc_index_leaf_limit(leaf, inode, limit);
	f->kind = DMBC_FRAGMENT_HOLE;
	f->revivable = false;
	if (!dmbc_nodekeys_lookup(&leaf->keys, inode, start, limit, &k, &f->end))
		return;
	f->ptr = k.ptr + ((start - dmbc_key_start(&k)) << DMBC_PTR_OFFSET_SHIFT);
	if (dmbc_bucket_pin(ix->c.buckets, f->ptr))
		f->kind = dmbc_key_dirty(&k) ? DMBC_FRAGMENT_DIRTY : DMBC_FRAGMENT_CLEAN;
	else
		f->revivable = !dmbc_bucket_gone(ix->c.buckets, f->ptr);
}

struct dmbc_node *dmbc_index_try_leaf(struct dmbc_index *ix, __u32 inode, __u64 pos)
{
	struct dmbc_node *n = READ_ONCE(ix->root);

	if (!n || !dmbc_node_try_read(n))
		return NULL;
	while (n->level) {
		struct dmbc_node *child = NULL;
		struct dmbc_key k;

		if (dmbc_nodekeys_child(&n->keys, inode, pos, &k))
			child = dmbc_nodes_try_read(ix->c.nodes, &k);
		up_read(&n->lock);
		if (!child)
			return NULL;
		n = child;
	}
	return n;
}

int dmbc_index_lookup(struct dmbc_index *ix, __u32 inode, __u64 start, __u32 sectors,
		      bool may_sleep, struct dmbc_fragment *f)
{
	struct dmbc_node *leaf;

	rcu_read_lock();
	leaf = dmbc_index_try_leaf(ix, inode, start);
	if (leaf) {
		answer(ix, leaf, inode, start, start + sectors, f);
		up_read(&leaf->lock);
	}
	rcu_read_unlock();
	if (leaf)
		return 0;
	if (!may_sleep)
		return -EAGAIN;
	leaf = dmbc_index_leaf(ix, inode, start, false);
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	answer(ix, leaf, inode, start, start + sectors, f);
	dmbc_node_unlock_read(leaf);
	dmbc_nodes_balance(ix->c.nodes);
	return 0;
}

/* ---- counters ----------------------------------------------------------------------------- */

void dmbc_index_add_dirty(struct dmbc_index *ix, __u32 inode, __s64 sectors)
{
	atomic64_add(sectors, &ix->all_dirty);
	if (inode < ix->c.inodes)
		atomic64_add(sectors, &ix->dirty[inode]);
}

__u64 dmbc_index_dirty_sectors(struct dmbc_index *ix, __u32 inode)
{
	return inode < ix->c.inodes ? atomic64_read(&ix->dirty[inode]) : 0;
}

__u64 dmbc_index_all_dirty_sectors(struct dmbc_index *ix)
{
	return atomic64_read(&ix->all_dirty);
}

unsigned int dmbc_index_depth(struct dmbc_index *ix)
{
	struct dmbc_node *root;
	unsigned int depth;

	rcu_read_lock();
	root = READ_ONCE(ix->root);
	depth = root ? root->level + 1 : 0;
	rcu_read_unlock();
	return depth;
}

struct dmbc_timing dmbc_index_rewrites(const struct dmbc_index *ix)
{
	return ix->rewrites;
}

void dmbc_index_set_failed(struct dmbc_index *ix, int error)
{
	WRITE_ONCE(ix->error, error);
}
