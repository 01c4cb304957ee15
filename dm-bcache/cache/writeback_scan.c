// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the list of keys to write back: read from the index a few hundred at a
 * time, handed out one by one. What it hands out may be out of date; the
 * writeback looks at the index again before it copies.
 */
#include "cache/writeback_scan.h"

#include <linux/slab.h>

#include "cache/context.h"
#include "store/index.h"
#include "store/journal.h"

int dmbc_writeback_scan_init(struct dmbc_writeback_scan *s, struct dmbc_origin *origin)
{
	s->origin = origin;
	s->pos = 0;
	s->nr = 0;
	s->at = 0;
	s->keys = kvcalloc(DMBC_WRITEBACK_KEYS, sizeof(*s->keys), GFP_KERNEL);
	return s->keys ? 0 : -ENOMEM;
}

void dmbc_writeback_scan_exit(struct dmbc_writeback_scan *s)
{
	kvfree(s->keys);
	s->keys = NULL;
}

static bool is_dirty(void *ctx, const struct dmbc_key *k)
{
	return dmbc_key_dirty(k) && dmbc_key_has_ptr(k) && dmbc_key_size(k);
}

/*
 * A key is durable before its data goes to the origin. Else a power cut leaves
 * the data there under an older key: the old data is read until that key is
 * evicted, and then the new appears, which nobody was promised.
 */
static int make_durable(struct dmbc_set *set)
{
	return READ_ONCE(set->state) == DMBC_SET_RUNNING ? dmbc_journal_flush(set->store.journal)
							 : 0;
}

/* Reads on from s->pos. True: the end of the disk was reached. */
static bool read_on(struct dmbc_writeback_scan *s, int *error)
{
	struct dmbc_origin *o = s->origin;
	struct dmbc_index_scan scan = {
		.inode = o->inode,
		.pos = s->pos,
		.end_inode = o->inode,
		.end_pos = DMBC_KEY_MAX_OFFSET,
		.want = is_dirty,
	};
	int nr = dmbc_index_scan(o->set->store.index, &scan, s->keys, DMBC_WRITEBACK_KEYS);

	*error = nr > 0 ? make_durable(o->set) : nr;
	s->nr = *error ? 0 : nr;
	s->at = 0;
	s->pos = scan.done ? 0 : scan.pos;
	return scan.done;
}

const struct dmbc_key *dmbc_writeback_scan_next(struct dmbc_writeback_scan *s, int *error)
{
	*error = 0;
	while (s->at == s->nr) {
		if (s->ended) {
			s->ended = false;
			return NULL;
		}
		s->ended = read_on(s, error);
		if (*error) {
			s->ended = false;
			return NULL;
		}
	}
	return &s->keys[s->at++];
}
