// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting nodes: the only way to make room, and to get rid of dead keys.
 *
 * A rewrite turns one node into one or two, or a few sparse neighbours into
 * one. In time order, all under the index lock:
 *   1. collect() copies what is live into a new node in a fresh bucket;
 *   2. divide() moves the rear part to a second one if that is too much;
 *   3. put_in_place() writes them, durable;
 *   4. link(): the parent gets the new keys and a freeing key for each dead
 *      node in one append, durable; in place of a root comes a new root, named
 *      by a journal entry, durable;
 *   5. retire(): the old nodes leave memory, with their journal pins, and their
 *      buckets may be used again.
 * A power cut before 4 finds the old nodes, still whole, after it the new ones.
 *
 * Readers go on: they see the old node until its parent has the new keys, and
 * both say the same.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "lib/extent.h"
#include "store/alloc.h"
#include "store/index_internal.h"
#include "store/journal.h"

struct rewrite {
	struct dmbc_index *ix;
	struct dmbc_node *parent; /* NULL: the old node is the root */
	struct dmbc_node **old; /* neighbours in key order, held */
	unsigned int nr_old;
	struct dmbc_node *fresh[2]; /* private */
	unsigned int nr_fresh;
};

/* ---- new nodes ------------------------------------------------------------------- */

struct dmbc_node *dmbc_index_new_node(struct dmbc_index *ix, const struct dmbc_key *at,
				      unsigned int level)
{
	struct dmbc_key key =
		dmbc_key_make(dmbc_key_inode(at), at->low, ix->c.g->node_sectors, false, 0);
	struct dmbc_node *n;
	int r;

	r = dmbc_alloc_bucket(ix->c.alloc, DMBC_RESERVE_BTREE, false, &key.ptr);
	if (r)
		return ERR_PTR(r);
	n = dmbc_nodes_new(ix->c.nodes, &key, level);
	if (IS_ERR(n))
		dmbc_alloc_return(ix->c.alloc, key.ptr);
	return n;
}

static void drop_node(struct dmbc_index *ix, struct dmbc_node *n)
{
	__u64 ptr = n->key.ptr;

	dmbc_nodes_discard(n);
	dmbc_alloc_return(ix->c.alloc, ptr);
}

static void drop_fresh(struct rewrite *rw)
{
	while (rw->nr_fresh)
		drop_node(rw->ix, rw->fresh[--rw->nr_fresh]);
}

static int add_fresh(struct rewrite *rw)
{
	const struct dmbc_node *last = rw->old[rw->nr_old - 1];
	struct dmbc_node *n = dmbc_index_new_node(rw->ix, &last->key, last->level);

	if (IS_ERR(n))
		return PTR_ERR(n);
	rw->fresh[rw->nr_fresh++] = n;
	return 0;
}

/* ---- step 1: what is worth keeping -------------------------------------------------- */

static bool keep_child(void *ctx, const struct dmbc_key *k)
{
	return dmbc_index_live(ctx, k);
}

/*
 * What a power cut may bring back stays: were it dropped while the journal has
 * its insert, nothing in the leaf would tell that a later write needs a hole.
 */
static bool keep_extent(void *ctx, const struct dmbc_key *k)
{
	return dmbc_index_there(ctx, k);
}

/* Joins neighbouring extents; returns how many keys remain. */
static __u32 join(const struct dmbc_index *ix, struct dmbc_key *keys, __u32 nr)
{
	__u32 from, to = 0;

	for (from = 1; from < nr; from++)
		if (!dmbc_extent_merge(&keys[to], &keys[from], ix->c.g->bucket_shift))
			keys[++to] = keys[from];
	return nr ? to + 1 : 0;
}

/* Into the first new node; returns how many keys. */
static int collect(struct rewrite *rw, __u32 *nr)
{
	const dmbc_nodekeys_keep_fn keep = rw->old[0]->level ? keep_child : keep_extent;
	struct dmbc_nodekeys *to;
	unsigned int i;
	int r;

	r = add_fresh(rw);
	if (r)
		return r;
	to = &rw->fresh[0]->keys;
	for (*nr = 0, i = 0; i < rw->nr_old; i++) {
		struct dmbc_nodekeys_iter it;

		if (!dmbc_node_lock_read(rw->old[i]))
			return -EIO;
		dmbc_nodekeys_iter_start(&it, &rw->old[i]->keys, 0, 0);
		*nr += dmbc_nodekeys_copy_live(&it, keep, rw->ix, to->base + *nr,
					       to->capacity - *nr);
		dmbc_node_unlock_read(rw->old[i]);
	}
	if (!rw->old[0]->level)
		*nr = join(rw->ix, to->base, *nr);
	return 0;
}

/* ---- step 2: one node or two ---------------------------------------------------------- */

/* After a first set with @nr keys, is a block left to append to? */
static bool leaves_room(const struct dmbc_index *ix, __u32 nr)
{
	const struct dmbc_geometry *g = ix->c.g;
	__u32 block = g->block_sectors * DMBC_SECTOR_BYTES;

	return (dmbc_index_set_bytes(nr) + block - 1) / block < g->node_sectors / g->block_sectors;
}

/* Where to split @nr keys; @nr: not at all. */
static __u32 split_point(const struct dmbc_index *ix, __u32 nr)
{
	__u32 bytes = ix->c.g->node_sectors * DMBC_SECTOR_BYTES;

	if (nr < 2 || (dmbc_index_set_bytes(nr) <= bytes / 5 * 4 && leaves_room(ix, nr)))
		return nr;
	return leaves_room(ix, nr * 3 / 5) ? nr * 3 / 5 : nr / 2;
}

static int divide(struct rewrite *rw, __u32 nr)
{
	__u32 at = split_point(rw->ix, nr);
	struct dmbc_key *keys = rw->fresh[0]->keys.base;
	int r;

	if (at < nr) {
		struct dmbc_node *front = rw->fresh[0];

		r = add_fresh(rw);
		if (r)
			return r;
		memcpy(rw->fresh[1]->keys.base, keys + at, (nr - at) * sizeof(*keys));
		dmbc_nodekeys_adopt(&rw->fresh[1]->keys, nr - at);
		/* its last key is the last position it may hold */
		front->key = dmbc_key_make(dmbc_key_inode(&keys[at - 1]), keys[at - 1].low,
					   rw->ix->c.g->node_sectors, false, front->key.ptr);
	}
	dmbc_nodekeys_adopt(&rw->fresh[0]->keys, at);
	return 0;
}

/* ---- step 4: into the tree ---------------------------------------------------------------- */

static void free_key(const struct dmbc_node *n, struct dmbc_key *k)
{
	__u64 ptr = n->key.ptr;
	__u8 gen = dmbc_ptr_gen(ptr) + 1;

	*k = dmbc_key_make(0, 0, dmbc_key_size(&n->key), false, (ptr & ~0xffULL) | gen);
}

static int link_to_parent(struct rewrite *rw)
{
	struct dmbc_node *parent = rw->parent;
	struct dmbc_key k;
	unsigned int i;
	int r;

	if (!dmbc_node_lock_write(parent))
		return -EIO;
	for (i = 0; i < rw->nr_old; i++) {
		free_key(rw->old[i], &k);
		dmbc_nodekeys_insert_child(&parent->keys, &k);
	}
	for (i = 0; i < rw->nr_fresh; i++)
		dmbc_nodekeys_insert_child(&parent->keys, &rw->fresh[i]->key);
	dmbc_nodes_dirtied(parent, 0);
	r = dmbc_nodes_append_wait(parent);
	dmbc_node_unlock_write(parent);
	return r;
}

/* The node above two halves of the root. NULL: @rw made only one, which is the root itself. */
static struct dmbc_node *root_above(struct rewrite *rw)
{
	const struct dmbc_node *old = rw->old[0];
	struct dmbc_node *root;

	if (rw->nr_fresh == 1)
		return NULL;
	if (old->level + 1 == DMBC_INDEX_MAX_DEPTH)
		return ERR_PTR(-EFBIG);
	root = dmbc_index_new_node(rw->ix, &old->key, old->level + 1);
	if (IS_ERR(root))
		return root;
	root->keys.base[0] = rw->fresh[0]->key;
	root->keys.base[1] = rw->fresh[1]->key;
	dmbc_nodekeys_adopt(&root->keys, 2);
	return root;
}

int dmbc_index_commit_root(struct dmbc_index *ix)
{
	int r;

	lockdep_assert_held(&ix->lock);
	if (!ix->root_pending)
		return 0;
	r = dmbc_journal_commit(ix->c.journal);
	if (r) {
		dmbc_index_set_failed(ix, r);
		return r;
	}
	ix->root_pending = false;
	while (ix->nr_limbo)
		dmbc_bucket_free_metadata(ix->c.buckets, ix->limbo[--ix->nr_limbo]);
	return 0;
}

static int link_root(struct rewrite *rw, struct dmbc_node *root)
{
	struct dmbc_index *ix = rw->ix;
	int r = 0;

	dmbc_journal_set_root(ix->c.journal, &root->key, root->level);
	ix->root_pending = true;
	if (!ix->replaying)
		r = dmbc_index_commit_root(ix);
	if (!r)
		dmbc_index_set_root(ix, root);
	return r;
}

/* ---- all steps ------------------------------------------------------------------------------ */

static void free_bucket(struct dmbc_index *ix, __u64 bucket)
{
	if (ix->root_pending)
		ix->limbo[ix->nr_limbo++] = bucket;
	else
		dmbc_bucket_free_metadata(ix->c.buckets, bucket);
}

static int retire(struct rewrite *rw)
{
	struct dmbc_index *ix = rw->ix;
	unsigned int i;

	for (i = 0; i < rw->nr_old; i++) {
		__u64 bucket = dmbc_geometry_bucket(ix->c.g, dmbc_ptr_sector(rw->old[i]->key.ptr));

		if (dmbc_node_lock_write(rw->old[i]))
			dmbc_nodes_kill(rw->old[i]);
		free_bucket(ix, bucket);
	}
	if (ix->nr_limbo + DMBC_INDEX_MERGE_MAX > DMBC_INDEX_LIMBO)
		return dmbc_index_commit_root(ix);
	return 0;
}

/* From step 3 on: what fails now has failed the set. */
static int put_in_place(struct rewrite *rw, struct dmbc_node *root)
{
	unsigned int i;
	bool linked;
	int r = 0;

	for (i = 0; i < rw->nr_fresh && !r; i++)
		r = dmbc_nodes_write_first(rw->fresh[i]);
	if (!r && root)
		r = dmbc_nodes_write_first(root);
	if (r) {
		drop_fresh(rw);
		if (root)
			drop_node(rw->ix, root);
		return r;
	}
	if (!rw->parent && !root)
		root = rw->fresh[0];
	for (i = 0; i < rw->nr_fresh; i++)
		dmbc_nodes_publish(rw->fresh[i]);
	if (root && root != rw->fresh[0])
		dmbc_nodes_publish(root);
	r = root ? link_root(rw, root) : link_to_parent(rw);
	linked = !r;
	if (linked)
		r = retire(rw);
	else
		dmbc_index_set_failed(rw->ix, r);
	/* the root's hold is the index's now */
	for (i = 0; i < rw->nr_fresh; i++)
		if (!linked || rw->fresh[i] != root)
			dmbc_node_put(rw->fresh[i]);
	if (!linked && root && root != rw->fresh[0])
		dmbc_node_put(root);
	return r;
}

static int rewrite_untimed(struct rewrite *rw)
{
	struct dmbc_node *root = NULL;
	__u32 nr;
	int r;

	r = collect(rw, &nr);
	if (!r)
		r = divide(rw, nr);
	if (!r && !rw->parent)
		root = root_above(rw);
	if (IS_ERR(root))
		r = PTR_ERR(root);
	if (r) {
		drop_fresh(rw);
		return r;
	}
	return put_in_place(rw, root);
}

static int rewrite(struct rewrite *rw)
{
	__u64 began = ktime_get_ns();
	int r = rewrite_untimed(rw);

	dmbc_timing_note(&rw->ix->rewrites, began, ktime_get_ns());
	return r;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool can_link(struct dmbc_node *parent, unsigned int keys)
{
	return dmbc_nodes_fits(parent, keys * DMBC_KEY_WORDS_PTR) &&
	       dmbc_nodekeys_has_room(&parent->keys, keys);
}

static int rewrite_level(struct dmbc_index *ix, struct dmbc_index_path *p, unsigned int level)
{
	struct rewrite rw = {
		.ix = ix,
		.parent = level + 1 < p->depth ? p->node[level + 1] : NULL,
		.old = &p->node[level],
		.nr_old = 1,
	};

	return rewrite(&rw);
}

int dmbc_index_rewrite(struct dmbc_index *ix, __u32 inode, __u64 pos, unsigned int level)
{
	unsigned int at;

	lockdep_assert_held(&ix->lock);
	do {
		struct dmbc_index_path p;
		int r = dmbc_index_path_get(ix, inode, pos, &p);

		if (r)
			return r;
		at = level;
		while (at + 1 < p.depth && !can_link(p.node[at + 1], DMBC_INDEX_LINK_KEYS))
			at++;
		r = rewrite_level(ix, &p, at);
		dmbc_index_path_put(&p);
		if (r)
			return r;
	} while (at > level);
	return 0;
}

int dmbc_index_split(struct dmbc_index *ix, __u32 inode, __u64 pos)
{
	return dmbc_index_rewrite(ix, inode, pos, 0);
}

int dmbc_index_merge(struct dmbc_index *ix, struct dmbc_index_path *p, struct dmbc_node **leaf,
		     unsigned int nr)
{
	struct rewrite rw = { .ix = ix, .parent = p->node[1], .old = leaf, .nr_old = nr };

	lockdep_assert_held(&ix->lock);
	if (!can_link(rw.parent, nr + 2))
		return -EAGAIN;
	return rewrite(&rw);
}
