// SPDX-License-Identifier: GPL-2.0
/* The index below, the journal's keys over it, stale pointers and holes left out. */
#include "extents.h"

#include "walk.h"

struct stream {
	struct dmbc_set *set;
	struct dmbc_joiner joiner;
	struct dmbc_cutter cutter;
	__u32 inode; /* where the last key ended */
	__u64 end;
};

static bool emit(void *ctx, const struct dmbc_key *k)
{
	struct stream *s = ctx;

	if (!dmbc_key_size(k) || !dmbc_key_has_ptr(k) || dmbc_set_ahead(s->set, k->ptr) > 0)
		return true;
	return dmbc_keys_join(&s->joiner, k);
}

/* In a damaged index a key may lie outside of its node: it is left out. */
static bool in_order(struct stream *s, const struct dmbc_key *k)
{
	if (dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->inode, s->end) < 0)
		return false;
	s->inode = dmbc_key_inode(k);
	s->end = k->low;
	return true;
}

static bool visit(void *ctx, const struct dmbc_walk_node *n)
{
	struct stream *s = ctx;
	__u32 i;

	for (i = 0; !n->level && i < n->load->nr; i++) {
		const struct dmbc_key *k = &n->load->keys[i];

		if (dmbc_key_size(k) && dmbc_key_cmp(k, &n->span.last) <= 0 && in_order(s, k) &&
		    !dmbc_keys_cut(&s->cutter, k))
			return false;
	}
	return true;
}

enum dmbc_result dmbc_extents_run(struct dmbc_set *set, dmbc_extents_fn fn, void *ctx,
				  struct dmbc_error *err)
{
	struct stream s = {
		.set = set,
		.joiner = { .bucket_shift = set->g.bucket_shift, .emit = fn, .ctx = ctx },
	};
	struct dmbc_walk w = { .set = set, .visit = visit, .ctx = &s };
	enum dmbc_result r;

	s.cutter = (struct dmbc_cutter){ .over = &set->journal, .emit = emit, .ctx = &s };
	if (!set->has_journal)
		return DMBC_OK;
	r = dmbc_walk_run(&w, err);
	if (r == DMBC_OK && (!dmbc_keys_cut_end(&s.cutter) || !dmbc_keys_join_end(&s.joiner)))
		r = DMBC_IO;
	return r;
}
