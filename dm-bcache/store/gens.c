// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing the chain of prio sets.
 *
 * A write in time order: take_chain() gets fresh buckets; write_set() from the
 * last to the first, each naming its successor and durable when done;
 * dmbc_journal_set_prios() and dmbc_journal_commit() make the chain the named
 * one; retire_old() gives the chain before it back.
 *
 * A chain written here goes back straight to the free list: its buckets were
 * free (generation durable) when they were taken, keys never named them, and
 * after the commit no journal entry does. So each write leaves as many free
 * buckets as it found, and PRIO can never run dry. A chain that was loaded may
 * be mainline's; it takes the long way through the refill.
 *
 * Memory and the list of buckets are allocated once: a write waits for no memory.
 */
#include "store/gens.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lib/checksum.h"
#include "lib/key.h"
#include "lib/verify.h"
#include "store/alloc.h"
#include "store/blockio.h"
#include "store/journal.h"

struct dmbc_gens {
	struct dmbc_blockio *io;
	struct dmbc_buckets *bs;
	struct dmbc_alloc *a;
	struct dmbc_journal *j;
	__u64 seq; /* of the newest chain */
	__u32 nr; /* sets in a chain */
	bool have; /* chain[] is on the medium */
	bool loaded; /* ... and was found there */
	__u64 *chain; /* pointer words, first to last */
	__u64 *fresh;
	struct dmbc_disk_prio_set *buf; /* meta_sectors */
};

struct dmbc_gens *dmbc_gens_create(struct dmbc_blockio *io, struct dmbc_buckets *bs,
				   struct dmbc_alloc *a, struct dmbc_journal *j)
{
	struct dmbc_gens *g = kzalloc(sizeof(*g), GFP_KERNEL);

	if (!g)
		return ERR_PTR(-ENOMEM);
	g->io = io;
	g->bs = bs;
	g->a = a;
	g->j = j;
	g->nr = dmbc_geometry_prio_sets(bs->g);
	g->chain = kvcalloc(g->nr, sizeof(*g->chain), GFP_KERNEL);
	g->fresh = kvcalloc(g->nr, sizeof(*g->fresh), GFP_KERNEL);
	g->buf = kvcalloc(bs->g->meta_sectors, DMBC_SECTOR_BYTES, GFP_KERNEL);
	if (g->chain && g->fresh && g->buf)
		return g;
	dmbc_gens_destroy(g);
	return ERR_PTR(-ENOMEM);
}

void dmbc_gens_destroy(struct dmbc_gens *g)
{
	if (IS_ERR_OR_NULL(g))
		return;
	kvfree(g->buf);
	kvfree(g->fresh);
	kvfree(g->chain);
	kfree(g);
}

static __u64 sector_of(const struct dmbc_gens *g, __u64 bucket)
{
	return dmbc_geometry_sector(g->bs->g, bucket);
}

static __u64 bucket_of(const struct dmbc_gens *g, __u64 ptr)
{
	return dmbc_geometry_bucket(g->bs->g, dmbc_ptr_sector(ptr));
}

/* Buckets [*from, *end) are described by set @i of the chain. */
static void range_of(const struct dmbc_gens *g, __u32 i, __u64 *from, __u64 *end)
{
	__u32 per_set = dmbc_geometry_prios_per_set(g->bs->g);

	*from = (__u64)i * per_set;
	*end = *from + per_set;
	if (*end > g->bs->g->nbuckets)
		*end = g->bs->g->nbuckets;
}

/* ---- load ---------------------------------------------------------------------- */

static int read_set(struct dmbc_gens *g, __u32 i, __u64 bucket, struct dmbc_why *why)
{
	const struct dmbc_geometry *geo = g->bs->g;
	int r;

	if (bucket < dmbc_geometry_first_free(geo) || bucket >= geo->nbuckets ||
	    g->bs->b[bucket].use == DMBC_BUCKET_METADATA) {
		dmbc_explain(why, "prio set %u of %u: bucket %llu cannot be one", i, g->nr,
			     (unsigned long long)bucket);
		return -EINVAL;
	}
	r = dmbc_blockio_read(g->io, sector_of(g, bucket), geo->meta_sectors, g->buf);
	if (r) {
		dmbc_explain(why, "prio set %u of %u: bucket %llu cannot be read", i, g->nr,
			     (unsigned long long)bucket);
		return r;
	}
	return dmbc_verify_prio_set(geo, g->buf, why);
}

/* Prio 65535 says only "metadata", which the walk of the tree finds out by itself. */
static void unpack_set(struct dmbc_gens *g, __u32 i)
{
	const struct dmbc_disk_prio *p = g->buf->data;
	__u64 bucket, end;

	for (range_of(g, i, &bucket, &end); bucket < end; bucket++, p++) {
		struct dmbc_bucket *b = &g->bs->b[bucket];

		b->gen = p->gen;
		b->oldest = p->gen;
		dmbc_bucket_set_prio(g->bs, b, __le16_to_cpu(p->prio));
	}
}

int dmbc_gens_load(struct dmbc_gens *g, __u64 bucket, struct dmbc_why *why)
{
	__u32 i;
	int r;

	for (i = 0; i < g->nr; i++) {
		r = read_set(g, i, bucket, why);
		if (r)
			return r;
		unpack_set(g, i);
		if (i == 0)
			g->seq = __le64_to_cpu(g->buf->seq);
		g->chain[i] = dmbc_ptr_make(sector_of(g, bucket), 0);
		dmbc_bucket_set_metadata(g->bs, bucket);
		bucket = __le64_to_cpu(g->buf->next_bucket);
	}
	g->have = true;
	g->loaded = true;
	return 0;
}

/* ---- write --------------------------------------------------------------------- */

/*
 * No lock: a generation that grows meanwhile is written as it was or as it is,
 * and its owner waits for a write that begins later.
 */
static void pack_set(struct dmbc_gens *g, __u32 i)
{
	struct dmbc_disk_prio *p = g->buf->data;
	__u64 bucket, end;

	for (range_of(g, i, &bucket, &end); bucket < end; bucket++, p++) {
		const struct dmbc_bucket *b = &g->bs->b[bucket];
		bool metadata = READ_ONCE(b->use) == DMBC_BUCKET_METADATA;

		p->gen = READ_ONCE(b->gen);
		p->prio = __cpu_to_le16(metadata ? DMBC_PRIO_METADATA : dmbc_bucket_prio(g->bs, b));
	}
}

static int write_set(struct dmbc_gens *g, __u32 i)
{
	const struct dmbc_geometry *geo = g->bs->g;
	__u64 next = i + 1 < g->nr ? bucket_of(g, g->fresh[i + 1]) : 0;
	size_t bytes = (size_t)geo->meta_sectors * DMBC_SECTOR_BYTES;

	memset(g->buf, 0, bytes);
	g->buf->magic = __cpu_to_le64(geo->set_magic ^ DMBC_PSET_MAGIC);
	g->buf->seq = __cpu_to_le64(g->seq);
	g->buf->next_bucket = __cpu_to_le64(next);
	pack_set(g, i);
	g->buf->csum = __cpu_to_le64(dmbc_checksum(&g->buf->magic, bytes - sizeof(g->buf->csum)));
	return dmbc_blockio_write(g->io, dmbc_ptr_sector(g->fresh[i]), geo->meta_sectors, g->buf,
				  DMBC_IO_FUA);
}

static int take_chain(struct dmbc_gens *g)
{
	__u32 i;

	for (i = 0; i < g->nr; i++) {
		if (!dmbc_alloc_bucket(g->a, DMBC_RESERVE_PRIO, false, &g->fresh[i]))
			continue;
		while (i-- > 0)
			dmbc_alloc_return(g->a, g->fresh[i]);
		return -ENOSPC;
	}
	return 0;
}

static void retire_old(struct dmbc_gens *g)
{
	__u32 i;

	for (i = 0; g->have && i < g->nr; i++) {
		if (g->loaded)
			dmbc_bucket_free_metadata(g->bs, bucket_of(g, g->chain[i]));
		else
			dmbc_alloc_return(g->a, g->chain[i]);
	}
	swap(g->chain, g->fresh);
	g->have = true;
	g->loaded = false;
}

bool dmbc_gens_replaying(const struct dmbc_gens *g)
{
	return dmbc_journal_replaying(g->j);
}

int dmbc_gens_write(struct dmbc_gens *g)
{
	__u32 i;
	int r;

	r = take_chain(g);
	if (r)
		return r;
	g->seq++;
	for (i = g->nr; i-- > 0;) {
		r = write_set(g, i);
		if (r)
			return r;
	}
	dmbc_journal_set_prios(g->j, bucket_of(g, g->fresh[0]));
	r = dmbc_journal_commit(g->j);
	if (r)
		return -EIO; /* either chain may be the named one: both stay */
	retire_old(g);
	return 0;
}
