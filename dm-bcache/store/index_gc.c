// SPDX-License-Identifier: GPL-2.0
/*
 * Garbage collection of the index: generations and sparse nodes.
 *
 * A bucket's generation may run at most so far ahead of the oldest pointer to
 * it (format rule 5). A pass finds the oldest pointer to every bucket, stale
 * ones included. For the leaf at its position, in time order:
 *   pass_by()    survey() notes stale pointers and counts; a leaf in order is
 *                done, under its own lock only;
 *   gc_leaf()    else, under the index lock, looks at it again, and at interior
 *                nodes that begin here:
 *   tidy()         rewrites a node with pointers far behind, or little else
 *                  than dead keys;
 *   coalesce()     merges the leaf with its neighbours if they fit one node;
 *   move_on()    the position moves behind the leaf.
 * publish() gives the result to the buckets at the end of the tree.
 *
 * Pointers that come into the tree behind the position are of a generation that
 * was current during the pass: never older than what the pass began with.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "store/index_internal.h"

#define MAX_BEHIND 10 /* generations */
#define PUBLISH_BATCH 4096

int dmbc_index_gc_start(struct dmbc_index *ix, struct dmbc_index_gc *gc)
{
	__u64 i;

	*gc = (struct dmbc_index_gc){ .running = true };
	gc->oldest = kvmalloc(ix->c.g->nbuckets, GFP_KERNEL);
	if (!gc->oldest) {
		gc->running = false;
		return -ENOMEM;
	}
	for (i = 0; i < ix->c.g->nbuckets; i++)
		gc->oldest[i] = READ_ONCE(ix->c.buckets->b[i].gen);
	return 0;
}

void dmbc_index_gc_end(struct dmbc_index_gc *gc)
{
	kvfree(gc->oldest);
	gc->oldest = NULL;
	gc->running = false;
}

/* ---- looking at a node --------------------------------------------------------------- */

struct census {
	__u32 live;
	__u32 keys;
	int behind; /* generations, worst pointer */
};

/* Pointers that count: in a leaf, what newer keys have not covered; in interior nodes all. */
static bool counts(const struct dmbc_node *n, const struct dmbc_key *k)
{
	return dmbc_key_has_ptr(k) && (n->level || dmbc_key_size(k));
}

static void note(const struct dmbc_index *ix, struct dmbc_index_gc *gc, __u64 ptr)
{
	__u8 *oldest = &gc->oldest[dmbc_geometry_bucket(ix->c.g, dmbc_ptr_sector(ptr))];

	if (dmbc_gen_ahead(*oldest, dmbc_ptr_gen(ptr)) > 0)
		*oldest = dmbc_ptr_gen(ptr);
}

/*
 * Counts the keys of a locked node and notes its stale pointers; not those more
 * than @limit generations behind: the node will be rewritten without them.
 */
static void survey(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_node *n, int limit,
		   struct census *c)
{
	struct dmbc_nodekeys_iter it;
	const struct dmbc_key *k;

	*c = (struct census){ 0 };
	dmbc_nodekeys_iter_start(&it, &n->keys, 0, 0);
	while ((k = dmbc_nodekeys_iter_next(&it))) {
		const struct dmbc_bucket *b;
		int behind;

		c->keys++;
		if (!counts(n, k))
			continue;
		b = dmbc_bucket_at_sector(ix->c.buckets, dmbc_ptr_sector(k->ptr));
		behind = dmbc_gen_ahead(READ_ONCE(b->gen), dmbc_ptr_gen(k->ptr));
		/* as many as a rewrite would keep */
		if (!behind || (!n->level && dmbc_index_there(ix, k)))
			c->live += dmbc_key_size(k) && !dmbc_key_is_zero(k);
		if (!behind)
			continue;
		if (behind <= limit)
			note(ix, gc, k->ptr);
		if (behind > c->behind)
			c->behind = behind;
	}
}

static void lock_and_survey(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_node *n,
			    int limit, struct census *c)
{
	*c = (struct census){ 0 };
	if (dmbc_node_lock_read(n)) {
		survey(ix, gc, n, limit, c);
		dmbc_node_unlock_read(n);
	}
}

/* The node is done. */
static void move_on(struct dmbc_index_gc *gc, const struct dmbc_node *n, const struct census *c)
{
	gc->noted[n->level].inode = dmbc_key_inode(&n->key);
	gc->noted[n->level].pos = n->key.low;
	gc->keys += c->keys;
	gc->nodes++;
	if (!n->level) {
		gc->inode = gc->noted[0].inode;
		gc->pos = gc->noted[0].pos;
	}
}

/* ---- rewriting -------------------------------------------------------------------------- */

/* Holds pointers far behind, or is used up more than half way by sets of which little is left. */
static bool untidy(const struct dmbc_index *ix, const struct dmbc_node *n, const struct census *c)
{
	const struct dmbc_geometry *g = ix->c.g;
	__u32 used = n->written * g->block_sectors;

	return c->behind > MAX_BEHIND ||
	       (used > g->node_sectors / 2 &&
		dmbc_index_set_bytes(c->live) < used * DMBC_SECTOR_BYTES / 4);
}

/* Bytes that a merged leaf may have. */
static __u32 merge_room(const struct dmbc_index *ix)
{
	return ix->c.g->node_sectors * DMBC_SECTOR_BYTES / 3 * 2;
}

static bool sparse(const struct dmbc_index *ix, const struct census *c)
{
	return dmbc_index_set_bytes(c->live) < merge_room(ix) / 4 * 3;
}

/* 1: the node at @level was rewritten; 0: it cannot be rewritten now. */
static int tidy(struct dmbc_index *ix, struct dmbc_index_gc *gc, unsigned int level)
{
	int r = dmbc_index_rewrite(ix, gc->inode, gc->pos, level);

	if (r == -EAGAIN || r == -ENOSPC)
		return 0;
	if (r)
		return r;
	gc->rewritten++;
	return 1;
}

/* The leaf that follows @leaf under @parent, held; NULL: there is none. */
static struct dmbc_node *neighbour(struct dmbc_index *ix, struct dmbc_node *parent,
				   const struct dmbc_node *leaf)
{
	struct dmbc_node *n = NULL;
	struct dmbc_key k;

	if (!dmbc_key_cmp(&leaf->key, &parent->key) || !dmbc_node_lock_read(parent))
		return NULL;
	if (dmbc_nodekeys_child(&parent->keys, dmbc_key_inode(&leaf->key), leaf->key.low, &k))
		n = dmbc_nodes_get_read(ix->c.nodes, &k, 0);
	if (!IS_ERR_OR_NULL(n)) {
		dmbc_node_hold(n);
		dmbc_node_unlock_read(n);
	}
	dmbc_node_unlock_read(parent);
	return n;
}

/* Finds neighbours that fit one node with @leaf[0]; returns how many with it. They are held. */
static int gather(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_node *parent,
		  struct dmbc_node **leaf, __u32 live)
{
	struct census c;
	int nr = 1;

	while (nr < DMBC_INDEX_MERGE_MAX) {
		struct dmbc_node *n = neighbour(ix, parent, leaf[nr - 1]);

		if (IS_ERR_OR_NULL(n))
			break;
		lock_and_survey(ix, gc, n, MAX_BEHIND, &c);
		live += c.live;
		if (dmbc_index_set_bytes(live) > merge_room(ix)) {
			dmbc_node_put(n);
			break;
		}
		leaf[nr++] = n;
	}
	return nr;
}

/* 1: the leaf, which has @live keys, and some of its neighbours have become one; 0: not. */
static int coalesce(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_index_path *p,
		    __u32 live)
{
	struct dmbc_node *leaf[DMBC_INDEX_MERGE_MAX] = { p->node[0] };
	int nr, i, r = -EAGAIN;

	if (p->depth == 1)
		return 0;
	nr = gather(ix, gc, p->node[1], leaf, live);
	if (nr > 1)
		r = dmbc_index_merge(ix, p, leaf, nr);
	for (i = 1; i < nr; i++)
		dmbc_node_put(leaf[i]);
	if (r == -EAGAIN || r == -ENOSPC)
		return 0;
	if (r)
		return r;
	gc->merged += nr - 1;
	return 1;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static bool noted(const struct dmbc_index_gc *gc, unsigned int level)
{
	return dmbc_pos_cmp(gc->noted[level].inode, gc->noted[level].pos, gc->inode, gc->pos) > 0;
}

/*
 * Most leaves are in order: without the index lock. True: done. The leaf's lock
 * is enough, as what comes into it later is current.
 */
static bool pass_by(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_node *leaf)
{
	unsigned int level = dmbc_index_depth(ix);
	struct census c;

	while (--level)
		if (!noted(gc, level))
			return false;
	survey(ix, gc, leaf, MAX_BEHIND, &c);
	if (untidy(ix, leaf, &c) || sparse(ix, &c))
		return false;
	move_on(gc, leaf, &c);
	return true;
}

/* One try at the current position. 1: the tree has changed, look again. */
static int gc_path(struct dmbc_index *ix, struct dmbc_index_gc *gc, struct dmbc_index_path *p)
{
	unsigned int level = p->depth;

	while (level--) {
		struct dmbc_node *n = p->node[level];
		struct census c;
		int r = 0;

		if (level && noted(gc, level))
			continue;
		lock_and_survey(ix, gc, n, MAX_BEHIND, &c);
		if (untidy(ix, n, &c))
			r = tidy(ix, gc, level);
		if (!r && !level && sparse(ix, &c))
			r = coalesce(ix, gc, p, c.live);
		if (r)
			return r;
		if (c.behind > MAX_BEHIND) /* they stay after all */
			lock_and_survey(ix, gc, n, c.behind, &c);
		move_on(gc, n, &c);
	}
	return 0;
}

static int gc_leaf(struct dmbc_index *ix, struct dmbc_index_gc *gc)
{
	int r;

	lockdep_assert_held(&ix->lock);
	do {
		struct dmbc_index_path p;

		r = dmbc_index_error(ix);
		if (!r)
			r = dmbc_index_path_get(ix, gc->inode, gc->pos, &p);
		if (r)
			return r;
		r = gc_path(ix, gc, &p);
		dmbc_index_path_put(&p);
	} while (r > 0);
	return r;
}

static void publish(struct dmbc_index *ix, struct dmbc_index_gc *gc)
{
	struct dmbc_buckets *bs = ix->c.buckets;
	unsigned long flags;
	__u64 i;

	for (i = 0; i < ix->c.g->nbuckets; i++) {
		if (i % PUBLISH_BATCH == 0)
			cond_resched();
		spin_lock_irqsave(&bs->lock, flags);
		bs->b[i].oldest = gc->oldest[i];
		spin_unlock_irqrestore(&bs->lock, flags);
	}
}

/* The leaf at the position, and it moves behind it. */
static int step(struct dmbc_index *ix, struct dmbc_index_gc *gc)
{
	struct dmbc_node *leaf = dmbc_index_leaf(ix, gc->inode, gc->pos, false);
	bool done;
	int r;

	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	done = pass_by(ix, gc, leaf);
	dmbc_node_unlock_read(leaf);
	if (done)
		return 0;
	mutex_lock(&ix->lock);
	r = gc_leaf(ix, gc);
	mutex_unlock(&ix->lock);
	return r;
}

int dmbc_index_gc_step(struct dmbc_index *ix, struct dmbc_index_gc *gc, __u32 nodes)
{
	for (; nodes && !gc->done; nodes--) {
		int r = step(ix, gc);

		if (r)
			return r;
		gc->done = gc->inode == DMBC_KEY_MAX_INODE && gc->pos == DMBC_KEY_MAX_OFFSET;
		dmbc_nodes_balance(ix->c.nodes);
		cond_resched();
	}
	if (gc->done)
		publish(ix, gc);
	return 0;
}
