// SPDX-License-Identifier: GPL-2.0
/*
 * The node cache: the hash, its nodes' locks and lifetimes.
 *
 * A lookup that may sleep first tries what map() does (find under RCU, trylock).
 * Else get_node() takes a hold, which keeps the node hashed, and sleeps for the
 * lock; on a miss read_in() hashes a placeholder with its lock held, so that
 * others who want the same node wait for the one read.
 *
 * A node ends in dmbc_nodes_bury(): under its write lock its memory goes, then it
 * leaves the hash and is dead. The structure itself goes after the last hold
 * and an RCU grace period, because a reader may still try its lock.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "store/blockio.h"
#include "store/journal.h"
#include "store/node_internal.h"

#define MAX_HASH_BITS 16
/* Locks are taken from the root down: one class for each level. */
static struct lock_class_key level_class[DMBC_NODES_MAX_LEVELS];

#define BOUNCE_BYTES 32768 /* at least DMBC_NODES_OPEN_WORDS and a block; a power of two */

/* ---- the hash ------------------------------------------------------------------ */

/* Under rcu_read_lock() or ns->lock. */
static struct dmbc_node *find_node(struct dmbc_nodes *ns, __u64 ptr)
{
	struct dmbc_node *n;

	hlist_for_each_entry_rcu(n, dmbc_nodes_chain(ns, ptr),
				 hash) if (n->key.ptr == ptr) return n;
	return NULL;
}

/* False: another one is there. */
static bool hash_node(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	bool first;

	spin_lock(&ns->lock);
	first = !find_node(ns, n->key.ptr);
	if (first) {
		hlist_add_head_rcu(&n->hash, dmbc_nodes_chain(ns, n->key.ptr));
		list_add_tail(&n->lru, &ns->lru);
		ns->nodes++;
		ns->leaves += !n->level;
	}
	spin_unlock(&ns->lock);
	return first;
}

static void free_memory(struct dmbc_node *n)
{
	kvfree(n->keys.tree_mem);
	if (n->buf)
		dmbc_blockio_node_release(n->buf);
}

void dmbc_nodes_bury(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;

	lockdep_assert_held_write(&n->lock);
	/* while it is hashed nobody else reads this node: its memory has one user */
	free_memory(n);
	spin_lock(&ns->lock);
	hlist_del_rcu(&n->hash);
	list_del_init(&n->lru);
	if (!list_empty(&n->dirty)) {
		list_del_init(&n->dirty);
		ns->dirty_nodes--;
	}
	n->dead = true;
	ns->nodes--;
	ns->leaves -= !n->level;
	spin_unlock(&ns->lock);
	dmbc_node_unlock_write(n);
	dmbc_node_put(n);
}

/* ---- holds ------------------------------------------------------------------------ */

bool dmbc_node_hold(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	bool alive;

	spin_lock(&ns->lock);
	alive = !n->dead;
	if (alive)
		n->holds++;
	spin_unlock(&ns->lock);
	return alive;
}

void dmbc_node_put(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	bool last;

	spin_lock(&ns->lock);
	last = !--n->holds && n->dead;
	spin_unlock(&ns->lock);
	if (last)
		kfree_rcu(n, rcu);
}

/* ---- locking ----------------------------------------------------------------------- */

bool dmbc_node_try_read(struct dmbc_node *n)
{
	if (!down_read_trylock(&n->lock))
		return false;
	if (n->dead) {
		up_read(&n->lock);
		return false;
	}
	if (!READ_ONCE(n->used))
		WRITE_ONCE(n->used, true);
	return true;
}

struct dmbc_node *dmbc_nodes_try_read(struct dmbc_nodes *ns, const struct dmbc_key *key)
{
	struct dmbc_node *n = find_node(ns, key->ptr);

	return n && dmbc_node_try_read(n) ? n : NULL;
}

static struct dmbc_node *try_write(struct dmbc_nodes *ns, const struct dmbc_key *key)
{
	struct dmbc_node *n = find_node(ns, key->ptr);

	if (!n || !down_write_trylock(&n->lock))
		return NULL;
	if (!n->dead)
		return n;
	up_write(&n->lock);
	return NULL;
}

bool dmbc_node_lock_read(struct dmbc_node *n)
{
	down_read(&n->lock);
	if (n->dead) {
		dmbc_node_unlock_read(n);
		return false;
	}
	WRITE_ONCE(n->used, true);
	return true;
}

bool dmbc_node_lock_write(struct dmbc_node *n)
{
	down_write(&n->lock);
	if (n->dead) {
		dmbc_node_unlock_write(n);
		return false;
	}
	WRITE_ONCE(n->used, true);
	return true;
}

/* ---- creation --------------------------------------------------------------------- */

static struct dmbc_node *alloc_node(struct dmbc_nodes *ns, const struct dmbc_key *key,
				    unsigned int level)
{
	struct dmbc_node *n = kzalloc(sizeof(*n), GFP_NOIO);

	if (!n)
		return NULL;
	n->key = *key;
	n->level = level;
	n->nodes = ns;
	n->used = true;
	n->holds = 1;
	init_rwsem(&n->lock);
	lockdep_set_class(&n->lock, &level_class[level]);
	INIT_LIST_HEAD(&n->lru);
	INIT_LIST_HEAD(&n->dirty);
	INIT_LIST_HEAD(&n->flight);
	return n;
}

/* Makes the placeholder of @key and fills it; 0 also if somebody else did. */
static int read_in(struct dmbc_nodes *ns, const struct dmbc_key *key, unsigned int level)
{
	struct dmbc_node *n = alloc_node(ns, key, level);
	int r;

	if (!n)
		return -ENOMEM;
	down_write(&n->lock);
	if (!hash_node(n)) {
		up_write(&n->lock);
		kfree(n);
		return 0;
	}
	r = dmbc_nodes_read(n);
	if (r) {
		dmbc_nodes_bury(n);
		return r;
	}
	dmbc_node_unlock_write(n);
	dmbc_node_put(n);
	return 0;
}

static struct dmbc_node *find_and_hold(struct dmbc_nodes *ns, const struct dmbc_key *key)
{
	struct dmbc_node *n;

	spin_lock(&ns->lock);
	n = find_node(ns, key->ptr);
	if (n)
		n->holds++;
	spin_unlock(&ns->lock);
	return n;
}

/* Waits for the node and for its lock. */
static struct dmbc_node *get_node(struct dmbc_nodes *ns, const struct dmbc_key *key,
				  unsigned int level, bool write)
{
	for (;;) {
		struct dmbc_node *n = find_and_hold(ns, key);
		bool alive;
		int r;

		if (!n) {
			r = read_in(ns, key, level);
			if (r)
				return ERR_PTR(r);
			continue;
		}
		alive = write ? dmbc_node_lock_write(n) : dmbc_node_lock_read(n);
		dmbc_node_put(n);
		if (alive)
			return n;
	}
}

struct dmbc_node *dmbc_nodes_get_read(struct dmbc_nodes *ns, const struct dmbc_key *key,
				      unsigned int level)
{
	struct dmbc_node *n;

	rcu_read_lock();
	n = dmbc_nodes_try_read(ns, key);
	rcu_read_unlock();
	return n ? n : get_node(ns, key, level, false);
}

struct dmbc_node *dmbc_nodes_get_write(struct dmbc_nodes *ns, const struct dmbc_key *key,
				       unsigned int level)
{
	struct dmbc_node *n;

	rcu_read_lock();
	n = try_write(ns, key);
	rcu_read_unlock();
	return n ? n : get_node(ns, key, level, true);
}

void dmbc_nodes_prefetch(struct dmbc_nodes *ns, const struct dmbc_key *key)
{
	bool there;

	rcu_read_lock();
	there = find_node(ns, key->ptr);
	rcu_read_unlock();
	if (!there)
		dmbc_blockio_node_prefetch(ns->c.io, dmbc_ptr_sector(key->ptr));
}

/* ---- new and dead nodes -------------------------------------------------------------- */

struct dmbc_node *dmbc_nodes_new(struct dmbc_nodes *ns, const struct dmbc_key *key,
				 unsigned int level)
{
	struct dmbc_bset_tree_entry *tree = kvmalloc(ns->tree_bytes, GFP_NOIO);
	struct dmbc_node *n = alloc_node(ns, key, level);
	void *data;

	if (!n || !tree) {
		kvfree(tree);
		kfree(n);
		return ERR_PTR(-ENOMEM);
	}
	data = dmbc_blockio_node_new(ns->c.io, dmbc_nodes_sector(n), &n->buf);
	if (IS_ERR(data)) {
		kvfree(tree);
		kfree(n);
		return ERR_CAST(data);
	}
	n->data = data;
	do
		get_random_bytes(&n->seq, sizeof(n->seq));
	while (!n->seq);
	dmbc_nodekeys_init(&n->keys, data + sizeof(struct dmbc_disk_bset), ns->capacity, tree,
			   !level, ns->c.g->bucket_shift);
	return n;
}

void dmbc_nodes_publish(struct dmbc_node *n)
{
	WARN_ON_ONCE(!hash_node(n));
}

void dmbc_nodes_discard(struct dmbc_node *n)
{
	free_memory(n);
	kfree(n);
}

void dmbc_nodes_kill(struct dmbc_node *n)
{
	struct dmbc_nodes *ns = n->nodes;
	__u64 pin;

	lockdep_assert_held_write(&n->lock);
	dmbc_nodes_wait_append(n);
	spin_lock(&ns->lock);
	n->holds++;
	pin = n->open_pin;
	n->open_pin = 0;
	spin_unlock(&ns->lock);
	if (pin)
		dmbc_journal_unpin(ns->c.journal, pin);
	dmbc_nodes_bury(n);
}

/* ---- the cache as a whole ---------------------------------------------------------- */

void dmbc_nodes_why(struct dmbc_nodes *ns, struct dmbc_why *why)
{
	mutex_lock(&ns->scratch_lock);
	*why = ns->why;
	mutex_unlock(&ns->scratch_lock);
}

void dmbc_nodes_set_repair(struct dmbc_nodes *ns, bool on)
{
	WRITE_ONCE(ns->repair, on);
}

void dmbc_nodes_on_settle(struct dmbc_nodes *ns, void (*settle)(void *ctx), void *ctx)
{
	ns->settle = settle;
	ns->settle_ctx = ctx;
}

void dmbc_nodes_on_error(struct dmbc_nodes *ns, void (*fn)(void *ctx, int error), void *ctx)
{
	ns->on_error_ctx = ctx;
	ns->on_error = fn;
}

void dmbc_nodes_get_stats(struct dmbc_nodes *ns, struct dmbc_nodes_stats *s)
{
	spin_lock(&ns->lock);
	*s = (struct dmbc_nodes_stats){
		.pinned_bytes = (__u64)ns->nodes * ns->node_bytes,
		.cap_bytes = ns->c.cap_bytes,
		.nodes = ns->nodes,
		.dirty_nodes = ns->dirty_nodes,
		.reads = ns->read.count,
		.appends = ns->appends,
		.evictions = ns->evictions,
		.written_sectors = ns->written_sectors,
		.read = ns->read,
		.sort = ns->sort,
	};
	spin_unlock(&ns->lock);
}

static void init_sizes(struct dmbc_nodes *ns)
{
	const struct dmbc_geometry *g = ns->c.g;

	ns->node_bytes = g->node_sectors * DMBC_SECTOR_BYTES;
	ns->node_blocks = g->node_sectors / g->block_sectors;
	ns->capacity = dmbc_nodekeys_capacity(ns->node_bytes);
	ns->tree_bytes =
		dmbc_nodekeys_tree_capacity(ns->capacity) * sizeof(struct dmbc_bset_tree_entry);
	ns->cap_nodes = min_t(__u64, div_u64(ns->c.cap_bytes, ns->node_bytes), S32_MAX);
	ns->hash_bits =
		min_t(__u32, ilog2(ns->cap_nodes + 4 * DMBC_NODES_MIN_LEAVES) + 1, MAX_HASH_BITS);
}

struct dmbc_nodes *dmbc_nodes_create(const struct dmbc_nodes_config *c)
{
	struct dmbc_nodes *ns;

	if (c->g->node_sectors < 2 * c->g->block_sectors)
		return ERR_PTR(-EINVAL); /* nothing could ever be appended */
	ns = kzalloc(sizeof(*ns), GFP_KERNEL);
	if (!ns)
		return ERR_PTR(-ENOMEM);
	ns->c = *c;
	init_sizes(ns);
	spin_lock_init(&ns->lock);
	mutex_init(&ns->scratch_lock);
	init_waitqueue_head(&ns->wait);
	INIT_LIST_HEAD(&ns->lru);
	INIT_LIST_HEAD(&ns->dirty);
	INIT_LIST_HEAD(&ns->flight);
	INIT_DELAYED_WORK(&ns->timed, dmbc_nodes_timed_append);
	ns->hash = kvcalloc(1U << ns->hash_bits, sizeof(*ns->hash), GFP_KERNEL);
	ns->scratch = kvcalloc(ns->capacity, sizeof(*ns->scratch), GFP_KERNEL);
	ns->reserve = kmalloc(BOUNCE_BYTES, GFP_KERNEL);
	if (!ns->hash || !ns->scratch || !ns->reserve) {
		dmbc_nodes_destroy(ns);
		return ERR_PTR(-ENOMEM);
	}
	return ns;
}

void dmbc_nodes_destroy(struct dmbc_nodes *ns)
{
	struct dmbc_node *n, *next;

	cancel_delayed_work_sync(&ns->timed);
	list_for_each_entry_safe(n, next, &ns->lru, lru) {
		dmbc_nodes_wait_append(n);
		free_memory(n);
		kfree_rcu(n, rcu);
	}
	kfree(ns->reserve);
	kvfree(ns->scratch);
	kvfree(ns->hash);
	kfree(ns);
}
