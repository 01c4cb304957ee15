// SPDX-License-Identifier: GPL-2.0
/* What the store says, against the map of sim_load.h. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "sim/sim_load.h"

#define MOST_OPEN 40 /* buckets open for data at a time */

/* ---- one answer of the index -------------------------------------------------------- */

/* Stamps behind a fragment at @start. */
static int read_fragment(struct sim_load *l, const struct dmbc_fragment *f, u64 start, u64 *stamps)
{
	int error = sim_disk_read_stamps(l->store->store.io, dmbc_ptr_sector(f->ptr),
					 f->end - start, stamps);

	dmbc_bucket_touch(&l->store->store.buckets, f->ptr, f->end - start);
	dmbc_bucket_unpin(&l->store->store.buckets, f->ptr);
	return error;
}

static enum sim_kind kind_of(const struct dmbc_fragment *f)
{
	return f->kind == DMBC_FRAGMENT_HOLE	? SIM_HOLE
	       : f->kind == DMBC_FRAGMENT_CLEAN ? SIM_CLEAN
						: SIM_DIRTY;
}

/* Clean data may go at any time; nothing else may be different. */
static void check_sector(struct sim_load *l, u32 inode, u64 pos, enum sim_kind kind, u64 stamp)
{
	struct sim_sector *s = sim_load_at(l, inode, pos);

	if (kind == SIM_HOLE && s->kind != SIM_DIRTY)
		return;
	if (kind != s->kind || stamp != s->stamp)
		shim_die(SHIM_PLACE, "%u:%llu is %s %llx, should be %s %llx (origin %llx)", inode,
			 pos, sim_kind_name(kind), stamp, sim_kind_name(s->kind), s->stamp,
			 s->origin);
	if (kind == SIM_CLEAN && stamp != s->origin)
		shim_die(SHIM_PLACE, "%u:%llu: clean %llx, but the origin has %llx", inode, pos,
			 stamp, s->origin);
}

typedef void (*see_fn)(struct sim_load *l, u32 inode, u64 pos, enum sim_kind kind, u64 stamp);

static int look_up(struct sim_load *l, u32 inode, u64 start, u64 end, struct dmbc_fragment *f)
{
	struct dmbc_index *ix = l->store->store.index;
	int error = dmbc_index_lookup(ix, inode, start, end - start, false, f);

	while (error == -EAGAIN || (error == -ENOMEM && l->forgiving))
		error = dmbc_index_lookup(ix, inode, start, end - start, true, f);
	return error;
}

/* Shows every sector of the range to @see, as the index and the SSD have it. */
static int look(struct sim_load *l, u32 inode, u64 start, u64 end, see_fn see)
{
	u64 *stamps = kmalloc_array(end - start, sizeof(*stamps), GFP_KERNEL | __GFP_NOFAIL);
	struct dmbc_fragment f;
	int error = 0;
	u64 pos;

	while (start < end && !error) {
		error = look_up(l, inode, start, end, &f);
		if (error)
			break;
		if (f.end <= start || f.end > end)
			shim_die(SHIM_PLACE, "answer for %llu..%llu ends at %llu", start, end,
				 f.end);
		l->sectors_seen[kind_of(&f)] += f.end - start;
		if (f.kind != DMBC_FRAGMENT_HOLE)
			error = read_fragment(l, &f, start, stamps);
		for (pos = start; pos < f.end && !error; pos++)
			see(l, inode, pos, kind_of(&f),
			    f.kind == DMBC_FRAGMENT_HOLE ? 0 : stamps[pos - start]);
		start = f.end;
	}
	kfree(stamps);
	return error;
}

int sim_load_check_range(struct sim_load *l, u32 inode, u64 start, u64 end)
{
	return look(l, inode, start, end, check_sector);
}

static void look_at_all(struct sim_load *l, see_fn see)
{
	u32 inode, at, n;
	u64 pos;
	int error;

	for (inode = 0; inode < l->inodes; inode++) {
		for (at = 0; at < l->sectors; at += n) {
			n = min(l->sectors - at, 1024U);
			pos = l->base + at;
			error = look(l, inode, pos, pos + n, see);
			if (error)
				shim_die(SHIM_PLACE, "lookup: error %d", error);
		}
	}
}

/* ---- counts ---------------------------------------------------------------------------- */

struct tally {
	struct sim_load *l;
	u32 *live, *dirty; /* by bucket */
	struct dmbc_key last;
};

static void tally_key(struct tally *t, const struct dmbc_key *k)
{
	u64 bucket = dmbc_geometry_bucket(&t->l->store->store.g, dmbc_ptr_sector(k->ptr));

	if (dmbc_pos_cmp(dmbc_key_inode(&t->last), t->last.low, dmbc_key_inode(k),
			 dmbc_key_start(k)) > 0)
		shim_die(SHIM_PLACE, "key %u:%llu overlaps or is out of order", dmbc_key_inode(k),
			 k->low);
	t->last = *k;
	t->live[bucket] += dmbc_key_size(k);
	t->dirty[bucket] += dmbc_key_dirty(k) ? dmbc_key_size(k) : 0;
}

/* Before it fails: what the index has in a bucket, a key for each lookup. */
static void print_bucket(struct sim_load *l, u64 bucket)
{
	struct dmbc_index_scan scan = { .end_inode = DMBC_KEY_MAX_INODE };
	struct dmbc_key k;

	while (!scan.done && dmbc_index_scan(l->store->store.index, &scan, &k, 1) >= 0)
		if (dmbc_geometry_bucket(&l->store->store.g, dmbc_ptr_sector(k.ptr)) == bucket)
			fprintf(stderr, "  %u:%llu + %u at %llu, %s\n", dmbc_key_inode(&k),
				dmbc_key_start(&k), dmbc_key_size(&k), dmbc_ptr_sector(k.ptr),
				dmbc_key_dirty(&k) ? "dirty" : "clean");
}

/* Keys of a bucket may become stale during the scan: counts are 0 then. */
static void check_buckets(struct tally *t)
{
	struct dmbc_buckets *bs = &t->l->store->store.buckets;
	u64 i;

	for (i = 0; i < bs->g->nbuckets; i++) {
		struct dmbc_bucket *b = &bs->b[i];

		if (b->use != DMBC_BUCKET_DATA && !t->dirty[i])
			continue;
		if (b->live != t->live[i] || b->dirty != t->dirty[i]) {
			print_bucket(t->l, i);
			shim_die(SHIM_PLACE,
				 "bucket %llu: %u live, %u dirty; keys say %u and %u (use %u)", i,
				 b->live, b->dirty, t->live[i], t->dirty[i], b->use);
		}
		if (b->live > bs->g->bucket_sectors)
			shim_die(SHIM_PLACE, "bucket %llu: %u live sectors", i, b->live);
	}
}

/* At rest only buckets open for data are pinned, once. */
static void check_pins(struct sim_load *l)
{
	struct dmbc_buckets *bs = &l->store->store.buckets;
	u32 pinned = 0;
	u64 i;

	for (i = 0; i < bs->g->nbuckets; i++) {
		if (atomic_read(&bs->b[i].pins) > 1)
			shim_die(SHIM_PLACE, "bucket %llu: %d pins", i,
				 atomic_read(&bs->b[i].pins));
		pinned += atomic_read(&bs->b[i].pins);
	}
	if (pinned > MOST_OPEN)
		shim_die(SHIM_PLACE, "%u buckets are pinned", pinned);
}

static void check_dirty(struct sim_load *l)
{
	u64 pos, want, all = 0;
	u32 inode;

	for (inode = 0; inode < l->inodes; inode++) {
		want = 0;
		for (pos = l->base; pos < l->base + l->sectors; pos++)
			want += sim_load_at(l, inode, pos)->kind == SIM_DIRTY;
		if (dmbc_index_dirty_sectors(l->store->store.index, inode) != want)
			shim_die(SHIM_PLACE, "inode %u: %llu dirty sectors, not %llu", inode,
				 dmbc_index_dirty_sectors(l->store->store.index, inode), want);
		all += want;
	}
	if (dmbc_index_all_dirty_sectors(l->store->store.index) != all)
		shim_die(SHIM_PLACE, "dirty sectors do not add up");
}

static void check_counts(struct sim_load *l)
{
	struct dmbc_index_scan scan = { .end_inode = DMBC_KEY_MAX_INODE };
	u64 nbuckets = l->store->store.g.nbuckets;
	struct tally t = { .l = l };
	struct dmbc_key keys[64];
	int n, i;

	t.live = kcalloc(nbuckets, sizeof(*t.live), GFP_KERNEL | __GFP_NOFAIL);
	t.dirty = kcalloc(nbuckets, sizeof(*t.dirty), GFP_KERNEL | __GFP_NOFAIL);
	while (!scan.done) {
		n = dmbc_index_scan(l->store->store.index, &scan, keys, ARRAY_SIZE(keys));
		if (n == -ENOMEM && l->forgiving)
			continue;
		if (n < 0)
			shim_die(SHIM_PLACE, "scan: error %d", n);
		for (i = 0; i < n; i++)
			tally_key(&t, &keys[i]);
	}
	check_buckets(&t);
	kfree(t.live);
	kfree(t.dirty);
}

static void check_volumes(struct sim_load *l)
{
	u32 i;

	for (i = 1; i <= l->volumes; i++) {
		u8 uuid[16] = { 0x77, i };

		if (dmbc_uuids_find(l->store->store.uuids, uuid) < 0)
			shim_die(SHIM_PLACE, "volume %u of %u is gone", i, l->volumes);
	}
}

void sim_load_check(struct sim_load *l)
{
	check_volumes(l);
	look_at_all(l, check_sector);
	check_dirty(l);
	check_counts(l);
	check_pins(l);
}

/* ---- after a power cut ---------------------------------------------------------------------- */

/* Is this what the sector was at the last flush or later? */
static bool possible(const struct sim_load *l, const struct sim_sector *s, enum sim_kind kind,
		     u64 stamp)
{
	u32 first = 0, i;

	for (i = 0; i < s->nr_past; i++)
		if (s->past[i].since <= l->flushed)
			first = i;
	for (i = first; i < s->nr_past; i++) {
		if (s->past[i].kind == kind && (kind == SIM_HOLE || s->past[i].stamp == stamp))
			return true;
		if (kind == SIM_HOLE && s->past[i].kind == SIM_CLEAN)
			return true;
	}
	return false;
}

static void report(const struct sim_load *l, const struct sim_sector *s)
{
	u32 i;

	for (i = 0; i < s->nr_past; i++)
		fprintf(stderr, "  was %s %llx since %llu\n", sim_kind_name(s->past[i].kind),
			s->past[i].stamp, s->past[i].since);
	fprintf(stderr, "  flushed up to %llu\n", l->flushed);
}

static void recover_sector(struct sim_load *l, u32 inode, u64 pos, enum sim_kind kind, u64 stamp)
{
	struct sim_sector *s = sim_load_at(l, inode, pos);

	if (!s->nr_past) {
		check_sector(l, inode, pos, kind, stamp);
		/* a clean one seen as a hole may still come back */
		return;
	}
	if (!possible(l, s, kind, stamp)) {
		report(l, s);
		shim_die(SHIM_PLACE, "%u:%llu came back as %s %llx", inode, pos,
			 sim_kind_name(kind), stamp);
	}
	s->kind = kind;
	s->stamp = stamp;
	if (kind == SIM_CLEAN)
		s->origin = stamp;
	s->nr_past = 0;
}

void sim_load_recover(struct sim_load *l)
{
	look_at_all(l, recover_sector);
}
