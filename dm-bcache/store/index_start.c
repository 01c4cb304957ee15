// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing the index up.
 *
 * A new set: dmbc_index_create_root(). An existing one, in time order:
 *   dmbc_index_open_root()     the root that the newest journal entry names;
 *   dmbc_index_mark()          visit() goes over the whole tree, parents first:
 *                              what it points to is current, whose bucket is it,
 *                              how much is live;
 *   dmbc_index_mark_journal()  the journal's keys keep their buckets;
 *   dmbc_index_replay()        they go in again, oldest first;
 *   dmbc_index_unmark_journal().
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/sched.h>

#include "lib/port.h"
#include "store/index_internal.h"
#include "store/journal.h"

#define PREFETCH 8

static const struct dmbc_key max_key = {
	.high = DMBC_KEY_MARK | DMBC_KEY_MAX_INODE,
	.low = DMBC_KEY_MAX_OFFSET,
};

/* ---- the root ------------------------------------------------------------------------ */

int dmbc_index_create_root(struct dmbc_index *ix)
{
	struct dmbc_node *root = dmbc_index_new_node(ix, &max_key, 0);
	int r;

	if (IS_ERR(root))
		return PTR_ERR(root);
	r = dmbc_nodes_write_first(root);
	if (r) {
		dmbc_nodes_discard(root);
		return r;
	}
	dmbc_nodes_publish(root);
	dmbc_index_set_root(ix, root);
	dmbc_journal_set_root(ix->c.journal, &root->key, 0);
	return 0;
}

static int check_root(struct dmbc_index *ix, const struct dmbc_key *root, unsigned int level,
		      struct dmbc_why *why)
{
	if (level >= DMBC_INDEX_MAX_DEPTH) {
		dmbc_explain(why, "the index is %u levels deep, at most %u are possible", level + 1,
			     DMBC_INDEX_MAX_DEPTH);
		return -EINVAL;
	}
	if (!dmbc_key_is_max(root) || dmbc_key_size(root) != ix->c.g->node_sectors) {
		dmbc_explain(why,
			     "the root's key does not span the index or has another node size");
		return -EINVAL;
	}
	return dmbc_verify_interior_key(ix->c.g, root, why);
}

/* Why the node of @key could not be had. */
static int node_error(struct dmbc_index *ix, const struct dmbc_key *key, unsigned int level,
		      int error, struct dmbc_why *why)
{
	struct dmbc_why inner;

	dmbc_nodes_why(ix->c.nodes, &inner);
	dmbc_explain(why, "node at sector %llu, level %u: %.72s",
		     (unsigned long long)dmbc_ptr_sector(key->ptr), level,
		     inner.text[0] ? inner.text : "cannot be read");
	return error;
}

int dmbc_index_open_root(struct dmbc_index *ix, const struct dmbc_key *root, unsigned int level,
			 struct dmbc_why *why)
{
	int r = check_root(ix, root, level, why);
	struct dmbc_node *n;

	if (r)
		return r;
	dmbc_nodes_set_repair(ix->c.nodes, true);
	n = dmbc_nodes_get_read(ix->c.nodes, root, level);
	if (IS_ERR(n))
		return node_error(ix, root, level, PTR_ERR(n), why);
	dmbc_node_hold(n);
	dmbc_node_unlock_read(n);
	dmbc_index_set_root(ix, n);
	return 0;
}

/* ---- mark ------------------------------------------------------------------------------ */

/* What a child covers: positions after (inode, pos) up to and with its key. */
struct span {
	__u32 inode;
	__u64 pos;
	struct dmbc_key last;
};

static bool within(const struct span *s, const struct dmbc_key *k, bool leaf)
{
	__u64 start = leaf ? dmbc_key_start(k) : k->low;
	int below = dmbc_pos_cmp(dmbc_key_inode(k), start, s->inode, s->pos);

	return (leaf ? below >= 0 : below > 0) && dmbc_key_cmp(k, &s->last) <= 0;
}

static int damaged(const struct dmbc_node *n, const struct dmbc_key *k, const char *what,
		   struct dmbc_why *why)
{
	dmbc_explain(why, "node at sector %llu, level %u: key %u:%llu %s",
		     (unsigned long long)dmbc_ptr_sector(n->key.ptr), n->level, dmbc_key_inode(k),
		     (unsigned long long)k->low, what);
	return -EIO;
}

static int raise_gen(struct dmbc_index *ix, const struct dmbc_key *k)
{
	const struct dmbc_bucket *b;

	if (!dmbc_key_has_ptr(k))
		return 0;
	/*
	 * A generation is durable before its bucket is used again: never over dirty data.
	 * mark_leaf() refuses where the two are met in the other order.
	 */
	b = dmbc_bucket_at_sector(ix->c.buckets, dmbc_ptr_sector(k->ptr));
	if (b->dirty && dmbc_gen_ahead(b->gen, dmbc_ptr_gen(k->ptr)) < 0)
		return -EIO;
	dmbc_bucket_raise_gen(ix->c.buckets, k->ptr);
	return 0;
}

static int raise_all(struct dmbc_index *ix, struct dmbc_node *n, struct dmbc_why *why)
{
	struct dmbc_nodekeys_iter it;
	const struct dmbc_key *k;

	dmbc_nodekeys_iter_start(&it, &n->keys, 0, 0);
	while ((k = dmbc_nodekeys_iter_next(&it)))
		if (raise_gen(ix, k))
			return damaged(n, k, "is newer than dirty data in its bucket", why);
	return 0;
}

static int mark_leaf(struct dmbc_index *ix, struct dmbc_node *n, const struct span *s,
		     struct dmbc_why *why)
{
	struct dmbc_nodekeys_iter it;
	const struct dmbc_key *k;

	dmbc_nodekeys_iter_start(&it, &n->keys, 0, 0);
	while ((k = dmbc_nodekeys_iter_next(&it))) {
		__u8 use;

		if (!dmbc_key_size(k))
			continue;
		if (!within(s, k, true))
			return damaged(n, k, "lies outside of the node", why);
		if (dmbc_key_dirty(k) && dmbc_bucket_overtaken(ix->c.buckets, k->ptr))
			return damaged(n, k, "is dirty data in a bucket with a newer key", why);
		if (!dmbc_index_live(ix, k))
			continue;
		use = dmbc_bucket_at_sector(ix->c.buckets, dmbc_ptr_sector(k->ptr))->use;
		if (use != DMBC_BUCKET_UNUSED && use != DMBC_BUCKET_DATA)
			return damaged(n, k, "points to a bucket of metadata", why);
		dmbc_index_count(ix, k);
	}
	return 0;
}

/* The next live child of a held node; false at the end. */
static bool next_child(struct dmbc_node *n, __u32 inode, __u64 pos, struct dmbc_key *k)
{
	bool found = false;

	if (dmbc_node_lock_read(n)) {
		found = dmbc_nodekeys_child(&n->keys, inode, pos, k);
		dmbc_node_unlock_read(n);
	}
	return found;
}

/* Asks for children some way ahead of the walk. */
static void prefetch_children(struct dmbc_index *ix, struct dmbc_node *n, struct dmbc_key *ahead,
			      unsigned int nr)
{
	struct dmbc_key k;

	while (nr-- && next_child(n, dmbc_key_inode(ahead), ahead->low, &k)) {
		dmbc_nodes_prefetch(ix->c.nodes, &k);
		*ahead = k;
	}
}

static int visit(struct dmbc_index *ix, unsigned int level, const struct dmbc_key *key,
		 const struct span *s, struct dmbc_why *why);

static int visit_children(struct dmbc_index *ix, struct dmbc_node *n, const struct span *s,
			  struct dmbc_why *why)
{
	struct dmbc_key ahead = dmbc_key_make_hole(s->inode, s->pos, 0);
	struct span child = *s;

	prefetch_children(ix, n, &ahead, PREFETCH);
	while (next_child(n, child.inode, child.pos, &child.last)) {
		const struct dmbc_key *k = &child.last;
		int r;

		if (!within(s, k, false))
			return damaged(n, k, "lies outside of the node", why);
		if (dmbc_bucket_stale(ix->c.buckets, k->ptr))
			return damaged(n, k, "names a child that is stale", why);
		r = visit(ix, n->level - 1, k, &child, why);
		if (r)
			return r;
		prefetch_children(ix, n, &ahead, 1);
		child.inode = dmbc_key_inode(k);
		child.pos = k->low;
	}
	if (dmbc_pos_cmp(child.inode, child.pos, dmbc_key_inode(&s->last), s->last.low))
		return damaged(n, &s->last, "is not reached by the last child", why);
	return 0;
}

/* Depth-first; at most DMBC_INDEX_MAX_DEPTH calls deep. */
static int visit(struct dmbc_index *ix, unsigned int level, const struct dmbc_key *key,
		 const struct span *s, struct dmbc_why *why)
{
	__u64 bucket = dmbc_geometry_bucket(ix->c.g, dmbc_ptr_sector(key->ptr));
	struct dmbc_node *n = dmbc_nodes_get_read(ix->c.nodes, key, level);
	int r;

	if (IS_ERR(n))
		return node_error(ix, key, level, PTR_ERR(n), why);
	dmbc_node_hold(n);
	r = raise_all(ix, n, why);
	if (!r && ix->c.buckets->b[bucket].use != DMBC_BUCKET_UNUSED)
		r = damaged(n, key, "and something else are in one bucket", why);
	if (!r) {
		dmbc_bucket_set_metadata(ix->c.buckets, bucket);
		if (!level)
			r = mark_leaf(ix, n, s, why);
	}
	dmbc_node_unlock_read(n);
	if (!r && level)
		r = visit_children(ix, n, s, why);
	dmbc_node_put(n);
	if (!level)
		dmbc_nodes_balance(ix->c.nodes);
	cond_resched();
	return r;
}

int dmbc_index_mark(struct dmbc_index *ix, struct dmbc_why *why)
{
	struct dmbc_key root = ix->root->key;
	struct span all = { .last = root };
	int r;

	dmbc_bucket_raise_gen(ix->c.buckets, root.ptr);
	r = visit(ix, ix->root->level, &root, &all, why);
	dmbc_nodes_set_repair(ix->c.nodes, false);
	return r;
}

/* ---- the journal's keys ------------------------------------------------------------------ */

int dmbc_index_mark_journal(struct dmbc_index *ix, const struct dmbc_key *keys, __u32 nr)
{
	__u32 i;

	for (i = 0; i < nr; i++) {
		int r = raise_gen(ix, &keys[i]);

		if (r)
			return r;
		/* pinned even if it is stale: unmark does not know */
		if (dmbc_key_has_ptr(&keys[i]))
			atomic_inc(
				&dmbc_bucket_at_sector(ix->c.buckets, dmbc_ptr_sector(keys[i].ptr))
					 ->pins);
	}
	return 0;
}

/*
 * After the last key. The keys go to the medium at once, and then only the root
 * to the journal: the one entry that a start writes says that no older one is
 * needed. So starts that each lose power before their end do not fill the
 * journal, and one block of room is enough to end. What was dead under the old
 * root is free then.
 */
static void end_replay(struct dmbc_index *ix)
{
	if (dmbc_nodes_write_all(ix->c.nodes))
		return; /* that has failed the set */
	dmbc_journal_replayed(ix->c.journal, ~0ULL);
	mutex_lock(&ix->lock);
	dmbc_index_commit_root(ix);
	mutex_unlock(&ix->lock);
}

void dmbc_index_unmark_journal(struct dmbc_index *ix, const struct dmbc_key *keys, __u32 nr)
{
	__u32 i;

	end_replay(ix);
	for (i = 0; i < nr; i++)
		if (dmbc_key_has_ptr(&keys[i]))
			dmbc_bucket_unpin(ix->c.buckets, keys[i].ptr);
}

int dmbc_index_replay(struct dmbc_index *ix, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	int r = 0;
	__u32 i;

	ix->replaying = true;
	for (i = 0; i < nr && !r; i++)
		r = dmbc_index_insert_replayed(ix, &keys[i], seq);
	ix->replaying = false;
	dmbc_nodes_balance(ix->c.nodes);
	return r;
}
