// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of the index.
 *
 * In time order:
 *   1. warm() looks whether the leaf is in memory and reads it otherwise, so
 *      that the index lock is seldom held over a read;
 *   2. under the index lock each op is cut into pieces (next_piece()): what it
 *      wants to change within one leaf, a single key each;
 *   3. ready() sees to it that the piece can go in: room in the journal, a
 *      locked leaf, room in it. What has to be waited for is waited for without
 *      node locks; for journal room and buckets the index lock is dropped too;
 *   4. apply_piece(): counts, leaf, journal, pin, all under the leaf's lock.
 *
 * The leaf stays locked from one piece to the next while they fall into it.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "lib/extent.h"
#include "store/alloc.h"
#include "store/index_internal.h"
#include "store/journal.h"

/* A piece: the key itself and the far part of one it falls into. */
#define PIECE_WORDS (2 * DMBC_KEY_WORDS_PTR)
/* Open runs of this size are appended: with a piece, the mark and the header a 4 KiB block. */
#define APPEND_WORDS 498
/* ... and inserters wait when they have grown to this before the last append ended. */
#define WAIT_WORDS 2000

struct changer {
	struct dmbc_index *ix;
	__u64 replay_seq; /* 0: journal the keys */
	struct dmbc_node *leaf; /* write-locked, or NULL */
	__u32 inode; /* the leaf holds (inode, pos) .. its key */
	__u64 pos;
	bool dropped; /* the index lock was given up */
};

struct piece {
	__u64 start, end;
};

/* ---- the leaf in hand ------------------------------------------------------------ */

static void drop_leaf(struct changer *c)
{
	if (c->leaf)
		dmbc_node_unlock_write(c->leaf);
	c->leaf = NULL;
}

static bool leaf_holds(const struct changer *c, __u32 inode, __u64 pos)
{
	const struct dmbc_key *last;

	if (!c->leaf || dmbc_pos_cmp(c->inode, c->pos, inode, pos) > 0)
		return false;
	last = &c->leaf->key;
	return dmbc_pos_cmp(inode, pos, dmbc_key_inode(last), last->low) < 0;
}

static int take_leaf(struct changer *c, __u32 inode, __u64 pos)
{
	struct dmbc_node *leaf;

	if (leaf_holds(c, inode, pos))
		return 0;
	drop_leaf(c);
	leaf = dmbc_index_leaf(c->ix, inode, pos, true);
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	c->leaf = leaf;
	c->inode = inode;
	c->pos = pos;
	return 0;
}

/* ---- room -------------------------------------------------------------------------- */

static void unlock_index(struct changer *c)
{
	drop_leaf(c);
	mutex_unlock(&c->ix->lock);
	c->dropped = true;
}

static int wait_for_journal(struct changer *c)
{
	int r;

	unlock_index(c);
	r = dmbc_journal_wait_room(c->ix->c.journal, 1);
	mutex_lock(&c->ix->lock);
	return r;
}

static int split_leaf(struct changer *c, __u32 inode, __u64 pos)
{
	int r;

	drop_leaf(c);
	r = dmbc_index_split(c->ix, inode, pos);
	if (r != -EAGAIN)
		return r;
	r = dmbc_index_commit_root(c->ix); /* gives back what is in limbo */
	if (r)
		return r;
	unlock_index(c);
	r = dmbc_alloc_wait(c->ix->c.alloc, DMBC_RESERVE_BTREE, DMBC_INDEX_SPLIT_BUCKETS);
	mutex_lock(&c->ix->lock);
	return r;
}

static bool has_room(struct dmbc_node *leaf)
{
	return dmbc_nodes_fits(leaf, PIECE_WORDS) && dmbc_nodekeys_has_room(&leaf->keys, 1);
}

/* Makes sure that one piece at (@inode, @pos) can go in: the leaf is locked on success. */
static int ready(struct changer *c, __u32 inode, __u64 pos)
{
	struct dmbc_journal *j = c->ix->c.journal;
	int r;

	for (;;) {
		r = dmbc_index_error(c->ix);
		if (r)
			return r;
		if (!c->replay_seq && !dmbc_journal_room(j, 1)) {
			r = wait_for_journal(c);
			if (r)
				return r;
			continue;
		}
		r = take_leaf(c, inode, pos);
		if (r)
			return r;
		if (!has_room(c->leaf))
			r = split_leaf(c, inode, pos);
		else if (c->leaf->keys.open_words >= WAIT_WORDS)
			r = dmbc_nodes_append_wait(c->leaf);
		else
			return 0;
		if (r)
			return r;
	}
}

/* ---- pieces -------------------------------------------------------------------------- */

/*
 * Does the op change sectors where the leaf has @k (NULL: nothing)? A replayed hole
 * also goes over dirty data whose bucket is in use again: when the journal forgets
 * the hole, the medium must not look as if dirty data were lost.
 */
static bool wants(const struct dmbc_index *ix, const struct dmbc_insert *op,
		  const struct dmbc_key *k)
{
	bool live = k && dmbc_index_live(ix, k);

	switch (op->how) {
	case DMBC_INSERT_FILL: return !live;
	case DMBC_INSERT_REPLACE: return live && dmbc_extent_same_data(k, &op->old);
	default:
		return dmbc_key_has_ptr(&op->key) ||
		       (k && (dmbc_key_dirty(k) || dmbc_index_there(ix, k)));
	}
}

/*
 * The next run of sectors in [*@pos, @limit) of the leaf that the op changes;
 * *@pos moves behind it. False: no more.
 */
static bool next_piece(const struct changer *c, const struct dmbc_insert *op, __u64 *pos,
		       __u64 limit, struct piece *p)
{
	const __u32 inode = dmbc_key_inode(&op->key);
	bool found = false;

	if (op->how == DMBC_INSERT_SET && dmbc_key_has_ptr(&op->key)) {
		*p = (struct piece){ *pos, limit };
		*pos = limit;
		return true;
	}
	while (*pos < limit) {
		struct dmbc_key k;
		__u64 end;
		bool key = dmbc_nodekeys_lookup(&c->leaf->keys, inode, *pos, limit, &k, &end);

		if (wants(c->ix, op, key ? &k : NULL)) {
			if (!found)
				p->start = *pos;
			p->end = end;
			found = true;
		} else if (found) {
			break;
		}
		*pos = end;
	}
	return found;
}

/* Sectors [start, end) of @old are covered by a new key. */
static void uncount(void *ctx, const struct dmbc_key *old, __u64 start, __u64 end)
{
	struct dmbc_index *ix = ctx;

	if (dmbc_bucket_stale(ix->c.buckets, old->ptr))
		return;
	if (dmbc_key_dirty(old))
		dmbc_index_add_dirty(ix, dmbc_key_inode(old), -(__s64)(end - start));
	dmbc_bucket_sub_live(ix->c.buckets, old->ptr, end - start, dmbc_key_dirty(old));
}

/* Before what it covers is uncounted, so that its bucket never looks empty in between. */
void dmbc_index_count(struct dmbc_index *ix, const struct dmbc_key *k)
{
	if (!dmbc_key_has_ptr(k) || dmbc_bucket_stale(ix->c.buckets, k->ptr))
		return;
	if (dmbc_key_dirty(k))
		dmbc_index_add_dirty(ix, dmbc_key_inode(k), dmbc_key_size(k));
	dmbc_bucket_add_live(ix->c.buckets, k->ptr, dmbc_key_size(k), dmbc_key_dirty(k));
}

static void apply_piece(struct changer *c, struct dmbc_insert *op, const struct piece *p)
{
	struct dmbc_node *leaf = c->leaf;
	struct dmbc_key k = op->key;
	__u64 seq = c->replay_seq;

	if (p->end < dmbc_key_end(&k))
		dmbc_extent_cut_back(&k, p->end);
	if (p->start > dmbc_key_start(&k))
		dmbc_extent_cut_front(&k, p->start);
	dmbc_index_count(c->ix, &k);
	dmbc_nodekeys_insert(&leaf->keys, &k, uncount, c->ix);
	if (seq)
		dmbc_journal_pin(c->ix->c.journal, seq);
	else
		seq = dmbc_journal_add_pinned(c->ix->c.journal, &k, 1);
	dmbc_nodes_dirtied(leaf, seq);
	op->applied += dmbc_key_size(&k);
	if (leaf->keys.open_words >= APPEND_WORDS)
		dmbc_nodes_append(leaf);
}

/* ---- ops ------------------------------------------------------------------------------ */

static int apply_op(struct changer *c, struct dmbc_insert *op)
{
	const __u32 inode = dmbc_key_inode(&op->key);
	__u64 pos = dmbc_key_start(&op->key), end = dmbc_key_end(&op->key);

	c->dropped = true; /* not asked yet */
	while (pos < end) {
		struct piece p;
		int r = ready(c, inode, pos);

		if (r)
			return r;
		if (c->dropped && op->check && !op->check(op))
			return 0;
		c->dropped = false;
		if (next_piece(c, op, &pos, dmbc_index_leaf_limit(c->leaf, inode, end), &p))
			apply_piece(c, op, &p);
	}
	return 0;
}

/* Up to where the leaf of (@inode, @pos) reaches; false: it is not in memory. */
static bool in_memory(struct dmbc_index *ix, __u32 inode, __u64 pos, struct dmbc_key *last)
{
	struct dmbc_node *leaf;

	rcu_read_lock();
	leaf = dmbc_index_try_leaf(ix, inode, pos);
	if (leaf) {
		*last = leaf->key;
		up_read(&leaf->lock);
	}
	rcu_read_unlock();
	return leaf;
}

/* Reads the leaves where the ops begin, as far as they are not in memory. */
static void warm(struct dmbc_index *ix, struct dmbc_insert **ops, __u32 nr)
{
	struct dmbc_key last = { 0 };
	__u32 inode = 0, i;
	__u64 pos = 0;

	for (i = 0; i < nr; i++) {
		const struct dmbc_key *k = &ops[i]->key;
		struct dmbc_node *leaf;

		if (dmbc_pos_cmp(inode, pos, dmbc_key_inode(k), dmbc_key_start(k)) <= 0 &&
		    dmbc_key_cmp(k, &last) < 0)
			continue;
		inode = dmbc_key_inode(k);
		pos = dmbc_key_start(k);
		if (in_memory(ix, inode, pos, &last))
			continue;
		leaf = dmbc_index_leaf(ix, inode, pos, false);
		if (IS_ERR(leaf))
			return; /* will be found again under the lock */
		last = leaf->key;
		dmbc_node_unlock_read(leaf);
	}
}

int dmbc_index_insert(struct dmbc_index *ix, struct dmbc_insert **ops, __u32 nr)
{
	struct changer c = { .ix = ix };
	int first_error = 0;
	__u32 i;

	warm(ix, ops, nr);
	mutex_lock(&ix->lock);
	for (i = 0; i < nr; i++) {
		ops[i]->applied = 0;
		ops[i]->error = apply_op(&c, ops[i]);
		if (!first_error)
			first_error = ops[i]->error;
	}
	drop_leaf(&c);
	mutex_unlock(&ix->lock);
	dmbc_nodes_balance(ix->c.nodes);
	return first_error;
}

int dmbc_index_insert_replayed(struct dmbc_index *ix, const struct dmbc_key *k, __u64 seq)
{
	struct changer c = { .ix = ix, .replay_seq = seq };
	struct dmbc_insert op = { .key = *k, .how = DMBC_INSERT_SET };
	int r;

	/* what a stale key covered is gone all the same */
	if (dmbc_key_has_ptr(k) && !dmbc_index_live(ix, k))
		op.key = dmbc_key_make_hole(dmbc_key_inode(k), k->low, dmbc_key_size(k));
	mutex_lock(&ix->lock);
	r = apply_op(&c, &op);
	drop_leaf(&c);
	mutex_unlock(&ix->lock);
	return r;
}

/* ---- invalidation ----------------------------------------------------------------------- */

/*
 * The first sector of [*@pos, @end) with data, as far as one leaf knows: true and
 * *@pos is there; false and *@pos is where the leaf's knowledge ends.
 */
static int skip_holes(struct dmbc_index *ix, __u32 inode, __u64 *pos, __u64 end)
{
	struct dmbc_node *leaf = dmbc_index_leaf(ix, inode, *pos, false);
	struct dmbc_key k;
	bool there = false;
	__u64 next;

	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	end = dmbc_index_leaf_limit(leaf, inode, end);
	while (*pos < end) {
		there = dmbc_nodekeys_lookup(&leaf->keys, inode, *pos, end, &k, &next) &&
			dmbc_index_there(ix, &k);
		if (there)
			break;
		*pos = next;
	}
	dmbc_node_unlock_read(leaf);
	return there;
}

int dmbc_index_invalidate(struct dmbc_index *ix, __u32 inode, __u64 start, __u64 end)
{
	__u64 pos = start;

	while (pos < end) {
		struct dmbc_insert op = { .how = DMBC_INSERT_SET }, *ops = &op;
		int r = skip_holes(ix, inode, &pos, end);
		__u32 sectors;

		if (r < 0)
			return r;
		if (!r)
			continue;
		sectors = min_t(__u64, end - pos, DMBC_KEY_MAX_SECTORS);
		op.key = dmbc_key_make_hole(inode, pos + sectors, sectors);
		r = dmbc_index_insert(ix, &ops, 1);
		if (r)
			return r;
		pos += sectors;
	}
	dmbc_nodes_balance(ix->c.nodes);
	return 0;
}
