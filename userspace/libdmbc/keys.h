/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of extents, and laying one over another: what the journal says over what
 * the index says, the newer over the older.
 */
#ifndef DMBC_KEYS_H
#define DMBC_KEYS_H

#include "lib/key.h"

#include <stddef.h>

struct dmbc_keys {
	struct dmbc_key *k;
	size_t nr, room;
};

/* False: out of memory; the list is as it was. */
bool dmbc_keys_add(struct dmbc_keys *keys, const struct dmbc_key *k);
void dmbc_keys_free(struct dmbc_keys *keys);

/*
 * Turns a list in the order of insertion, where later keys win, into one sorted
 * by position without overlaps. Holes stay. False: out of memory, list unusable.
 */
bool dmbc_keys_overlay(struct dmbc_keys *keys);

/* Lays a sorted list over keys that come one by one in order. */
struct dmbc_cutter {
	const struct dmbc_keys *over;
	size_t at;
	/* Gets every piece in order, holes too. False stops everything. */
	bool (*emit)(void *ctx, const struct dmbc_key *k);
	void *ctx;
};

/* One key from below. False: emit() said so. */
bool dmbc_keys_cut(struct dmbc_cutter *c, const struct dmbc_key *k);
/* After the last one. */
bool dmbc_keys_cut_end(struct dmbc_cutter *c);

/* Joins neighbours that come one by one in order, so that the same data gives the same keys. */
struct dmbc_joiner {
	__u32 bucket_shift;
	bool (*emit)(void *ctx, const struct dmbc_key *k);
	void *ctx;
	struct dmbc_key waiting; /* size 0: none */
};

/* False: emit() said so. */
bool dmbc_keys_join(struct dmbc_joiner *j, const struct dmbc_key *k);
/* After the last one. */
bool dmbc_keys_join_end(struct dmbc_joiner *j);

/* True if the sorted list covers all of @k, not with older data than @k's. */
bool dmbc_keys_cover(const struct dmbc_keys *sorted, const struct dmbc_key *k);

#endif
