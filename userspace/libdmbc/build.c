// SPDX-License-Identifier: GPL-2.0
/*
 * A new index, from the leaves up. Nodes are filled to two thirds, so that the
 * next changes find room. write_node() packs what has gathered into one set and
 * remembers the key that will name it; when the leaves are done, raise_level()
 * makes the nodes above of these keys until one is left, the root.
 */
#include "build.h"

#include "internal.h"

#include "lib/checksum.h"
#include "lib/nodekeys.h"
#include "lib/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPARE_BUCKETS 8 /* that stay free for the kernel's first steps */

static enum dmbc_result write_at(const struct dmbc_build *b, __u64 sector, __u32 sectors,
				 const void *buf, struct dmbc_error *err)
{
	int r = dmbc_device_write(b->dev, sector, sectors, buf);

	if (!r)
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_IO, "%s: cannot write sector %llu: %s; check the device",
			      dmbc_device_path(b->dev), sector, strerror(r));
}

/* ---- room ------------------------------------------------------------------------- */

static __u64 nodes_for(__u64 keys, __u32 fill)
{
	__u64 level = keys / fill + 1, all = level;

	while (level > 1) {
		level = level / fill + 1;
		all += level;
	}
	return all;
}

/* How well a bucket does for metadata; 0: not at all. */
static int liking(const struct dmbc_set_bucket *bucket)
{
	if (bucket->use == DMBC_USE_NONE)
		return bucket->prio == DMBC_PRIO_METADATA ? 2 : 3; /* old nodes may be wanted yet */
	return bucket->use == DMBC_USE_DATA && !bucket->dirty;
}

static void find_room(struct dmbc_build *b, __u64 wanted)
{
	__u64 i;
	int like;

	for (like = 3; like && b->nr_room < wanted; like--)
		for (i = dmbc_geometry_first_free(&b->g); i < b->g.nbuckets && b->nr_room < wanted;
		     i++) {
			if (liking(&b->bucket[i]) != like)
				continue;
			b->room[b->nr_room++] = i;
			b->evicted += like == 1;
		}
	for (i = 0; i < b->nr_room; i++)
		b->bucket[b->room[i]].use = DMBC_USE_NODE;
}

enum dmbc_result dmbc_build_begin(struct dmbc_build *b, __u64 extents, struct dmbc_error *err)
{
	__u32 bytes = b->g.node_sectors * DMBC_SECTOR_BYTES;
	__u32 capacity = dmbc_nodekeys_capacity(bytes);
	__u64 wanted;

	b->fill = capacity * 2 / 3;
	wanted = nodes_for(extents, b->fill) + dmbc_geometry_prio_sets(&b->g) + 1 + SPARE_BUCKETS;
	b->room = calloc(wanted, sizeof(*b->room));
	b->node = calloc(1, sizeof(*b->node));
	b->buf = dmbc_device_buffer(bytes);
	if (!b->room || !b->node || !b->buf)
		return dmbc_error_memory(b->dev, err);
	find_room(b, wanted);
	if (b->nr_room < wanted)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %llu free buckets for a new index, %llu are needed; "
				      "write dirty data back first (dmbcache writeback)",
				      dmbc_device_path(b->dev), b->nr_room, wanted);
	b->nr_room -= SPARE_BUCKETS;
	memset(b->buf, 0, bytes);
	return DMBC_OK;
}

enum dmbc_result dmbc_build_ranges(const struct dmbc_build *b,
				   enum dmbc_result (*fn)(void *ctx, __u64 sector, __u32 sectors,
							  struct dmbc_error *err),
				   void *ctx, struct dmbc_error *err)
{
	__u64 entry = dmbc_geometry_sector(&b->g, b->g.first_bucket + b->journal_bucket);
	enum dmbc_result r = fn(ctx, entry, b->g.block_sectors, err);
	__u64 i;

	for (i = 0; i < b->nr_room && r == DMBC_OK; i++)
		r = fn(ctx, dmbc_geometry_sector(&b->g, b->room[i]), b->g.meta_sectors, err);
	return r;
}

static __u64 take_bucket(struct dmbc_build *b)
{
	return b->room[b->used_room++];
}

static __u64 pointer_to(const struct dmbc_build *b, __u64 bucket)
{
	return dmbc_ptr_make(dmbc_geometry_sector(&b->g, bucket), b->bucket[bucket].gen);
}

/* ---- nodes --------------------------------------------------------------------------- */

static struct dmbc_key *first_key(struct dmbc_build *b)
{
	return (struct dmbc_key *)(b->buf + sizeof(struct dmbc_disk_bset));
}

static __u64 random_seq(void)
{
	__u64 seq = 0;

	while (!seq)
		arc4random_buf(&seq, sizeof(seq));
	return seq;
}

/* Writes the gathered keys as one node; @last: nothing follows on this level. */
static enum dmbc_result write_node(struct dmbc_build *b, bool leaf, bool last,
				   struct dmbc_error *err)
{
	__u32 capacity = dmbc_nodekeys_capacity(b->g.node_sectors * DMBC_SECTOR_BYTES);
	__u64 bucket = take_bucket(b);
	const struct dmbc_nodekeys_set set = {
		.set_magic = b->g.set_magic,
		.seq = random_seq(),
		.ptr_word = pointer_to(b, bucket),
		.block_sectors = b->g.block_sectors,
	};
	struct dmbc_key key = dmbc_key_make(DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET,
					    b->g.node_sectors, false, set.ptr_word);
	enum dmbc_result r;

	if (!last) {
		const struct dmbc_key *end = first_key(b) + b->nr - 1;

		key = dmbc_key_make(dmbc_key_inode(end), end->low, b->g.node_sectors, false,
				    set.ptr_word);
	}
	dmbc_nodekeys_init(b->node, first_key(b), capacity, NULL, leaf, b->g.bucket_shift);
	dmbc_nodekeys_adopt(b->node, b->nr);
	dmbc_nodekeys_pack_first(b->node, &set);
	r = write_at(b, dmbc_geometry_sector(&b->g, bucket), b->g.node_sectors, b->buf, err);
	memset(b->buf, 0, (size_t)b->g.node_sectors * DMBC_SECTOR_BYTES);
	b->nr = 0;
	if (r == DMBC_OK && !dmbc_keys_add(&b->parents, &key))
		r = dmbc_error_memory(b->dev, err);
	return r;
}

enum dmbc_result dmbc_build_add(struct dmbc_build *b, const struct dmbc_key *k,
				struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;

	if (dmbc_set_bucket_at(b->bucket, &b->g, k->ptr)->use != DMBC_USE_DATA) {
		b->skipped++;
		return DMBC_OK;
	}
	if (b->nr == b->fill)
		r = write_node(b, true, false, err);
	first_key(b)[b->nr++] = *k;
	return r;
}

/* Makes the nodes above those whose keys have gathered. */
static enum dmbc_result raise_level(struct dmbc_build *b, struct dmbc_error *err)
{
	struct dmbc_keys below = b->parents;
	enum dmbc_result r = DMBC_OK;
	size_t i;

	b->parents = (struct dmbc_keys){ NULL, 0, 0 };
	for (i = 0; i < below.nr && r == DMBC_OK; i++) {
		if (b->nr == b->fill)
			r = write_node(b, false, false, err);
		first_key(b)[b->nr++] = below.k[i];
	}
	if (r == DMBC_OK)
		r = write_node(b, false, true, err);
	dmbc_keys_free(&below);
	return r;
}

/* ---- tables -------------------------------------------------------------------------------- */

static enum dmbc_result write_uuids(struct dmbc_build *b, struct dmbc_key *key,
				    struct dmbc_error *err)
{
	const size_t bytes = (size_t)b->g.meta_sectors * DMBC_SECTOR_BYTES;
	__u64 bucket = take_bucket(b);
	void *buf = dmbc_device_buffer(bytes);
	enum dmbc_result r;

	if (!buf)
		return dmbc_error_memory(b->dev, err);
	memset(buf, 0, bytes);
	memcpy(buf, b->uuid, b->slots * sizeof(*b->uuid));
	*key = dmbc_key_make(0, 0, b->g.meta_sectors, false, pointer_to(b, bucket));
	r = write_at(b, dmbc_geometry_sector(&b->g, bucket), b->g.meta_sectors, buf, err);
	free(buf);
	return r;
}

static void pack_prios(const struct dmbc_build *b, __u32 i, __u64 next,
		       struct dmbc_disk_prio_set *p)
{
	const size_t bytes = (size_t)b->g.meta_sectors * DMBC_SECTOR_BYTES;
	__u32 per = dmbc_geometry_prios_per_set(&b->g), n;
	__u64 bucket = (__u64)i * per;

	memset(p, 0, bytes);
	p->magic = __cpu_to_le64(b->g.set_magic ^ DMBC_PSET_MAGIC);
	p->seq = __cpu_to_le64(b->prio_seq);
	p->next_bucket = __cpu_to_le64(next);
	for (n = 0; n < per && bucket < b->g.nbuckets; n++, bucket++) {
		bool data = b->bucket[bucket].use == DMBC_USE_DATA;
		__u16 prio = b->bucket[bucket].prio;

		if (data && prio == DMBC_PRIO_METADATA)
			prio = DMBC_PRIO_INITIAL;
		if (b->bucket[bucket].use == DMBC_USE_NODE)
			prio = DMBC_PRIO_METADATA;
		else if (!data)
			prio = 0;
		p->data[n].prio = __cpu_to_le16(prio);
		p->data[n].gen = b->bucket[bucket].gen;
	}
	p->csum = __cpu_to_le64(dmbc_checksum(&p->magic, bytes - sizeof(p->csum)));
}

/* From the last to the first. */
static enum dmbc_result write_prios(struct dmbc_build *b, __u64 *first, struct dmbc_error *err)
{
	struct dmbc_disk_prio_set *p =
		dmbc_device_buffer((size_t)b->g.meta_sectors * DMBC_SECTOR_BYTES);
	__u32 i = dmbc_geometry_prio_sets(&b->g);
	enum dmbc_result r = DMBC_OK;
	__u64 next = 0, bucket, left = b->used_room + i;

	if (!p)
		return dmbc_error_memory(b->dev, err);
	for (; left < b->nr_room + SPARE_BUCKETS; left++)
		b->bucket[b->room[left]].use = DMBC_USE_NONE;
	while (i-- > 0 && r == DMBC_OK) {
		bucket = take_bucket(b);
		pack_prios(b, i, next, p);
		r = write_at(b, dmbc_geometry_sector(&b->g, bucket), b->g.meta_sectors, p, err);
		next = bucket;
	}
	*first = next;
	free(p);
	return r;
}

/* ---- the end -------------------------------------------------------------------------------- */

struct roots {
	struct dmbc_key root, uuids;
	unsigned int level;
	__u64 prio_bucket;
};

static enum dmbc_result write_entry(struct dmbc_build *b, const struct roots *roots,
				    struct dmbc_error *err)
{
	__u64 sector = dmbc_geometry_sector(&b->g, b->g.first_bucket + b->journal_bucket);
	struct dmbc_disk_jset *j = dmbc_device_buffer(b->g.block_sectors * DMBC_SECTOR_BYTES);
	enum dmbc_result r;

	if (!j)
		return dmbc_error_memory(b->dev, err);
	memset(j, 0, b->g.block_sectors * DMBC_SECTOR_BYTES);
	j->magic = __cpu_to_le64(b->g.set_magic ^ DMBC_JSET_MAGIC);
	j->seq = __cpu_to_le64(b->journal_seq);
	j->last_seq = j->seq;
	j->version = __cpu_to_le32(DMBC_JSET_VERSION);
	dmbc_verify_pack_key(&roots->uuids, j->uuid_bucket.word);
	dmbc_verify_pack_key(&roots->root, j->btree_root.word);
	j->btree_level = __cpu_to_le16((__u16)roots->level);
	j->prio_bucket[0] = __cpu_to_le64(roots->prio_bucket);
	j->csum = __cpu_to_le64(dmbc_checksum(&j->magic, sizeof(*j) - sizeof(j->csum)));
	r = write_at(b, sector, b->g.block_sectors, j, err);
	free(j);
	return r == DMBC_OK ? dmbc_device_sync(b->dev, err) : r;
}

enum dmbc_result dmbc_build_end(struct dmbc_build *b, struct dmbc_error *err)
{
	struct roots roots = { .level = 0 };
	enum dmbc_result r = write_node(b, true, true, err);

	for (; r == DMBC_OK && b->parents.nr > 1; roots.level++)
		r = raise_level(b, err);
	if (r == DMBC_OK)
		r = write_uuids(b, &roots.uuids, err);
	/* prio sets hold what all other buckets are used for: they are last */
	if (r == DMBC_OK)
		r = write_prios(b, &roots.prio_bucket, err);
	if (r == DMBC_OK)
		r = dmbc_device_sync(b->dev, err);
	if (r != DMBC_OK)
		return r;
	roots.root = b->parents.k[0];
	return write_entry(b, &roots, err);
}

void dmbc_build_exit(struct dmbc_build *b)
{
	dmbc_keys_free(&b->parents);
	free(b->room);
	free(b->node);
	free(b->buf);
}
