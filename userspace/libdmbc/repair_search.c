// SPDX-License-Identifier: GPL-2.0
/*
 * Looking for what nothing names any more, by the magic at the start of buckets.
 *
 * Nodes, in time order: look_at_bucket() collects those that no walk has met;
 * which generation each was written under is tried, as its checksums are seeded
 * with it. Interior ones raise the generations of what they name, so that nodes
 * they gave up are known as dead. Of the leaves that are left, those whose bucket
 * was not yet metadata at the last write of priorities are newer than the others;
 * where two overlap the newer one counts.
 */
#include "internal.h"
#include "repair_internal.h"

#include "lib/checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct orphan {
	__u64 bucket, ptr;
	bool dead; /* its bucket's generation has moved on */
	bool newer;
	struct dmbc_keys keys;
	struct dmbc_key first, last;
};

struct search {
	struct dmbc_repair *r;
	struct dmbc_nodeload load;
	char *image;
	struct orphan *orphan;
	size_t nr, room;
};

/* ---- tables ------------------------------------------------------------------------- */

struct tables {
	__u64 prio_seq, prio_bucket; /* the newest set that no other of its write names */
	__u64 uuid_bucket;
	unsigned int uuids;
};

/*
 * Sets of the newest write. Its first was written last and to the bucket that no
 * other set of the write names: an earlier candidate that names this one is it.
 */
static void note_prio_set(const struct dmbc_disk_prio_set *p, __u64 bucket, struct tables *t)
{
	__u64 seq = __le64_to_cpu(p->seq), next = __le64_to_cpu(p->next_bucket);

	if (seq < t->prio_seq)
		return;
	if (seq > t->prio_seq || next == t->prio_bucket)
		t->prio_bucket = bucket;
	t->prio_seq = seq;
}

static unsigned int known_uuids(const struct dmbc_repair *r, const char *head)
{
	const struct dmbc_disk_uuid *u = (const void *)head;
	unsigned int i, n, found = 0;

	for (i = 0; i < 4096 / sizeof(*u); i++)
		for (n = 0; n < r->p->origins; n++)
			found += !memcmp(u[i].uuid, r->p->origin[n].uuid, sizeof(u[i].uuid));
	return found;
}

static enum dmbc_result find_tables(struct dmbc_repair *r, struct tables *t, struct dmbc_error *err)
{
	const struct dmbc_geometry *g = &r->set->g;
	char *head = dmbc_device_buffer(4096);
	__u32 rounds = dmbc_geometry_prio_sets(g) > 1 ? dmbc_geometry_prio_sets(g) : 1;
	__u64 bucket;

	if (!head)
		return dmbc_error_memory(r->set->dev, err);
	/* the sets of a chain lie in any order: it is followed backwards, a round at a time */
	for (bucket = dmbc_geometry_first_free(g); rounds; bucket++) {
		const struct dmbc_disk_prio_set *p = (const void *)head;
		unsigned int found;

		if (bucket == g->nbuckets) {
			bucket = dmbc_geometry_first_free(g);
			rounds--;
		}
		if (dmbc_device_read(r->set->dev, dmbc_geometry_sector(g, bucket), 8, head))
			continue;
		if (__le64_to_cpu(p->magic) == (g->set_magic ^ DMBC_PSET_MAGIC))
			note_prio_set(p, bucket, t);
		found = known_uuids(r, head);
		if (found > t->uuids) {
			t->uuids = found;
			t->uuid_bucket = bucket;
		}
	}
	free(head);
	return DMBC_OK;
}

enum dmbc_result dmbc_repair_search_tables(struct dmbc_repair *r, struct dmbc_error *err)
{
	struct dmbc_set *set = r->set;
	struct tables t = { 0 };
	enum dmbc_result result = find_tables(r, &t, err);

	if (result != DMBC_OK)
		return result;
	if (!set->has_journal) {
		set->prio_bucket = t.prio_bucket;
		result = dmbc_set_read_prios(set, r->p->findings, err);
		if (result != DMBC_OK)
			return result;
	}
	if (!t.uuids)
		return dmbc_error_set(err, DMBC_REFUSED, "%s: the table of disks is lost%s",
				      dmbc_device_path(set->dev),
				      r->p->origins
					      ? ", and no copy of it was found: nothing can be "
						"done"
					      : "; add --backing DISK for each disk, so that a "
						"copy can be found");
	free(set->uuid);
	set->uuid = NULL;
	set->uuid_key =
		dmbc_key_make(0, 0, set->g.meta_sectors, false,
			      dmbc_ptr_make(dmbc_geometry_sector(&set->g, t.uuid_bucket), 0));
	return dmbc_set_read_uuids(set, r->p->findings, err);
}

/* ---- nodes ----------------------------------------------------------------------------- */

static bool find_gen(const struct dmbc_geometry *g, const char *image, __u64 bucket, __u64 *ptr)
{
	const struct dmbc_disk_bset *b = (const void *)image;
	__u64 bytes = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);
	unsigned int gen;

	if (bytes > (__u64)g->node_sectors * DMBC_SECTOR_BYTES)
		return false;
	for (gen = 0; gen < 256; gen++) {
		*ptr = dmbc_ptr_make(dmbc_geometry_sector(g, bucket), (__u8)gen);
		if (__le64_to_cpu(b->csum) == dmbc_checksum_seeded(*ptr, image + 8, bytes - 8))
			return true;
	}
	return false;
}

static struct orphan *add_orphan(struct search *s)
{
	size_t room = s->room ? 2 * s->room : 64;
	struct orphan *more;

	if (s->nr == s->room) {
		more = realloc(s->orphan, room * sizeof(*more));
		if (!more)
			return NULL;
		s->orphan = more;
		s->room = room;
	}
	memset(&s->orphan[s->nr], 0, sizeof(*s->orphan));
	return &s->orphan[s->nr++];
}

/* Interior nodes tell what is dead; leaves are kept. */
static bool take_node(struct search *s, __u64 bucket, __u64 ptr, bool leaf)
{
	struct dmbc_set *set = s->r->set;
	struct orphan *o;
	__u32 i;

	for (i = 0; !leaf && i < s->load.nr; i++) {
		const struct dmbc_key *k = &s->load.keys[i];

		if (dmbc_key_has_ptr(k) && dmbc_set_ahead(set, k->ptr) < 0)
			dmbc_set_bucket_of(set, k->ptr)->gen = dmbc_ptr_gen(k->ptr);
	}
	if (!leaf || !s->load.nr)
		return true;
	o = add_orphan(s);
	if (!o)
		return false;
	o->bucket = bucket;
	o->ptr = ptr;
	o->newer = set->bucket[bucket].prio != DMBC_PRIO_METADATA;
	o->first = s->load.keys[0];
	o->last = s->load.keys[s->load.nr - 1];
	for (i = 0; i < s->load.nr; i++)
		if (!dmbc_keys_add(&o->keys, &s->load.keys[i]))
			return false;
	return true;
}

/* False: out of memory. */
static bool look_at_bucket(struct search *s, __u64 bucket)
{
	struct dmbc_set *set = s->r->set;
	const struct dmbc_geometry *g = &set->g;
	const struct dmbc_disk_bset *b = (const void *)s->image;
	__u64 ptr, sector = dmbc_geometry_sector(g, bucket);
	enum dmbc_node_state state;
	bool leaf;

	if (set->bucket[bucket].use != DMBC_USE_NONE ||
	    dmbc_device_read(set->dev, sector, 8, s->image) ||
	    __le64_to_cpu(b->magic) != (g->set_magic ^ DMBC_BSET_MAGIC) ||
	    dmbc_device_read(set->dev, sector, g->node_sectors, s->image) ||
	    !find_gen(g, s->image, bucket, &ptr))
		return true;
	for (leaf = false;; leaf = true) {
		state = dmbc_nodeload_run(&s->load, s->image, ptr, leaf);
		if (state != DMBC_NODE_NOTHING && (leaf || s->load.nr))
			return take_node(s, bucket, ptr, leaf);
		if (leaf)
			return true;
	}
}

/* ---- which ones count --------------------------------------------------------------------- */

static int by_age(const void *a, const void *b)
{
	const struct orphan *x = a, *y = b;

	return (int)x->newer - (int)y->newer;
}

static bool in_lost_span(struct dmbc_repair *r, const struct dmbc_key *k)
{
	size_t i;

	for (i = 0; i < r->spans; i++) {
		struct dmbc_repair_span *s = &r->span[i];

		if (dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), s->span.inode, s->span.pos) <
			    0 ||
		    dmbc_key_cmp(k, &s->span.last) > 0)
			continue;
		s->found = true;
		return true;
	}
	return false;
}

/* What a newer leaf covers as a whole, an older one must not bring back. */
static bool covered_by_newer(const struct search *s, size_t at, const struct dmbc_key *k)
{
	size_t i;

	for (i = at + 1; i < s->nr; i++) {
		const struct orphan *o = &s->orphan[i];

		if (!o->dead && o->newer && !s->orphan[at].newer &&
		    dmbc_pos_cmp(dmbc_key_inode(k), dmbc_key_start(k), dmbc_key_inode(&o->first),
				 dmbc_key_start(&o->first)) >= 0 &&
		    dmbc_key_cmp(k, &o->last) <= 0)
			return true;
	}
	return false;
}

static bool use_orphan(struct search *s, size_t at)
{
	struct dmbc_repair *r = s->r;
	const struct orphan *o = &s->orphan[at];
	bool used = false;
	size_t i;

	for (i = 0; i < o->keys.nr; i++) {
		const struct dmbc_key *k = &o->keys.k[i];

		if (!in_lost_span(r, k))
			continue;
		used = true;
		if (!dmbc_key_dirty(k) || covered_by_newer(s, at, k))
			continue;
		if (!dmbc_keys_add(&r->keys, k))
			return false;
	}
	r->report->orphans += used;
	return true;
}

/* A dead node that a good one names: its generation may be what is wrong. */
static bool is_named(const struct dmbc_repair *r, const struct orphan *o)
{
	size_t i;

	for (i = 0; i < r->spans; i++)
		if (!r->span[i].found && r->span[i].span.last.ptr == o->ptr)
			return true;
	return false;
}

static bool use_orphans(struct search *s)
{
	struct dmbc_set *set = s->r->set;
	size_t i;

	for (i = 0; i < s->nr; i++)
		s->orphan[i].dead = dmbc_set_ahead(set, s->orphan[i].ptr) > 0;
	if (s->nr)
		qsort(s->orphan, s->nr, sizeof(*s->orphan), by_age);
	for (i = 0; i < s->nr; i++)
		if (!s->orphan[i].dead && !use_orphan(s, i))
			return false;
	for (i = 0; i < s->nr; i++)
		if (s->orphan[i].dead && is_named(s->r, &s->orphan[i]) && !use_orphan(s, i))
			return false;
	return true;
}

enum dmbc_result dmbc_repair_search_nodes(struct dmbc_repair *r, struct dmbc_error *err)
{
	struct search s = { .r = r };
	const struct dmbc_geometry *g = &r->set->g;
	bool ok = dmbc_nodeload_init(&s.load, g);
	__u64 bucket;
	size_t i;

	s.load.rescue = true;
	s.image = dmbc_device_buffer((size_t)g->node_sectors * DMBC_SECTOR_BYTES);
	ok = ok && s.image;
	for (bucket = dmbc_geometry_first_free(g); ok && bucket < g->nbuckets; bucket++) {
		dmbc_repair_tell(r, bucket, g->nbuckets);
		ok = look_at_bucket(&s, bucket);
	}
	ok = ok && use_orphans(&s);
	for (i = 0; i < s.nr; i++)
		dmbc_keys_free(&s.orphan[i].keys);
	free(s.orphan);
	free(s.image);
	dmbc_nodeload_exit(&s.load);
	return ok ? DMBC_OK : dmbc_error_memory(r->set->dev, err);
}
