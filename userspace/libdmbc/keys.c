// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of extents. dmbc_keys_overlay() is a merge sort: runs of keys in order
 * and without overlaps, as they are found, are laid pairwise over one another,
 * the newer one on top, until one is left. So n keys cost n log n in any order,
 * and n where they come from leaves.
 */
#include "keys.h"

#include "lib/extent.h"

#include <stdlib.h>
#include <string.h>

bool dmbc_keys_add(struct dmbc_keys *keys, const struct dmbc_key *k)
{
	size_t room = keys->room ? 2 * keys->room : 64;
	struct dmbc_key *more;

	if (keys->nr == keys->room) {
		more = realloc(keys->k, room * sizeof(*more));
		if (!more)
			return false;
		keys->k = more;
		keys->room = room;
	}
	keys->k[keys->nr++] = *k;
	return true;
}

void dmbc_keys_free(struct dmbc_keys *keys)
{
	free(keys->k);
	memset(keys, 0, sizeof(*keys));
}

/* ---- one over the other ----------------------------------------------------- */

static bool ends_before(const struct dmbc_key *a, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(a), a->low, dmbc_key_inode(k), dmbc_key_start(k)) <= 0;
}

/* Emits the part of *@k before @o; the rest stays in *@k. */
static bool emit_front(struct dmbc_cutter *c, struct dmbc_key *k, const struct dmbc_key *o)
{
	struct dmbc_key front = *k;

	if (dmbc_key_start(k) >= dmbc_key_start(o))
		return true;
	dmbc_extent_cut_back(&front, dmbc_key_start(o));
	dmbc_extent_cut_front(k, dmbc_key_start(o));
	return c->emit(c->ctx, &front);
}

bool dmbc_keys_cut(struct dmbc_cutter *c, const struct dmbc_key *key)
{
	const struct dmbc_key *o, *end = c->over->k + c->over->nr;
	struct dmbc_key k = *key;

	for (o = c->over->k + c->at; o < end && ends_before(o, &k); o++, c->at++)
		if (!c->emit(c->ctx, o))
			return false;
	for (; o < end && dmbc_extent_overlap(&k, dmbc_key_start(o), o->low) &&
	       dmbc_key_inode(o) == dmbc_key_inode(&k);
	     o++, c->at++) {
		if (!emit_front(c, &k, o))
			return false;
		if (o->low >= k.low)
			return true; /* @o may reach into the next key: it is emitted then */
		dmbc_extent_cut_front(&k, o->low);
		if (!c->emit(c->ctx, o))
			return false;
	}
	return c->emit(c->ctx, &k);
}

bool dmbc_keys_cut_end(struct dmbc_cutter *c)
{
	for (; c->at < c->over->nr; c->at++)
		if (!c->emit(c->ctx, &c->over->k[c->at]))
			return false;
	return true;
}

bool dmbc_keys_join(struct dmbc_joiner *j, const struct dmbc_key *k)
{
	bool ok = true;

	if (dmbc_key_size(&j->waiting)) {
		if (dmbc_extent_merge(&j->waiting, k, j->bucket_shift))
			return true;
		ok = j->emit(j->ctx, &j->waiting);
	}
	j->waiting = *k;
	return ok;
}

bool dmbc_keys_join_end(struct dmbc_joiner *j)
{
	bool ok = !dmbc_key_size(&j->waiting) || j->emit(j->ctx, &j->waiting);

	dmbc_key_set_size(&j->waiting, 0);
	return ok;
}

/* ---- the sort ---------------------------------------------------------------- */

static bool append(void *ctx, const struct dmbc_key *k)
{
	return !dmbc_key_size(k) || dmbc_keys_add(ctx, k);
}

/* Run boundaries: run i is [start[i], start[i + 1]). */
static bool merge_pair(const struct dmbc_keys *from, const size_t *start, struct dmbc_keys *to)
{
	struct dmbc_keys newer = { .k = from->k + start[1], .nr = start[2] - start[1] };
	struct dmbc_cutter c = { .over = &newer, .emit = append, .ctx = to };
	size_t i;

	for (i = start[0]; i < start[1]; i++)
		if (!dmbc_keys_cut(&c, &from->k[i]))
			return false;
	return dmbc_keys_cut_end(&c);
}

/* One pass: halves the number of runs. */
static bool merge_runs(const struct dmbc_keys *from, size_t *start, size_t *runs,
		       struct dmbc_keys *to)
{
	size_t i, out = 0, begin;

	for (i = 0; i < *runs; i += 2) {
		size_t bounds[3] = { start[i], start[i + 1],
				     i + 1 < *runs ? start[i + 2] : start[i + 1] };

		begin = to->nr;
		if (!merge_pair(from, bounds, to))
			return false;
		start[out++] = begin;
	}
	start[out] = to->nr;
	*runs = out;
	return true;
}

/* Drops empty keys and finds the runs: where each begins, if @start is given. */
static size_t find_runs(struct dmbc_keys *keys, size_t *start)
{
	size_t i, kept = 0, runs = 0;

	for (i = 0; i < keys->nr; i++) {
		const struct dmbc_key *k = &keys->k[i];

		if (!dmbc_key_size(k))
			continue;
		if (!kept || !ends_before(&keys->k[kept - 1], k)) {
			if (start)
				start[runs] = kept;
			runs++;
		}
		keys->k[kept++] = *k;
	}
	keys->nr = kept;
	return runs;
}

bool dmbc_keys_overlay(struct dmbc_keys *keys)
{
	size_t runs = find_runs(keys, NULL), *start = calloc(runs + 2, sizeof(*start));
	struct dmbc_keys next = { NULL, 0, 0 };
	bool ok = start != NULL;

	if (ok) {
		find_runs(keys, start);
		start[runs] = keys->nr;
	}
	while (ok && runs > 1) {
		next = (struct dmbc_keys){ NULL, 0, 0 };
		ok = merge_runs(keys, start, &runs, &next);
		dmbc_keys_free(keys);
		*keys = next;
	}
	free(start);
	return ok;
}

/* ---- asking -------------------------------------------------------------------- */

/* The first key that ends behind the position. */
static size_t search(const struct dmbc_keys *sorted, __u32 inode, __u64 pos)
{
	size_t low = 0, high = sorted->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct dmbc_key *k = &sorted->k[middle];

		if (dmbc_pos_cmp(dmbc_key_inode(k), k->low, inode, pos) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool dmbc_keys_cover(const struct dmbc_keys *sorted, const struct dmbc_key *k)
{
	__u64 pos = dmbc_key_start(k);
	size_t i = search(sorted, dmbc_key_inode(k), pos);

	for (; pos < k->low; i++) {
		if (i == sorted->nr || dmbc_key_inode(&sorted->k[i]) != dmbc_key_inode(k) ||
		    dmbc_key_start(&sorted->k[i]) > pos)
			return false;
		pos = sorted->k[i].low;
	}
	return true;
}
