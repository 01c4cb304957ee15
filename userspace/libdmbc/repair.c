// SPDX-License-Identifier: GPL-2.0
/*
 * Repair, in time order: read_tables() reads journal, generations and disks, or
 * searches for them; the walk collects the keys of all nodes that can be read
 * (visit) and notes the spans of those that cannot (lose_span), where
 * dmbc_repair_search_nodes() looks for others; the journal's keys go over them;
 * choose() drops what cannot be trusted; write_index() builds anew.
 */
#include "repair_internal.h"

#include "bitfix.h"
#include "build.h"
#include "internal.h"

#include "lib/checksum.h"
#include "lib/extent.h"
#include "lib/verify.h"

#include <stdlib.h>
#include <string.h>

#define PROGRESS_STEPS 256 /* buckets searched, keys written */

void dmbc_repair_lose(struct dmbc_repair *r, const struct dmbc_range *range, const char *why)
{
	r->report->lost++;
	if (r->p->lost)
		r->p->lost(r->p->ctx, range, why);
}

void dmbc_repair_tell(const struct dmbc_repair *r, __u64 done, __u64 total)
{
	if (r->p->progress && done % PROGRESS_STEPS == 0)
		r->p->progress(r->p->ctx, done, total);
}

/* ---- what is there ------------------------------------------------------------------- */

static void lose_span(void *ctx, unsigned int level, const struct dmbc_span *span)
{
	struct dmbc_repair *r = ctx;
	size_t room = r->span_room ? 2 * r->span_room : 16;
	struct dmbc_repair_span *more;

	(void)level;
	if (r->spans == r->span_room) {
		more = realloc(r->span, room * sizeof(*more));
		if (!more) {
			r->no_memory = true;
			return;
		}
		r->span = more;
		r->span_room = room;
	}
	r->span[r->spans++] = (struct dmbc_repair_span){ .span = *span };
}

static bool within(const struct dmbc_span *s, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->inode, s->pos) >= 0 &&
	       dmbc_key_cmp(k, &s->last) <= 0;
}

static bool all_within(const struct dmbc_walk_node *n)
{
	__u32 i;

	for (i = 0; i < n->load->nr; i++)
		if (dmbc_key_size(&n->load->keys[i]) && !within(&n->span, &n->load->keys[i]))
			return false;
	return true;
}

/*
 * Sets are missing, or nobody knows what a key stood for: the range is told of;
 * clean keys may be older than they look.
 */
static bool is_whole(struct dmbc_repair *r, const struct dmbc_walk_node *n)
{
	const struct dmbc_range range = dmbc_walk_range(&n->span);
	const char *why = NULL;

	if (n->state != DMBC_NODE_OK &&
	    !(n->state == DMBC_NODE_TAIL_TORN && dmbc_walk_torn_is_journalled(r->set, n)))
		why = "sets of a node are missing: its newest changes";
	else if (!all_within(n))
		why = "a key of a node belongs elsewhere: what it stood for";
	if (why)
		dmbc_repair_lose(r, &range, why);
	return !why;
}

static bool visit(void *ctx, const struct dmbc_walk_node *n)
{
	struct dmbc_repair *r = ctx;
	bool whole;
	__u32 i;

	if (n->state == DMBC_NODE_NOTHING)
		return true;
	/* if even the root is damaged, it may be another node: the search decides */
	if (n->key.ptr == r->set->root.ptr && n->state != DMBC_NODE_OK &&
	    !(n->state == DMBC_NODE_TAIL_TORN && dmbc_walk_torn_is_journalled(r->set, n))) {
		if (!n->level)
			lose_span(r, 0, &n->span);
		return true;
	}
	dmbc_set_bucket_of(r->set, n->key.ptr)->use = DMBC_USE_NODE;
	if (n->level)
		return true;
	whole = is_whole(r, n);
	for (i = 0; i < n->load->nr; i++) {
		const struct dmbc_key *k = &n->load->keys[i];

		if (!dmbc_key_size(k) || !dmbc_key_has_ptr(k) || !within(&n->span, k))
			continue;
		if (!whole && !dmbc_key_dirty(k)) {
			r->report->dropped += dmbc_key_size(k);
			continue;
		}
		if (!dmbc_keys_add(&r->keys, k))
			return false;
	}
	return true;
}

/* A disk whose own super block names the set is one, whatever its slot says. */
static void unmark_disks(struct dmbc_repair *r)
{
	const struct dmbc_check_origin *o = r->p->origin;
	unsigned int i;
	int slot;

	for (i = 0; i < r->p->origins; i++) {
		if (o[i].in_place ||
		    memcmp(o[i].set_uuid, r->set->super.set_uuid, sizeof(o[i].set_uuid)))
			continue;
		slot = dmbc_set_find_slot(r->set, o[i].uuid);
		if (slot >= 0)
			r->set->uuid[slot].flags &= ~__cpu_to_le32(DMBC_UUID_FLASH_ONLY);
	}
}

static enum dmbc_result read_tables(struct dmbc_repair *r, struct dmbc_error *err)
{
	struct dmbc_findings *fs = r->p->findings;
	struct dmbc_set *set = r->set;
	__u64 before = fs->count[DMBC_SEVERITY_LOST] + fs->count[DMBC_SEVERITY_BROKEN], i;
	enum dmbc_result result = dmbc_set_read_journal(set, fs, err);
	bool has_uuids = false;
	__u32 slot;

	r->journal_lost = fs->count[DMBC_SEVERITY_LOST] + fs->count[DMBC_SEVERITY_BROKEN] > before;
	if (r->journal_lost)
		dmbc_repair_lose(r, NULL, "journal entries are missing: what they changed");
	if (result == DMBC_OK && set->has_journal) {
		result = dmbc_set_read_prios(set, fs, err);
		if (result == DMBC_OK)
			result = dmbc_set_read_uuids(set, fs, err);
		for (slot = 0; slot < set->slots; slot++)
			has_uuids |= dmbc_set_slot_used(set, slot);
	}
	if (result == DMBC_OK && !has_uuids)
		result = dmbc_repair_search_tables(r, err);
	unmark_disks(r);
	for (i = 0; result == DMBC_OK && i < set->g.nbuckets; i++)
		r->trusted[i / 8] |= (unsigned char)(!set->bucket[i].unknown << i % 8);
	return result;
}

static enum dmbc_result collect(struct dmbc_repair *r, struct dmbc_error *err)
{
	struct dmbc_walk w = {
		.set = r->set,
		.findings = r->p->findings,
		.visit = visit,
		.lost = lose_span,
		.ctx = r,
	};
	struct dmbc_span all = { .last = { .high = DMBC_KEY_MARK | DMBC_KEY_MAX_INODE,
					   .low = DMBC_KEY_MAX_OFFSET } };
	enum dmbc_result result = DMBC_OK;
	size_t i;

	if (r->set->has_journal)
		result = dmbc_walk_run(&w, err);
	else
		lose_span(r, 0, &all);
	if (result == DMBC_OK && r->spans)
		result = dmbc_repair_search_nodes(r, err);
	for (i = 0; i < r->spans && result == DMBC_OK; i++) {
		const struct dmbc_range range = dmbc_walk_range(&r->span[i].span);

		dmbc_repair_lose(r, &range,
				 r->span[i].found ? "nodes are missing; others of the range were "
						    "found and used, as new as they are"
						  : "nodes are missing");
	}
	for (i = 0; i < r->set->journal.nr && result == DMBC_OK; i++)
		if (!dmbc_keys_add(&r->keys, &r->set->journal.k[i]))
			r->no_memory = true;
	if (result == DMBC_OK && (r->no_memory || !dmbc_keys_overlay(&r->keys)))
		result = dmbc_error_memory(r->set->dev, err);
	return result;
}

/* ---- what is kept ---------------------------------------------------------------------- */

/*
 * A key that is ahead of its bucket is right where the bucket's generation was not
 * saved, or an older one was; unless dirty data of the saved generation is there,
 * over which no bucket is used again. Of unknown generations the newest counts.
 */
static void raise_gens(struct dmbc_repair *r)
{
	struct dmbc_set_bucket *b;
	const struct dmbc_key *k;
	size_t i;

	for (i = 0; i < r->keys.nr; i++) {
		k = &r->keys.k[i];
		if (!dmbc_key_size(k) || !dmbc_key_has_ptr(k))
			continue;
		b = dmbc_set_bucket_of(r->set, k->ptr);
		b->dirty |= dmbc_key_dirty(k) && !b->unknown && b->gen == dmbc_ptr_gen(k->ptr);
	}
	for (i = 0; i < r->keys.nr; i++) {
		k = &r->keys.k[i];
		if (!dmbc_key_size(k) || !dmbc_key_has_ptr(k))
			continue;
		b = dmbc_set_bucket_of(r->set, k->ptr);
		if (b->unknown || (!b->dirty && dmbc_gen_ahead(b->gen, dmbc_ptr_gen(k->ptr)) < 0))
			b->gen = dmbc_ptr_gen(k->ptr);
		b->unknown = 0;
	}
}

/* Why the extent cannot be kept; NULL: it can. */
static const char *refuse(const struct dmbc_repair *r, const struct dmbc_key *k)
{
	const struct dmbc_set_bucket *b = dmbc_set_bucket_of(r->set, k->ptr);
	__u64 bucket = dmbc_geometry_bucket(&r->set->g, dmbc_ptr_sector(k->ptr));

	if (dmbc_gen_ahead(b->gen, dmbc_ptr_gen(k->ptr)) > 0)
		return "its bucket was used again";
	if (dmbc_gen_ahead(b->gen, dmbc_ptr_gen(k->ptr)) < 0)
		return "its bucket never had this generation";
	if (b->use != DMBC_USE_NONE && b->use != DMBC_USE_DATA)
		return "it points to a bucket of metadata";
	if (dmbc_key_dirty(k))
		return NULL;
	if (r->journal_lost || !(r->trusted[bucket / 8] >> bucket % 8 & 1))
		return "it is clean and may be old";
	return NULL;
}

static void drop(struct dmbc_repair *r, struct dmbc_key *k, const char *why)
{
	const struct dmbc_range range = { dmbc_key_inode(k), dmbc_key_inode(k), dmbc_key_start(k),
					  k->low };

	if (dmbc_key_dirty(k))
		dmbc_repair_lose(r, &range, why);
	else if (dmbc_set_bucket_of(r->set, k->ptr)->gen == dmbc_ptr_gen(k->ptr))
		r->report->dropped += dmbc_key_size(k);
	dmbc_key_set_size(k, 0);
}

/* Which blocks of the SSD extents lie in, and in which more than one. */
struct blocks {
	__u32 size; /* sectors */
	unsigned char *taken, *twice;
};

enum { TAKEN = 1, TWICE = 2 };

/* What the blocks of @k are; with @take they become taken. */
static int look_at_blocks(struct blocks *bl, const struct dmbc_key *k, bool take)
{
	__u64 end = (dmbc_ptr_sector(k->ptr) + dmbc_key_size(k)) / bl->size;
	__u64 block = (dmbc_ptr_sector(k->ptr) + bl->size - 1) / bl->size;
	int found = 0;

	for (; block < end; block++) {
		unsigned char bit = (unsigned char)(1 << block % 8);
		bool taken = bl->taken[block / 8] & bit;

		found |= taken ? TAKEN : 0;
		found |= bl->twice[block / 8] & bit ? TWICE : 0;
		if (take && taken)
			bl->twice[block / 8] |= bit;
		if (take)
			bl->taken[block / 8] |= bit;
	}
	return found;
}

/*
 * Clean ones that share sectors with any other go; of dirty ones that do, all are
 * kept and told of. The dirty ones come first, as a clean one is no rival to them.
 */
static void drop_shared(struct dmbc_repair *r, struct blocks *bl)
{
	struct dmbc_key *k, *end = r->keys.k + r->keys.nr;
	int dirty;

	for (dirty = 1; dirty >= 0; dirty--) {
		for (k = r->keys.k; k < end; k++)
			if (dmbc_key_size(k) && dmbc_key_dirty(k) == dirty)
				look_at_blocks(bl, k, true);
		for (k = r->keys.k; k < end; k++) {
			const struct dmbc_range range = { dmbc_key_inode(k), dmbc_key_inode(k),
							  dmbc_key_start(k), k->low };

			if (!dmbc_key_size(k) || dmbc_key_dirty(k) != dirty ||
			    !(look_at_blocks(bl, k, false) & TWICE))
				continue;
			if (dirty)
				dmbc_repair_lose(r, &range,
						 "another extent has the same sectors; both are "
						 "kept, one has the other's data");
			else
				drop(r, k, "");
		}
	}
}

static void drop_untrusted(struct dmbc_repair *r)
{
	size_t i;

	raise_gens(r);
	for (i = 0; i < r->keys.nr; i++) {
		struct dmbc_key *k = &r->keys.k[i];
		const char *why;

		if (!dmbc_key_has_ptr(k))
			dmbc_key_set_size(k, 0);
		if (!dmbc_key_size(k))
			continue;
		why = refuse(r, k);
		if (why)
			drop(r, k, why);
	}
}

static enum dmbc_result choose(struct dmbc_repair *r, struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &r->set->g;
	__u64 blocks = (g->nbuckets << g->bucket_shift) / g->block_sectors;
	struct blocks bl = {
		.size = g->block_sectors,
		.taken = calloc(blocks / 8 + 1, 1),
		.twice = calloc(blocks / 8 + 1, 1),
	};
	bool ok = bl.taken && bl.twice;
	size_t i, kept = 0;

	if (ok)
		drop_untrusted(r);
	if (ok)
		drop_shared(r, &bl);
	free(bl.taken);
	free(bl.twice);
	for (i = 0; i < r->keys.nr; i++)
		if (dmbc_key_size(&r->keys.k[i]) &&
		    !(kept &&
		      dmbc_extent_merge(&r->keys.k[kept - 1], &r->keys.k[i], g->bucket_shift)))
			r->keys.k[kept++] = r->keys.k[i];
	r->keys.nr = kept;
	return ok ? DMBC_OK : dmbc_error_memory(r->set->dev, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The largest number of any whole entry of this set, wherever it lies. */
static enum dmbc_result newest_anywhere(struct dmbc_repair *r, __u64 *newest,
					struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &r->set->g;
	__u32 block = g->block_sectors, b, s;
	char *buf = dmbc_device_buffer(DMBC_JSET_MAX_BYTES + 4096);
	__u32 used;

	if (!buf)
		return dmbc_error_memory(r->set->dev, err);
	for (b = 0; b < g->njournal; b++)
		for (s = 0; s < g->bucket_sectors; s += block) {
			__u64 sector = dmbc_geometry_sector(g, g->first_bucket + b) + s;
			__u32 whole = s & ~7U, room = g->bucket_sectors - whole;
			const struct dmbc_disk_jset *j = (void *)(buf + (s - whole) * 512);

			if (room > (DMBC_JSET_MAX_BYTES + 4096) / 512)
				room = (DMBC_JSET_MAX_BYTES + 4096) / 512;
			if (dmbc_device_read(r->set->dev, sector - (s - whole), room, buf) ||
			    dmbc_verify_jset(g, j, (room - (s - whole)) * 512, &used, NULL))
				continue;
			if (__le64_to_cpu(j->seq) > *newest)
				*newest = __le64_to_cpu(j->seq);
		}
	free(buf);
	return DMBC_OK;
}

/* Which buckets hold data, and dirty data. */
static void mark_buckets(struct dmbc_repair *r)
{
	size_t i;
	__u64 n;

	for (n = dmbc_geometry_first_free(&r->set->g); n < r->set->g.nbuckets; n++) {
		r->set->bucket[n].use = DMBC_USE_NONE;
		r->set->bucket[n].dirty = 0;
		r->set->bucket[n].unknown = 0;
	}
	for (i = 0; i < r->keys.nr; i++) {
		struct dmbc_set_bucket *b = dmbc_set_bucket_of(r->set, r->keys.k[i].ptr);

		b->use = DMBC_USE_DATA;
		b->dirty |= dmbc_key_dirty(&r->keys.k[i]);
		r->report->extents++;
		r->report->dirty +=
			dmbc_key_dirty(&r->keys.k[i]) ? dmbc_key_size(&r->keys.k[i]) : 0;
	}
}

/* The journal is to hold nothing but the new entry: old ones may be odd. */
static enum dmbc_result clear_journal(struct dmbc_repair *r, const struct dmbc_build *b,
				      struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &r->set->g;
	void *zero = dmbc_device_buffer(g->block_sectors * DMBC_SECTOR_BYTES);
	__u32 i;
	int error = 0;

	if (!zero)
		return dmbc_error_memory(b->dev, err);
	memset(zero, 0, g->block_sectors * DMBC_SECTOR_BYTES);
	for (i = 0; i < g->njournal && !error; i++)
		if (i != b->journal_bucket)
			error = dmbc_device_write(b->dev,
						  dmbc_geometry_sector(g, g->first_bucket + i),
						  g->block_sectors, zero);
	free(zero);
	if (!error)
		return dmbc_device_sync(b->dev, err);
	return dmbc_error_set(err, DMBC_IO,
			      "%s: cannot clear the journal: %s; repair a copy, with --to",
			      dmbc_device_path(b->dev), strerror(error));
}

static enum dmbc_result save_all(struct dmbc_repair *r, const struct dmbc_build *b,
				 struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &r->set->g;
	enum dmbc_result result;
	__u32 i;

	if (!r->p->save)
		return DMBC_OK;
	result = r->p->save(r->p->ctx, DMBC_SB_SECTOR, DMBC_SB_BYTES / DMBC_SECTOR_BYTES, err);
	for (i = 0; i < g->njournal && result == DMBC_OK; i++)
		result = r->p->save(r->p->ctx, dmbc_geometry_sector(g, g->first_bucket + i),
				    g->block_sectors, err);
	if (result == DMBC_OK)
		result = dmbc_build_ranges(b, r->p->save, r->p->ctx, err);
	if (result == DMBC_OK)
		result = r->p->save(r->p->ctx, 0, 0, err); /* the end: make it durable */
	return result;
}

static enum dmbc_result build(struct dmbc_repair *r, struct dmbc_build *b, struct dmbc_error *err)
{
	enum dmbc_result result = save_all(r, b, err);
	size_t i;

	for (i = 0; i < r->keys.nr && result == DMBC_OK; i++) {
		dmbc_repair_tell(r, i, r->keys.nr);
		result = dmbc_build_add(b, &r->keys.k[i], err);
	}
	if (result == DMBC_OK)
		result = dmbc_build_end(b, err);
	if (result == DMBC_OK)
		result = clear_journal(r, b, err);
	return result;
}

static enum dmbc_result write_index(struct dmbc_repair *r, struct dmbc_error *err)
{
	struct dmbc_build b = {
		.dev = r->set->dev,
		.g = r->set->g,
		.bucket = r->set->bucket,
		.uuid = r->set->uuid,
		.slots = r->set->slots,
		.prio_seq = r->set->prio_seq + 1,
		.journal_seq = r->set->newest,
		.journal_bucket = (r->set->newest_bucket + 1) % r->set->g.njournal,
	};
	enum dmbc_result result = newest_anywhere(r, &b.journal_seq, err);

	b.journal_seq++;
	mark_buckets(r);
	if (result == DMBC_OK)
		result = dmbc_build_begin(&b, r->keys.nr, err);
	if (result == DMBC_OK && !r->p->dry_run)
		result = build(r, &b, err);
	dmbc_build_exit(&b);
	return result;
}

/* ---- the whole ------------------------------------------------------------------------------- */

enum dmbc_result dmbc_repair_run(const struct dmbc_repair_params *params,
				 struct dmbc_repair_report *report, struct dmbc_error *err)
{
	struct dmbc_repair r = { .p = params, .report = report, .set = params->set };
	enum dmbc_result result = DMBC_OK;

	memset(report, 0, sizeof(*report));
	r.set->rescue = true;
	r.trusted = calloc(r.set->g.nbuckets / 8 + 1, 1);
	if (!r.trusted)
		result = dmbc_error_memory(r.set->dev, err);
	if (result == DMBC_OK)
		result = read_tables(&r, err);
	if (result == DMBC_OK)
		result = collect(&r, err);
	if (result == DMBC_OK)
		result = choose(&r, err);
	if (result == DMBC_OK)
		result = write_index(&r, err);
	dmbc_keys_free(&r.keys);
	free(r.span);
	free(r.trusted);
	return result;
}

bool dmbc_repair_super(struct dmbc_disk_super *sb)
{
	size_t keys = __le16_to_cpu(sb->keys);

	return keys <= DMBC_SB_MAX_JOURNAL &&
	       dmbc_bitfix_run(sb, DMBC_SB_FIXED_BYTES + 8 * keys, ~0ULL);
}
