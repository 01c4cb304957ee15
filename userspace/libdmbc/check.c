// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that no single structure can break.
 *
 * In time order: dmbc_check_run() has journal, generations and uuids read;
 * raise_journal() takes the journal's keys into account as a start does; the
 * walk hands every node to visit(), which checks each key of a leaf against the
 * node and its bucket (see_key()) and passes it on under the journal's keys, so
 * that see_extent() gets what a start would serve, in order.
 */
#include "check.h"

#include "finding_internal.h"
#include "inplace.h"
#include "internal.h"
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RAISED 7 /* of struct dmbc_set_bucket */
#define PROGRESS_NODES 64

struct check {
	struct dmbc_set *set;
	const struct dmbc_check_params *p;
	struct dmbc_findings *fs;
	struct dmbc_check_report *report;
	const struct dmbc_check_origin **origin; /* by slot; NULL: not given */
	unsigned char *taken; /* bit per block of the SSD: an extent lies there */
	struct dmbc_cutter cutter;
	struct dmbc_joiner joiner;
	const struct dmbc_walk_node *node; /* being looked at */
	void *data; /* to read data to */
	__u64 nodes, about;
};

static struct dmbc_place key_place(const struct check *c, const struct dmbc_key *k)
{
	if (c->node)
		return dmbc_finding_place("node at sector %llu, key %u:%llu+%u",
					  dmbc_ptr_sector(c->node->key.ptr), dmbc_key_inode(k),
					  dmbc_key_start(k), dmbc_key_size(k));
	return dmbc_finding_place("journal, key %u:%llu+%u", dmbc_key_inode(k), dmbc_key_start(k),
				  dmbc_key_size(k));
}

static struct dmbc_range key_range(const struct dmbc_key *k)
{
	return (struct dmbc_range){ dmbc_key_inode(k), dmbc_key_inode(k), dmbc_key_start(k),
				    k->low };
}

/* ---- generations ------------------------------------------------------------------ */

/*
 * A key from the future: its bucket's generation was not saved, or, where there is
 * dirty data, the key is wrong. A leaf before may have that; of one behind
 * see_stale() tells.
 */
static void raise_gen(struct check *c, const struct dmbc_key *k)
{
	struct dmbc_set_bucket *b = dmbc_set_bucket_of(c->set, k->ptr);
	int raise = -dmbc_gen_ahead(b->gen, dmbc_ptr_gen(k->ptr)) + b->raised;
	const struct dmbc_range range = key_range(k);

	if (b->unknown || raise <= b->raised)
		return;
	dmbc_finding_add(c->fs, b->dirty ? DMBC_FINDING_GEN_CONFLICT : DMBC_FINDING_GEN_AHEAD,
			 &range, key_place(c, k), "generation %u, the bucket's is %u",
			 dmbc_ptr_gen(k->ptr), b->gen);
	if (b->dirty)
		return;
	b->gen = dmbc_ptr_gen(k->ptr);
	b->raised = (__u8)(raise < MAX_RAISED ? raise : MAX_RAISED);
}

static void raise_journal(struct check *c)
{
	size_t i;

	for (i = 0; i < c->set->journal.nr; i++)
		if (dmbc_key_has_ptr(&c->set->journal.k[i]))
			raise_gen(c, &c->set->journal.k[i]);
}

/* ---- extents as a start would serve them --------------------------------------------- */

/* True if a block of the extent was taken already. */
static bool take_blocks(struct check *c, const struct dmbc_key *k)
{
	__u32 shift = (__u32)__builtin_ctz(c->set->g.block_sectors);
	__u64 from = dmbc_ptr_sector(k->ptr), to = from + dmbc_key_size(k), i;
	bool twice = false;

	from = (from + c->set->g.block_sectors - 1) >> shift;
	to >>= shift;
	for (i = from; i < to; i++) {
		twice |= c->taken[i / 8] >> i % 8 & 1;
		c->taken[i / 8] |= (unsigned char)(1 << i % 8);
	}
	return twice;
}

/* Told once for each disk: what lies behind the first such extent is no different. */
static void outside(struct check *c, const struct dmbc_key *k, bool *told, const char *what,
		    __u64 sector)
{
	const struct dmbc_range range = key_range(k);

	if (!*told)
		dmbc_finding_add(c->fs,
				 dmbc_key_dirty(k) ? DMBC_FINDING_DIRTY_BEYOND
						   : DMBC_FINDING_CLEAN_BEYOND,
				 &range, key_place(c, k), "%s sector %llu", what, sector);
	*told = true;
}

static bool is_volume(const struct check *c, int slot)
{
	return __le32_to_cpu(c->set->uuid[slot].flags) & DMBC_UUID_FLASH_ONLY;
}

static void check_ends(struct check *c, const struct dmbc_key *k, struct dmbc_check_tally *t)
{
	const struct dmbc_check_origin *o = c->origin[dmbc_key_inode(k)];
	__u64 end = o ? o->sectors : 0;

	if (is_volume(c, (int)dmbc_key_inode(k)))
		end = __le64_to_cpu(c->set->uuid[dmbc_key_inode(k)].sectors);
	if (end && k->low > end)
		outside(c, k, &t->beyond, "the disk ends at", end);
	if (o && dmbc_key_start(k) < o->data_offset)
		outside(c, k, &t->before, "the disk's data begins at", o->data_offset);
}

static void read_data(struct check *c, const struct dmbc_key *k)
{
	const struct dmbc_range range = key_range(k);
	__u64 from = dmbc_ptr_sector(k->ptr) & ~7ULL;
	__u64 to = (dmbc_ptr_sector(k->ptr) + dmbc_key_size(k) + 7) & ~7ULL;
	int r = dmbc_device_read(c->set->dev, from, (__u32)(to - from), c->data);

	if (r)
		dmbc_finding_add(c->fs, DMBC_FINDING_DIRTY_READ, &range, key_place(c, k),
				 "sector %llu of the SSD: %s", dmbc_ptr_sector(k->ptr),
				 strerror(r));
}

static bool see_extent(void *ctx, const struct dmbc_key *k)
{
	struct check *c = ctx;
	struct dmbc_set_bucket *b = dmbc_set_bucket_of(c->set, k->ptr);
	struct dmbc_check_tally *t;
	const struct dmbc_range range = key_range(k);

	if (b->use == DMBC_USE_NONE)
		b->use = DMBC_USE_DATA; /* named by the journal alone */
	c->report->extents++;
	c->report->sectors += dmbc_key_size(k);
	c->report->dirty += dmbc_key_dirty(k) ? dmbc_key_size(k) : 0;
	if (!b->unknown && take_blocks(c, k))
		dmbc_finding_add(c->fs,
				 dmbc_key_dirty(k) ? DMBC_FINDING_SECTORS_TWICE_DIRTY
						   : DMBC_FINDING_SECTORS_TWICE,
				 &range, key_place(c, k),
				 "sectors from %llu of the SSD belong to another extent too",
				 dmbc_ptr_sector(k->ptr));
	if (dmbc_key_dirty(k) && c->data)
		read_data(c, k);
	/* the last tally is for all that has no slot */
	t = &c->report->tally[dmbc_key_inode(k) < c->report->slots ? dmbc_key_inode(k)
								   : c->report->slots];
	t->extents++;
	t->sectors += dmbc_key_size(k);
	t->dirty += dmbc_key_dirty(k) ? dmbc_key_size(k) : 0;
	if (dmbc_key_inode(k) < c->report->slots)
		check_ends(c, k, t);
	return true;
}

/* By a generation that was saved, or by a key's alone. */
static void see_stale(struct check *c, const struct dmbc_key *k, int ahead)
{
	const struct dmbc_set_bucket *b = dmbc_set_bucket_of(c->set, k->ptr);
	const struct dmbc_range range = key_range(k);
	bool overtaken = b->raised && (ahead <= b->raised || b->raised == MAX_RAISED);

	dmbc_finding_add(c->fs, overtaken ? DMBC_FINDING_GEN_CONFLICT : DMBC_FINDING_DIRTY_STALE,
			 &range, key_place(c, k), "generation %u, the bucket's is %u",
			 dmbc_ptr_gen(k->ptr), b->gen);
}

/* Holes and what is stale are nothing to serve. */
static bool see_piece(void *ctx, const struct dmbc_key *k)
{
	struct check *c = ctx;
	int ahead;

	if (!dmbc_key_size(k) || !dmbc_key_has_ptr(k))
		return true;
	ahead = dmbc_set_ahead(c->set, k->ptr);
	if (ahead < 0 && !dmbc_set_bucket_of(c->set, k->ptr)->unknown)
		return true; /* in conflict with dirty data: told already */
	if (ahead <= 0)
		return dmbc_keys_join(&c->joiner, k);
	if (dmbc_key_dirty(k))
		see_stale(c, k, ahead);
	return true;
}

/* ---- keys as they are in the leaves ----------------------------------------------------- */

static bool within(const struct dmbc_span *s, const struct dmbc_key *k)
{
	return dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->inode, s->pos) >= 0 &&
	       dmbc_key_cmp(k, &s->last) <= 0;
}

static bool see_key(struct check *c, const struct dmbc_key *k)
{
	struct dmbc_set_bucket *b = dmbc_set_bucket_of(c->set, k->ptr);
	const struct dmbc_range range = key_range(k);

	if (!dmbc_key_size(k))
		return true;
	if (!within(&c->node->span, k)) {
		dmbc_finding_add(c->fs, DMBC_FINDING_NODE_RANGE, &range, key_place(c, k),
				 "the node ends at %u:%llu", dmbc_key_inode(&c->node->span.last),
				 c->node->span.last.low);
		return true;
	}
	if (dmbc_set_ahead(c->set, k->ptr) <= 0 && !b->unknown) {
		if (b->use != DMBC_USE_NONE && b->use != DMBC_USE_DATA)
			dmbc_finding_add(c->fs, DMBC_FINDING_DATA_IN_METADATA, &range,
					 key_place(c, k), "bucket %llu",
					 dmbc_geometry_bucket(&c->set->g, dmbc_ptr_sector(k->ptr)));
		else
			b->use = DMBC_USE_DATA;
		b->dirty |= dmbc_key_dirty(k);
	}
	return dmbc_keys_cut(&c->cutter, k);
}

/* The node's own bucket must be nothing else. */
static void claim_bucket(struct check *c, const struct dmbc_walk_node *n)
{
	struct dmbc_set_bucket *b = dmbc_set_bucket_of(c->set, n->key.ptr);
	const struct dmbc_range range = dmbc_walk_range(&n->span);
	static const char *const uses[] = { "nothing",	  "data",	    "another node",
					    "a prio set", "the uuid table", "the journal" };

	if (b->use != DMBC_USE_NONE && !b->unknown)
		dmbc_finding_add(c->fs,
				 b->use == DMBC_USE_DATA ? DMBC_FINDING_DATA_IN_METADATA
							 : DMBC_FINDING_NODE_TWICE,
				 &range,
				 dmbc_finding_place("node at sector %llu, level %u",
						    dmbc_ptr_sector(n->key.ptr), n->level),
				 "its bucket holds %s as well", uses[b->use]);
	b->use = DMBC_USE_NODE;
}

static bool visit(void *ctx, const struct dmbc_walk_node *n)
{
	struct check *c = ctx;
	bool ok = true;
	__u32 i;

	c->node = n;
	claim_bucket(c, n);
	/* first all generations, as a start does */
	for (i = 0; !n->level && i < n->load->nr; i++)
		if (dmbc_key_size(&n->load->keys[i]))
			raise_gen(c, &n->load->keys[i]);
	for (i = 0; !n->level && ok && i < n->load->nr; i++)
		ok = see_key(c, &n->load->keys[i]);
	if (c->p->progress && c->nodes++ % PROGRESS_NODES == 0)
		c->p->progress(c->p->progress_ctx, c->nodes, c->about);
	return ok;
}

/* ---- disks ---------------------------------------------------------------------------------- */

/* True if every disk in the table was given and says that nothing is dirty. */
static bool all_clean(const struct check *c)
{
	__u32 i, used = 0;

	for (i = 0; i < c->set->slots; i++) {
		if (!dmbc_set_slot_used(c->set, i))
			continue;
		used++;
		if (!c->origin[i] || c->origin[i]->state == DMBC_STATE_DIRTY)
			return false;
	}
	return used > 0;
}

/* Under its origin_id there is a slot, of no volume, or at least a note. */
static bool is_in_place(const struct check *c, int slot, const struct dmbc_check_origin *o)
{
	return slot < 0 ? o->noted : !is_volume(c, slot);
}

/* Its own super block says that it is a disk of this set. */
static void judge_disk(struct check *c, int slot, const struct dmbc_check_origin *o)
{
	struct dmbc_place place = dmbc_finding_place("%s", o->path);

	if (slot < 0)
		dmbc_finding_add(c->fs, DMBC_FINDING_ORIGIN_UNKNOWN, NULL, place,
				 "no slot has its uuid");
	else if (is_volume(c, slot))
		dmbc_finding_add(c->fs, DMBC_FINDING_ORIGIN_UNKNOWN, NULL, place,
				 "uuid slot %d, which has its uuid, is a volume's", slot);
}

static enum dmbc_result find_origins(struct check *c, struct dmbc_error *err)
{
	unsigned int i;

	for (i = 0; i < c->p->origins; i++) {
		const struct dmbc_check_origin *o = &c->p->origin[i];
		int slot = dmbc_set_find_slot(c->set, o->uuid);

		if (memcmp(o->set_uuid, c->set->super.set_uuid, sizeof(o->set_uuid)))
			return dmbc_error_set(err, DMBC_REFUSED,
					      "%s: not a disk of this cache; leave it out",
					      o->path);
		if (o->in_place && !is_in_place(c, slot, o))
			return dmbc_error_set(err, DMBC_REFUSED,
					      "%s: no disk is cached under this origin_id; see "
					      "dmbcache check --json %s",
					      o->path, dmbc_device_path(c->set->dev));
		if (slot >= 0)
			c->origin[slot] = o;
		if (!o->in_place || o->state == DMBC_STATE_DIRTY)
			judge_disk(c, slot, o);
	}
	c->fs->nothing_dirty = all_clean(c);
	return DMBC_OK;
}

/*
 * Extents of a slot that no disk has. Clean ones of a disk that was detached are as
 * they should be: the slot goes first, a power cut may leave them, and mainline
 * never takes them away.
 */
static bool is_orphaned(const struct check *c, __u32 slot, const struct dmbc_check_tally *t)
{
	return t->extents && !dmbc_set_slot_used(c->set, slot) &&
	       (t->dirty || !dmbc_set_slot_detached(c->set, slot));
}

static void judge_slot(struct check *c, __u32 slot, const struct dmbc_check_tally *t)
{
	const struct dmbc_check_origin *o = slot < c->report->slots ? c->origin[slot] : NULL;
	struct dmbc_place place = dmbc_finding_place("uuid slot %u", slot);

	if (slot == c->report->slots)
		place = dmbc_finding_place("slots behind the end of the uuid table");
	if (is_orphaned(c, slot, t))
		dmbc_finding_add(c->fs,
				 t->dirty ? DMBC_FINDING_DIRTY_NO_SLOT : DMBC_FINDING_CLEAN_NO_SLOT,
				 NULL, place, "%llu sectors cached, %llu dirty; no disk has it",
				 t->sectors, t->dirty);
	if (o && t->dirty && o->state != DMBC_STATE_DIRTY &&
	    !(o->in_place && o->state == DMBC_STATE_STALE))
		dmbc_finding_add(c->fs, DMBC_FINDING_ORIGIN_STATE, NULL,
				 dmbc_finding_place("%s", o->path), "%llu sectors are dirty",
				 t->dirty);
}

/* ---- disks in place -------------------------------------------------------------------------------- */

static enum dmbc_result judge_in_place(const struct check *c, __u32 slot, struct dmbc_error *err)
{
	const struct dmbc_check_tally *t = &c->report->tally[slot];
	const struct dmbc_check_origin *o = c->origin[slot];
	const struct dmbc_inplace_disk disk = { .path = o->path, .id = o->uuid };
	struct dmbc_inplace_judgement j;
	enum dmbc_result r = dmbc_inplace_judge(c->set, &disk, t->dirty, &j, err);

	if (r == DMBC_OK && j.verdict != DMBC_NOTE_KEEP && t->extents)
		dmbc_finding_add(c->fs,
				 j.verdict == DMBC_NOTE_REFUSE ? DMBC_FINDING_INPLACE_REFUSED
							       : DMBC_FINDING_INPLACE_DROPPED,
				 NULL, dmbc_finding_place("%s", o->path), "%s", j.why.text);
	return r;
}

static bool may_be_in_place(const struct check *c, __u32 slot)
{
	return dmbc_set_slot_used(c->set, slot) &&
	       !(c->origin[slot] && !c->origin[slot]->in_place) && !is_volume(c, slot);
}

static enum dmbc_result check_in_place(const struct check *c, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	bool dirty = false;
	__u32 i;

	for (i = 0; i < c->report->slots && r == DMBC_OK; i++) {
		dirty |= c->report->tally[i].dirty && may_be_in_place(c, i);
		if (c->origin[i] && c->origin[i]->in_place)
			r = judge_in_place(c, i, err);
	}
	return r == DMBC_OK ? dmbc_inplace_check_notes(c->set, dirty, c->fs, err) : r;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static bool make_memory(struct check *c)
{
	__u64 blocks = c->set->g.nbuckets * (c->set->g.bucket_sectors / c->set->g.block_sectors);

	c->report->slots = c->set->slots;
	c->report->tally = calloc(c->set->slots + 1, sizeof(*c->report->tally));
	c->origin = calloc(c->set->slots + 1, sizeof(*c->origin));
	c->taken = calloc(blocks / 8 + 1, 1);
	if (c->p->level == DMBC_CHECK_DATA)
		c->data = dmbc_device_buffer((DMBC_KEY_MAX_SECTORS + 16) * DMBC_SECTOR_BYTES);
	return c->report->tally && c->origin && c->taken &&
	       (c->data || c->p->level != DMBC_CHECK_DATA);
}

static __u64 count_metadata(const struct dmbc_set *set)
{
	__u64 i, n = 0;

	for (i = 0; i < set->g.nbuckets; i++)
		n += !set->bucket[i].unknown && set->bucket[i].prio == DMBC_PRIO_METADATA;
	return n;
}

static enum dmbc_result walk(struct check *c, struct dmbc_error *err)
{
	struct dmbc_walk w = {
		.set = c->set,
		.findings = c->fs,
		.visit = visit,
		.ctx = c,
		.interior_only = c->p->level == DMBC_CHECK_QUICK,
	};
	enum dmbc_result r;
	__u32 i;

	c->about = count_metadata(c->set);
	c->cutter = (struct dmbc_cutter){ .over = &c->set->journal, .emit = see_piece, .ctx = c };
	c->joiner = (struct dmbc_joiner){ .bucket_shift = c->set->g.bucket_shift,
					  .emit = see_extent,
					  .ctx = c };
	raise_journal(c);
	r = dmbc_walk_run(&w, err);
	c->report->nodes = w.nodes;
	c->node = NULL;
	if (r != DMBC_OK || c->p->level == DMBC_CHECK_QUICK)
		return r;
	dmbc_keys_cut_end(&c->cutter);
	dmbc_keys_join_end(&c->joiner);
	for (i = 0; i <= c->report->slots; i++)
		judge_slot(c, i, &c->report->tally[i]);
	return DMBC_OK;
}

enum dmbc_result dmbc_check_run(struct dmbc_set *set, const struct dmbc_check_params *params,
				struct dmbc_check_report *report, struct dmbc_error *err)
{
	struct check c = { .set = set, .p = params, .fs = params->findings, .report = report };
	enum dmbc_result r = dmbc_set_read_journal(set, c.fs, err);

	memset(report, 0, sizeof(*report));
	if (r != DMBC_OK || !set->has_journal)
		return r;
	r = dmbc_set_read_prios(set, c.fs, err);
	if (r == DMBC_OK)
		r = dmbc_set_read_uuids(set, c.fs, err);
	if (r == DMBC_OK && !make_memory(&c))
		r = dmbc_error_memory(set->dev, err);
	if (r == DMBC_OK)
		r = find_origins(&c, err);
	if (r == DMBC_OK)
		r = walk(&c, err);
	if (r == DMBC_OK)
		r = check_in_place(&c, err);
	free(c.data);
	free(c.taken);
	free(c.origin);
	return r;
}

void dmbc_check_report_free(struct dmbc_check_report *report)
{
	free(report->tally);
	report->tally = NULL;
}

enum dmbc_result dmbc_check_verdict(const struct dmbc_findings *fs)
{
	static const enum dmbc_result codes[] = { DMBC_OK, DMBC_MINOR, DMBC_BROKEN, DMBC_LOST };

	return codes[dmbc_finding_worst(fs)];
}

enum dmbc_result dmbc_check_read_origin(const char *path, struct dmbc_check_origin *origin,
					struct dmbc_error *err)
{
	struct dmbc_disk_super sb;
	struct dmbc_device *dev;
	struct dmbc_why why;
	enum dmbc_result r = dmbc_device_open(path, DMBC_ACCESS_READ, &dev, err);

	if (r != DMBC_OK)
		return r;
	memset(origin, 0, sizeof(*origin));
	origin->path = path;
	origin->sectors = dmbc_device_sectors(dev);
	r = dmbc_device_read_super(dev, &sb, err);
	dmbc_device_close(dev);
	if (r == DMBC_OK &&
	    dmbc_verify_backing_super(&sb, origin->sectors, &origin->data_offset, &why))
		r = dmbc_error_set(err, DMBC_DAMAGED,
				   "%s: no backing device: %s; leave it out, or say with "
				   "--origin-id as which it is cached in place",
				   path, why.text);
	if (r != DMBC_OK)
		return r;
	memcpy(origin->uuid, sb.uuid, sizeof(origin->uuid));
	memcpy(origin->set_uuid, sb.set_uuid, sizeof(origin->set_uuid));
	origin->state = (unsigned int)dmbc_sb_flag(&sb, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS);
	return DMBC_OK;
}

enum dmbc_result dmbc_check_read_in_place(const struct dmbc_set *set, const __u8 id[16],
					  const char *path, struct dmbc_check_origin *origin,
					  struct dmbc_error *err)
{
	struct dmbc_inplace_disk disk = { .path = path, .id = id };
	enum dmbc_result r = dmbc_inplace_look(set, &disk, err);

	if (r != DMBC_OK)
		return r;
	memset(origin, 0, sizeof(*origin));
	origin->path = path;
	origin->sectors = disk.sectors;
	origin->state = disk.state;
	origin->in_place = true;
	origin->noted = disk.noted;
	memcpy(origin->uuid, id, sizeof(origin->uuid));
	memcpy(origin->set_uuid, set->super.set_uuid, sizeof(origin->set_uuid));
	return DMBC_OK;
}
