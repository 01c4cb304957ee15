// SPDX-License-Identifier: GPL-2.0
/*
 * The keys of one node in memory: inserts, lookups and walks.
 *
 * An insert into a leaf first runs trim_run() over every run, which shortens
 * or kills what lies under the new extent, and then splice() puts the extent,
 * and the far part of a key it fell into the middle of, into the open run.
 * The open run never holds dead keys: they leave at once. Sealed runs keep
 * theirs until they are merged (nodekeys_pack.c).
 *
 * A lookup asks every run for the one key that may cover the position; as no
 * two live keys cover the same sector, the first hit is the answer. In a run
 * without one, gap_end() walks on, over dead keys and holes, to find where the
 * gap ends; it never goes beyond the caller's limit.
 */
#include "lib/extent.h"
#include "lib/nodekeys_internal.h"
#include "lib/port.h"

void dmbc_nodekeys_init(struct dmbc_nodekeys *n, struct dmbc_key *base, __u32 capacity,
			struct dmbc_bset_tree_entry *tree, bool leaf, __u32 bucket_shift)
{
	memset(n, 0, sizeof(*n));
	n->base = base;
	n->capacity = capacity;
	n->nr_runs = 1;
	n->bucket_shift = bucket_shift;
	n->leaf = leaf;
	n->run[0].keys = base;
	n->tree_mem = tree;
	n->tree_capacity = tree ? dmbc_nodekeys_tree_capacity(capacity) : 0;
}

/* True if @k falls into the middle of a live key. */
static bool splits(const struct dmbc_nodekeys *n, const struct dmbc_key *k)
{
	__u32 r, at;

	for (r = 0; r < n->nr_runs; r++) {
		const struct dmbc_key *old = n->run[r].keys;

		at = dmbc_bset_search(&n->run[r], dmbc_key_inode(k), dmbc_key_start(k));
		if (at < n->run[r].nr && dmbc_key_inode(&old[at]) == dmbc_key_inode(k) &&
		    dmbc_extent_overlap(&old[at], dmbc_key_start(k), dmbc_key_end(k)) ==
			    DMBC_OVERLAP_MIDDLE)
			return true;
	}
	return false;
}

bool dmbc_nodekeys_fits(const struct dmbc_nodekeys *n, const struct dmbc_key *k)
{
	__u32 room = n->capacity - dmbc_nodekeys_used(n);

	return room > 1 || (room && (!n->leaf || !splits(n, k)));
}

bool dmbc_nodekeys_has_room(const struct dmbc_nodekeys *n, __u32 nr)
{
	/* a leaf key may split the one it falls into */
	__u32 records = n->leaf ? 2 * nr : nr;

	return n->capacity - dmbc_nodekeys_used(n) >= records;
}

/* ---- the open run ---------------------------------------------------------- */

/* Replaces @gone keys of the open run from @at on by @nr others. */
static void splice(struct dmbc_nodekeys *n, __u32 at, __u32 gone, const struct dmbc_key *add,
		   __u32 nr)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);
	struct dmbc_key *k = open->keys + at;
	__u32 i;

	for (i = 0; i < gone; i++)
		n->open_words -= dmbc_key_words(&k[i]);
	if (gone != nr)
		memmove(k + nr, k + gone, (open->nr - at - gone) * sizeof(*k));
	for (i = 0; i < nr; i++) {
		k[i] = add[i];
		n->open_words += dmbc_key_words(&k[i]);
	}
	open->nr += nr - gone;
}

/* Joins the key at @at to the one before it if they are neighbours on both devices. */
static void join_back(struct dmbc_nodekeys *n, __u32 at)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);

	if (at && at < open->nr &&
	    dmbc_extent_merge(&open->keys[at - 1], &open->keys[at], n->bucket_shift))
		splice(n, at, 1, NULL, 0);
}

/* ---- leaf inserts ------------------------------------------------------------ */

/* An insert on its way through the runs. */
struct insertion {
	__u32 inode;
	__u64 start, end;
	dmbc_nodekeys_cut_fn cut;
	void *ctx;
	struct dmbc_key far; /* size 0, or what follows the new extent of a key cut in two */
};

static void report(const struct insertion *in, const struct dmbc_key *old)
{
	__u64 start = dmbc_key_start(old), end = dmbc_key_end(old);

	if (!in->cut || !dmbc_key_has_ptr(old))
		return;
	in->cut(in->ctx, old, start > in->start ? start : in->start, end < in->end ? end : in->end);
}

/* Takes away what @in covers of @old. A covered key keeps its end: the order stays. */
static enum dmbc_overlap trim_key(struct insertion *in, struct dmbc_key *old)
{
	enum dmbc_overlap overlap = dmbc_extent_overlap(old, in->start, in->end);

	if (overlap == DMBC_OVERLAP_NONE)
		return overlap;
	report(in, old);
	switch (overlap) {
	case DMBC_OVERLAP_ALL: dmbc_key_set_size(old, 0); break;
	case DMBC_OVERLAP_HEAD: dmbc_extent_cut_front(old, in->end); break;
	case DMBC_OVERLAP_MIDDLE:
		in->far = *old;
		dmbc_extent_cut_front(&in->far, in->end);
		dmbc_extent_cut_back(old, in->start);
		break;
	default: dmbc_extent_cut_back(old, in->start);
	}
	return overlap;
}

/*
 * Trims all keys of a run under @in. Returns where in the run the extent
 * belongs; *@covered: how many keys from there on are covered (adjacent ones
 * in the open run, which has no dead keys).
 */
static __u32 trim_run(const struct dmbc_bset *run, struct insertion *in, __u32 *covered)
{
	__u32 at = dmbc_bset_search(run, in->inode, in->start);
	__u32 i;

	*covered = 0;
	for (i = at; i < run->nr; i++) {
		struct dmbc_key *k = &run->keys[i];

		if (dmbc_key_inode(k) != in->inode || dmbc_key_start(k) >= in->end)
			break;
		switch (trim_key(in, k)) {
		case DMBC_OVERLAP_ALL: ++*covered; break;
		case DMBC_OVERLAP_TAIL:
		case DMBC_OVERLAP_MIDDLE: at = i + 1; break;
		default: break;
		}
	}
	return at;
}

void dmbc_nodekeys_insert(struct dmbc_nodekeys *n, const struct dmbc_key *k,
			  dmbc_nodekeys_cut_fn cut, void *ctx)
{
	struct insertion in = {
		.inode = dmbc_key_inode(k),
		.start = dmbc_key_start(k),
		.end = dmbc_key_end(k),
		.cut = cut,
		.ctx = ctx,
	};
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);
	__u32 r, at, covered;

	if (!dmbc_key_size(k))
		return;
	for (r = 0; r + 1 < n->nr_runs; r++)
		trim_run(&n->run[r], &in, &covered);
	at = trim_run(open, &in, &covered);

	/* the common sequential case: the key before it takes it in */
	if (at && !covered && dmbc_extent_merge(&open->keys[at - 1], k, n->bucket_shift)) {
		if (dmbc_key_size(&in.far))
			splice(n, at, 0, &in.far, 1);
		join_back(n, at);
		return;
	}
	splice(n, at, covered, k, 1);
	if (dmbc_key_size(&in.far))
		splice(n, at + 1, 0, &in.far, 1);
	join_back(n, at + 1);
	join_back(n, at);
}

/* ---- interior inserts ---------------------------------------------------------- */

/* Kills the live key of a sealed run that ends where @k ends. */
static void kill_same_end(const struct dmbc_bset *run, const struct dmbc_key *k)
{
	__u32 at = dmbc_bset_search(run, dmbc_key_inode(k), k->low);

	while (at && !dmbc_key_cmp(&run->keys[at - 1], k))
		dmbc_key_set_size(&run->keys[--at], 0);
}

static void kill_child(struct dmbc_nodekeys *n, const struct dmbc_key *freeing)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);
	__u32 r, i;

	for (r = 0; r + 1 < n->nr_runs; r++)
		for (i = 0; i < n->run[r].nr; i++)
			if (dmbc_nodekeys_frees(freeing, &n->run[r].keys[i]))
				dmbc_key_set_size(&n->run[r].keys[i], 0);
	for (i = open->nr; i--;)
		if (dmbc_nodekeys_frees(freeing, &open->keys[i]))
			splice(n, i, 1, NULL, 0);
}

void dmbc_nodekeys_insert_child(struct dmbc_nodekeys *n, const struct dmbc_key *k)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);
	__u32 r, at, same;

	if (dmbc_key_is_zero(k)) {
		kill_child(n, k);
		splice(n, 0, 0, k, 1);
		return;
	}
	for (r = 0; r + 1 < n->nr_runs; r++)
		kill_same_end(&n->run[r], k);
	at = dmbc_bset_search(open, dmbc_key_inode(k), k->low);
	same = at && !dmbc_key_cmp(&open->keys[at - 1], k);
	splice(n, at - same, same, k, 1);
}

/* ---- lookups --------------------------------------------------------------------- */

/* The first data from @at of a run on if it starts before @end; else @end. */
static __u64 gap_end(const struct dmbc_key *at, const struct dmbc_key *last, __u32 inode, __u64 end)
{
	for (; at <= last; at++) {
		__u64 start = dmbc_key_start(at);

		if (start >= end || dmbc_key_inode(at) != inode)
			break;
		if (dmbc_key_size(at) && dmbc_key_has_ptr(at))
			return start;
	}
	return end;
}

bool dmbc_nodekeys_lookup(const struct dmbc_nodekeys *n, __u32 inode, __u64 pos, __u64 limit,
			  struct dmbc_key *k, __u64 *end)
{
	const struct dmbc_bset *run = n->run, *last = n->run + n->nr_runs - 1;

	for (; run <= last; run++) {
		__u32 at = dmbc_bset_search(run, inode, pos);
		const struct dmbc_key *found = run->keys + at;

		if (at == run->nr || dmbc_key_inode(found) != inode)
			continue;
		if (dmbc_key_start(found) <= pos && dmbc_key_has_ptr(found)) {
			*k = *found;
			*end = found->low < limit ? found->low : limit;
			return true;
		}
		limit = gap_end(found, run->keys + run->nr - 1, inode, limit);
	}
	*end = limit;
	return false;
}

bool dmbc_nodekeys_child(const struct dmbc_nodekeys *n, __u32 inode, __u64 pos, struct dmbc_key *k)
{
	const struct dmbc_key *best = NULL;
	__u32 r;

	for (r = 0; r < n->nr_runs; r++) {
		const struct dmbc_bset *run = &n->run[r];
		__u32 at = dmbc_bset_search(run, inode, pos);

		while (at < run->nr && !dmbc_nodekeys_is_live(&run->keys[at]))
			at++;
		if (at < run->nr && (!best || dmbc_key_cmp(&run->keys[at], best) < 0))
			best = &run->keys[at];
	}
	if (best)
		*k = *best;
	return best;
}

/* ---- walks ------------------------------------------------------------------------- */

void dmbc_nodekeys_iter_start(struct dmbc_nodekeys_iter *it, const struct dmbc_nodekeys *n,
			      __u32 inode, __u64 pos)
{
	bool all = !inode && !pos;
	__u32 r;

	it->n = n;
	for (r = 0; r < n->nr_runs; r++)
		it->at[r] = all ? 0 : dmbc_bset_search(&n->run[r], inode, pos);
}

/* The run that holds the next key in order; nr_runs at the end. */
static __u32 next_run(const struct dmbc_nodekeys_iter *it)
{
	const struct dmbc_nodekeys *n = it->n;
	const struct dmbc_key *best = NULL;
	__u32 best_run = n->nr_runs, r;

	for (r = 0; r < n->nr_runs; r++) {
		const struct dmbc_key *k = &n->run[r].keys[it->at[r]];

		if (it->at[r] < n->run[r].nr && (!best || dmbc_key_cmp(k, best) < 0)) {
			best = k;
			best_run = r;
		}
	}
	return best_run;
}

const struct dmbc_key *dmbc_nodekeys_iter_next(struct dmbc_nodekeys_iter *it)
{
	__u32 r = next_run(it);

	return r < it->n->nr_runs ? &it->n->run[r].keys[it->at[r]++] : NULL;
}

__u32 dmbc_nodekeys_copy_live(struct dmbc_nodekeys_iter *it, dmbc_nodekeys_keep_fn keep, void *ctx,
			      struct dmbc_key *out, __u32 max)
{
	const struct dmbc_key *k;
	__u32 nr = 0;

	while (nr < max && (k = dmbc_nodekeys_iter_next(it)))
		if (dmbc_nodekeys_is_live(k) && (!keep || keep(ctx, k)))
			out[nr++] = *k;
	return nr;
}

struct dmbc_nodekeys_count dmbc_nodekeys_count(const struct dmbc_nodekeys *n)
{
	struct dmbc_nodekeys_count count = { 0, 0 };
	__u32 r, i;

	for (r = 0; r < n->nr_runs; r++)
		for (i = 0; i < n->run[r].nr; i++)
			if (dmbc_nodekeys_is_live(&n->run[r].keys[i]))
				count.live++;
			else
				count.dead++;
	return count;
}
