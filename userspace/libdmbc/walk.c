// SPDX-License-Identifier: GPL-2.0
/*
 * The walk over the index. For a node in time order: take_node() has it read and
 * its keys loaded, note_damage() tells what is wrong, the visitor sees it;
 * list_children() copies what is below it, children() goes on with each. Nodes of
 * the lowest level are read ahead.
 */
#include "walk.h"

#include "finding_internal.h"
#include "internal.h"
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#define MOST_LEVELS 10 /* as lib/verify.c allows */

struct run {
	struct dmbc_walk *w;
	struct dmbc_nodeload load;
	struct dmbc_reader *reader;
	unsigned char *seen; /* bit per bucket: it is a node */
	bool stop, no_memory;
};

static struct dmbc_place place_of(const struct dmbc_key *key, unsigned int level)
{
	return dmbc_finding_place("node at sector %llu, level %u", dmbc_ptr_sector(key->ptr),
				  level);
}

/* ---- damage ------------------------------------------------------------------------ */

static bool within(const struct dmbc_span *s, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->inode, s->pos) >= 0 &&
	       dmbc_key_cmp(k, &s->last) <= 0;
}

/* Clean data may go; all else in a torn set must be in the journal. */
static bool journalled(const struct dmbc_set *set, const struct dmbc_key *k)
{
	if (!dmbc_key_size(k) || (dmbc_key_has_ptr(k) && !dmbc_key_dirty(k)))
		return true;
	return dmbc_keys_cover(&set->journal, k);
}

/*
 * The first sector of the torn set, which identifies it, arrived whole; behind it,
 * keys that do not parse, or cannot be of this node, are remains of what the
 * bucket held before.
 */
bool dmbc_walk_torn_is_journalled(const struct dmbc_set *set, const struct dmbc_walk_node *n)
{
	__u32 bytes = set->g.node_sectors * DMBC_SECTOR_BYTES, at = 0, used, words;
	const struct dmbc_disk_bset *b = (const void *)((const char *)n->image + n->load->bad_at);
	__u32 room = (bytes - n->load->bad_at - sizeof(*b)) / sizeof(b->d[0]);
	struct dmbc_key k, before = { 0 };

	words = __le32_to_cpu(b->keys) < room ? __le32_to_cpu(b->keys) : room;
	for (; at < words; at += used, before = k) {
		used = dmbc_verify_unpack_key(&b->d[at], words - at, &k);
		if (used && !dmbc_key_size(&k))
			continue; /* as the mark at its head */
		if (!used || dmbc_verify_leaf_key(&set->g, &k, NULL) || !within(&n->span, &k) ||
		    dmbc_key_cmp(&before, &k) > 0)
			return at + DMBC_KEY_WORDS_PTR >
			       (DMBC_SECTOR_BYTES - sizeof(*b)) / sizeof(b->d[0]);
		if (!journalled(set, &k))
			return false;
	}
	return true;
}

static void note_damage(struct run *run, const struct dmbc_walk_node *n)
{
	struct dmbc_findings *fs = run->w->findings;
	const struct dmbc_range range = dmbc_walk_range(&n->span);
	enum dmbc_finding_code code =
		n->level ? DMBC_FINDING_NODE_INTERIOR : DMBC_FINDING_NODE_LEAF;

	switch (n->state) {
	case DMBC_NODE_OK: return;
	case DMBC_NODE_TAIL_TORN:
		code = dmbc_walk_torn_is_journalled(run->w->set, n) ? DMBC_FINDING_NODE_TORN
								    : DMBC_FINDING_NODE_TORN_LOST;
		break;
	case DMBC_NODE_STRAY:
		code = n->level ? DMBC_FINDING_NODE_INTERIOR : DMBC_FINDING_NODE_STRAY;
		break;
	default: break;
	}
	dmbc_finding_add(fs, code, &range, place_of(&n->key, n->level), "byte %u: %s",
			 n->load->bad_at, n->load->why.text);
}

static void lose(struct run *run, unsigned int level, const struct dmbc_span *span)
{
	if (run->w->lost)
		run->w->lost(run->w->ctx, level, span);
}

/* ---- children ----------------------------------------------------------------------- */

static bool is_live(const struct dmbc_key *k)
{
	return dmbc_key_has_ptr(k) && dmbc_key_size(k) && !dmbc_key_is_zero(k);
}

/* What is below an interior node; freeing and dead keys only raise generations. */
static bool list_children(struct run *run, const struct dmbc_walk_node *n, struct dmbc_keys *list)
{
	struct dmbc_set *set = run->w->set;
	__u32 i;

	for (i = 0; i < n->load->nr; i++) {
		const struct dmbc_key *k = &n->load->keys[i];
		struct dmbc_set_bucket *b;

		if (!dmbc_key_has_ptr(k))
			continue;
		b = dmbc_set_bucket_of(set, k->ptr);
		if (dmbc_set_ahead(set, k->ptr) < 0)
			b->gen = dmbc_ptr_gen(k->ptr);
		if (is_live(k) && !dmbc_keys_add(list, k))
			return false;
	}
	return true;
}

/* The child may be read: it is not dead, and nobody else's. */
static bool may_descend(struct run *run, const struct dmbc_span *span, unsigned int level)
{
	struct dmbc_set *set = run->w->set;
	const struct dmbc_key *k = &span->last;
	const struct dmbc_range range = dmbc_walk_range(span);
	__u64 bucket = dmbc_geometry_bucket(&set->g, dmbc_ptr_sector(k->ptr));

	if (dmbc_set_ahead(set, k->ptr) > 0) {
		dmbc_finding_add(run->w->findings, DMBC_FINDING_CHILD_STALE, &range,
				 place_of(k, level), "its bucket's generation is %u, the key's %u",
				 set->bucket[bucket].gen, dmbc_ptr_gen(k->ptr));
		return false;
	}
	if (run->seen[bucket / 8] >> bucket % 8 & 1) {
		dmbc_finding_add(run->w->findings, DMBC_FINDING_NODE_TWICE, &range,
				 place_of(k, level), "two keys of the index name this node");
		return false;
	}
	run->seen[bucket / 8] |= (unsigned char)(1 << bucket % 8);
	return true;
}

static void visit_node(struct run *run, unsigned int level, const struct dmbc_span *span,
		       void *image);

/* Has the nodes of the list from @at on read, as far as there is room. */
static size_t ask_ahead(struct run *run, const struct dmbc_keys *list, size_t at)
{
	while (at < list->nr && dmbc_reader_ask(run->reader, dmbc_ptr_sector(list->k[at].ptr)))
		at++;
	return at;
}

static void child(struct run *run, unsigned int level, const struct dmbc_span *span, void *image,
		  int error)
{
	const struct dmbc_range range = dmbc_walk_range(span);

	if (!may_descend(run, span, level)) {
		lose(run, level, span);
	} else if (error) {
		dmbc_finding_add(run->w->findings, DMBC_FINDING_NODE_READ, &range,
				 place_of(&span->last, level), "%s", strerror(error));
		lose(run, level, span);
	} else {
		visit_node(run, level, span, image);
	}
}

/* Children that have children of their own are read one by one. */
static void read_child(struct run *run, unsigned int level, const struct dmbc_span *span)
{
	__u32 sectors = run->w->set->g.node_sectors;
	void *image = dmbc_device_buffer((size_t)sectors * DMBC_SECTOR_BYTES);

	if (image)
		child(run, level, span, image,
		      dmbc_device_read(run->w->set->dev, dmbc_ptr_sector(span->last.ptr), sectors,
				       image));
	else
		run->no_memory = true;
	free(image);
}

static void take_child(struct run *run, unsigned int level, const struct dmbc_span *span)
{
	int error;
	void *image = dmbc_reader_take(run->reader, &error);

	child(run, level, span, image, error);
	dmbc_reader_release(run->reader);
}

static bool in_parent(const struct dmbc_span *s, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(k), k->low, s->inode, s->pos) > 0 &&
	       dmbc_key_cmp(k, &s->last) <= 0;
}

static void children(struct run *run, const struct dmbc_walk_node *n, const struct dmbc_keys *list)
{
	struct dmbc_span span = n->span;
	bool leaves = n->level == 1;
	size_t i, ahead = 0;

	for (i = 0; i < list->nr && !run->stop && !run->no_memory; i++) {
		if (leaves)
			ahead = ask_ahead(run, list, ahead);
		span.last = list->k[i];
		if (!in_parent(&n->span, &span.last)) {
			const struct dmbc_range range = dmbc_walk_range(&n->span);

			dmbc_finding_add(run->w->findings, DMBC_FINDING_NODE_RANGE, &range,
					 place_of(&n->key, n->level),
					 "child %u:%llu lies outside of it",
					 dmbc_key_inode(&span.last), span.last.low);
		}
		if (leaves)
			take_child(run, 0, &span);
		else
			read_child(run, n->level - 1, &span);
		span.inode = dmbc_key_inode(&span.last);
		span.pos = span.last.low;
	}
	if (leaves)
		dmbc_reader_drain(run->reader);
	if (run->stop || run->no_memory ||
	    !dmbc_pos_cmp(span.inode, span.pos, dmbc_key_inode(&n->span.last), n->span.last.low))
		return;
	span.last = n->span.last;
	if (n->state == DMBC_NODE_OK)
		dmbc_finding_add(run->w->findings, DMBC_FINDING_CHILD_GAP,
				 &(struct dmbc_range){ span.inode, dmbc_key_inode(&span.last),
						       span.pos, span.last.low },
				 place_of(&n->key, n->level), "no child ends where it ends");
	lose(run, n->level - 1, &span);
}

/* ---- nodes ----------------------------------------------------------------------------- */

/* Where sets are missing, children are named that were given up since, and what they say is old. */
static bool goes_down(const struct dmbc_walk *w, const struct dmbc_walk_node *n)
{
	return n->level > (w->interior_only ? 1 : 0) && n->state == DMBC_NODE_OK;
}

static void visit_node(struct run *run, unsigned int level, const struct dmbc_span *span,
		       void *image)
{
	struct dmbc_walk *w = run->w;
	struct dmbc_walk_node n = {
		.key = span->last, .level = level, .span = *span, .image = image, .load = &run->load
	};
	struct dmbc_keys list = { NULL, 0, 0 };

	n.state = dmbc_nodeload_run(&run->load, image, n.key.ptr, !level);
	w->nodes++;
	if (run->load.fixed)
		dmbc_finding_add(w->findings, DMBC_FINDING_BIT_FIXED, NULL, place_of(&n.key, level),
				 "%u of its sets", run->load.fixed);
	note_damage(run, &n);
	if (n.state == DMBC_NODE_NOTHING)
		lose(run, level, span);
	if (level && !list_children(run, &n, &list))
		run->no_memory = true;
	else if (w->visit && !w->visit(w->ctx, &n))
		run->stop = true;
	else if (goes_down(w, &n))
		children(run, &n, &list);
	else if (level && n.state != DMBC_NODE_NOTHING && w->set->rescue)
		lose(run, level, span);
	dmbc_keys_free(&list);
}

static void start(struct run *run)
{
	struct dmbc_set *set = run->w->set;
	struct dmbc_span all = { .last = set->root };

	if (set->root_level > MOST_LEVELS)
		dmbc_finding_add(run->w->findings, DMBC_FINDING_NODE_DEEP, NULL,
				 place_of(&set->root, set->root_level), "at most %d are possible",
				 MOST_LEVELS);
	else
		read_child(run, set->root_level, &all);
}

enum dmbc_result dmbc_walk_run(struct dmbc_walk *w, struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &w->set->g;
	struct run run = { .w = w };

	w->nodes = 0;
	run.seen = calloc(g->nbuckets / 8 + 1, 1);
	run.reader = dmbc_reader_create(w->set->dev, g->node_sectors);
	run.no_memory = !dmbc_nodeload_init(&run.load, g) || !run.reader || !run.seen;
	run.load.rescue = w->set->rescue;
	if (!run.no_memory)
		start(&run);
	dmbc_reader_destroy(run.reader);
	dmbc_nodeload_exit(&run.load);
	free(run.seen);
	if (run.no_memory)
		return dmbc_error_memory(w->set->dev, err);
	return run.stop ? DMBC_IO : DMBC_OK;
}
