// SPDX-License-Identifier: GPL-2.0
/*
 * The keys of one node on their way from the disk.
 *
 * dmbc_nodekeys_load() goes over the image twice. scan_sets() verifies every
 * set and changes nothing. Then add_set() replays the sets, oldest first, into
 * a node built in the scratch memory, by the same inserts as at run time, and
 * closes a run after each; merges there use as spare memory the part of the
 * caller's array whose image has been replayed already (spare_before()). The
 * result is copied over the image at the end.
 */
#include "lib/nodekeys_internal.h"
#include "lib/port.h"
#include "lib/setmark.h"

/* A load on its way. */
struct load {
	const struct dmbc_geometry *g;
	const char *image;
	__u32 bytes;
	__u32 used; /* bytes of sets */
	struct dmbc_nodekeys_image *info;
	struct dmbc_why *why;
	struct dmbc_nodekeys *target;
	struct dmbc_nodekeys n; /* in the scratch memory */
};

static const struct dmbc_disk_bset *set_at(const struct load *l, __u32 offset)
{
	return (const void *)(l->image + offset);
}

/* ---- first pass: verify --------------------------------------------------------- */

/* True if a block at @offset starts like a set of this node. */
static bool has_seq(const struct load *l, __u32 offset)
{
	return l->bytes - offset >= sizeof(struct dmbc_disk_bset) &&
	       __le64_to_cpu(set_at(l, offset)->seq) == l->info->seq;
}

/* No block from @offset on may look like a set of this node. */
static int check_rest(const struct load *l, __u32 offset, __u32 block)
{
	for (; offset < l->bytes; offset += block)
		if (has_seq(l, offset)) {
			dmbc_explain(l->why, "stray set at byte %u of the node, after its end",
				     offset);
			return -EINVAL;
		}
	return 0;
}

/* The set at @offset, the last one, has a wrong checksum. */
static int drop_tail(struct load *l, __u32 offset)
{
	const struct dmbc_setmark_node id = { l->info->seq, l->info->ptr_word };
	const struct dmbc_disk_bset *b = set_at(l, offset);

	l->info->tail_torn =
		l->info->any_tail || dmbc_setmark_since(b->d, (l->bytes - offset - sizeof(*b)) / 8,
							&id, l->info->journal_from);
	if (l->info->tail_torn)
		return 0;
	dmbc_explain(l->why, "last set damaged, keys not all in the journal: see dmbcache repair");
	return -EILSEQ;
}

static int scan_sets(struct load *l)
{
	const __u32 block = l->g->block_sectors * DMBC_SECTOR_BYTES;
	__u32 blocks, at = 0;
	int r = 0;

	l->info->tail_torn = false;
	l->info->seq =
		l->bytes >= sizeof(struct dmbc_disk_bset) ? __le64_to_cpu(set_at(l, 0)->seq) : 0;
	do {
		r = dmbc_verify_bset(l->g, l->image + at, l->bytes - at, l->info->ptr_word,
				     l->target->leaf, !at, &blocks, l->why);
		if (r)
			break;
		at += blocks * block;
	} while (at < l->bytes && has_seq(l, at));

	l->used = at;
	l->info->written = at / block;
	if (r == -EILSEQ && at && (l->info->journal_from || l->info->any_tail))
		r = drop_tail(l, at);
	if (l->info->tail_torn)
		at += block;
	return r ? r : check_rest(l, at, block);
}

/* ---- second pass: replay ---------------------------------------------------------- */

/* The caller's array as far as it does not lie over an image part after @offset. */
static struct dmbc_nodekeys_spare array_before(const struct load *l, __u32 offset)
{
	uintptr_t base = (uintptr_t)l->target->base, image = (uintptr_t)l->image;
	uintptr_t free_end = image + offset;
	struct dmbc_nodekeys_spare spare = { l->target->base, l->target->capacity };
	__u32 records = free_end > base ? (free_end - base) / sizeof(struct dmbc_key) : 0;

	if (base >= image + l->bytes || base + spare.nr * sizeof(struct dmbc_key) <= image)
		return spare; /* lies elsewhere */
	if (records < spare.nr)
		spare.nr = records;
	return spare;
}

/* The larger of what is free in the caller's array and in the scratch memory. */
static struct dmbc_nodekeys_spare spare_before(const struct load *l, __u32 offset)
{
	struct dmbc_nodekeys_spare spare = array_before(l, offset);
	__u32 used = dmbc_nodekeys_used(&l->n);

	if (l->n.capacity - used > spare.nr) {
		spare.keys = l->n.base + used;
		spare.nr = l->n.capacity - used;
	}
	return spare;
}

static int too_big(const struct load *l)
{
	dmbc_explain(l->why, "the node's live keys do not fit %u records", l->n.capacity);
	return -E2BIG;
}

/* Makes room for @k in the middle of a leaf's set: holes that did their work go. */
static int make_room(struct load *l, const struct dmbc_key *k, __u32 offset)
{
	struct dmbc_nodekeys_spare spare = spare_before(l, offset);

	if (!l->n.leaf || !dmbc_nodekeys_close(&l->n, &spare) ||
	    !dmbc_nodekeys_merge_all(&l->n, &spare) || !dmbc_nodekeys_fits(&l->n, k))
		return too_big(l);
	return 0;
}

/*
 * Freeing keys come first in a set but speak of all its children. These stay
 * as dead keys: their pointers are on the disk.
 */
static void apply_freeing_keys(struct dmbc_nodekeys *n, __u32 nr)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);
	__u32 i;

	while (nr--)
		for (i = 0; i < open->nr; i++)
			if (dmbc_nodekeys_frees(&open->keys[nr], &open->keys[i]))
				dmbc_key_set_size(&open->keys[i], 0);
}

static int add_set(struct load *l, __u32 offset)
{
	const struct dmbc_disk_bset *b = set_at(l, offset);
	__u32 words = __le32_to_cpu(b->keys), at = 0, freeing = 0;
	struct dmbc_nodekeys_spare spare;
	struct dmbc_key k;
	int r;

	while (at < words) {
		at += dmbc_verify_unpack_key(&b->d[at], words - at, &k);
		if (l->n.leaf && !dmbc_key_size(&k))
			continue;
		if (!dmbc_nodekeys_fits(&l->n, &k)) {
			r = make_room(l, &k, offset + sizeof(*b) + 8 * at);
			if (r)
				return r;
		}
		if (l->n.leaf) {
			dmbc_nodekeys_insert(&l->n, &k, NULL, NULL);
		} else {
			freeing += dmbc_key_is_zero(&k);
			dmbc_nodekeys_insert_child(&l->n, &k);
		}
	}
	apply_freeing_keys(&l->n, freeing);
	spare = spare_before(l, offset + sizeof(*b) + 8 * words);
	return dmbc_nodekeys_close(&l->n, &spare) ? 0 : too_big(l);
}

static int replay_sets(struct load *l)
{
	const __u32 block = l->g->block_sectors * DMBC_SECTOR_BYTES;
	struct dmbc_nodekeys_spare spare;
	__u32 at = 0;
	int r;

	while (at < l->used) {
		__u32 bytes =
			sizeof(struct dmbc_disk_bset) + 8 * __le32_to_cpu(set_at(l, at)->keys);

		r = add_set(l, at);
		if (r)
			return r;
		at += (bytes + block - 1) / block * block;
	}
	spare = spare_before(l, l->bytes);
	return dmbc_nodekeys_merge_all(&l->n, &spare) ? 0 : too_big(l);
}

int dmbc_nodekeys_load(struct dmbc_nodekeys *n, const struct dmbc_geometry *g, const void *image,
		       __u32 bytes, struct dmbc_nodekeys_image *info, struct dmbc_key *scratch,
		       struct dmbc_why *why)
{
	struct load l = {
		.g = g,
		.image = image,
		.bytes = bytes,
		.info = info,
		.why = why,
		.target = n,
	};
	__u32 nr;
	int r;

	r = scan_sets(&l);
	if (r)
		return r;
	dmbc_nodekeys_init(&l.n, scratch, n->capacity, NULL, n->leaf, g->bucket_shift);
	r = replay_sets(&l);
	if (r)
		return r;
	nr = dmbc_nodekeys_used(&l.n);
	memcpy(n->base, scratch, nr * sizeof(*scratch));
	dmbc_nodekeys_adopt(n, nr);
	return 0;
}
