// SPDX-License-Identifier: GPL-2.0
/*
 * Verifiers of keys, node sets, journal entries and prio sets.
 *
 * Each goes from the outside in: check that the bytes are there, identity
 * (magic), size, checksum, and only then the content, key by key, in place.
 * Super blocks are in verify_super.c.
 */
#include "lib/verify.h"

#include "lib/checksum.h"
#include "lib/port.h"

#include <dm-bcache/format_check.h>

#define MAX_LEVELS 10 /* of a tree: more than the smallest nodes could ever need */
#define KEY_RESERVED (0x7ffffULL << 37 | 3ULL << 56 | 3ULL << 58) /* bits that must be 0 */
#define PTR_RESERVED (1ULL << 63)

/* ---- keys ---------------------------------------------------------------------- */

__u32 dmbc_verify_unpack_key(const __le64 *words, __u32 avail, struct dmbc_key *k)
{
	__u32 pointers;

	if (avail < DMBC_KEY_WORDS_HOLE)
		return 0;
	k->high = __le64_to_cpu(words[0]);
	k->low = __le64_to_cpu(words[1]);
	k->ptr = 0;
	pointers = dmbc_bits_get(k->high, DMBC_KEY_PTRS_SHIFT, DMBC_KEY_PTRS_BITS);
	if (!pointers)
		return DMBC_KEY_WORDS_HOLE;
	if (pointers > 1 || avail < DMBC_KEY_WORDS_PTR)
		return 0;
	k->ptr = __le64_to_cpu(words[2]);
	if (dmbc_ptr_dev(k->ptr) == DMBC_PTR_DEV_CHECK) {
		k->high = dmbc_bits_set(k->high, DMBC_KEY_PTRS_SHIFT, DMBC_KEY_PTRS_BITS, 0);
		k->ptr = 0;
	}
	return DMBC_KEY_WORDS_PTR;
}

__u32 dmbc_verify_pack_key(const struct dmbc_key *k, __le64 *words)
{
	words[0] = __cpu_to_le64(k->high);
	words[1] = __cpu_to_le64(k->low);
	if (!dmbc_key_has_ptr(k))
		return DMBC_KEY_WORDS_HOLE;
	words[2] = __cpu_to_le64(k->ptr);
	return DMBC_KEY_WORDS_PTR;
}

static int check_header(const struct dmbc_key *k, struct dmbc_why *why)
{
	if (!(k->high & DMBC_KEY_MARK) || (k->high & KEY_RESERVED)) {
		dmbc_explain(why, "key %u:%llu: reserved bits in %#llx", dmbc_key_inode(k), k->low,
			     k->high);
		return -EINVAL;
	}
	if (k->low > DMBC_KEY_MAX_OFFSET) {
		dmbc_explain(why, "key %u:%llu: offset out of range", dmbc_key_inode(k), k->low);
		return -EINVAL;
	}
	return 0;
}

/* The pointer itself: this device, and a bucket that exists. */
static int check_ptr(const struct dmbc_geometry *g, const struct dmbc_key *k, struct dmbc_why *why)
{
	__u64 sector = dmbc_ptr_sector(k->ptr);
	__u64 bucket = dmbc_geometry_bucket(g, sector);

	if (dmbc_ptr_dev(k->ptr) || (k->ptr & PTR_RESERVED)) {
		dmbc_explain(why, "key %u:%llu: pointer to device %u of a one-device set",
			     dmbc_key_inode(k), k->low, dmbc_ptr_dev(k->ptr));
		return -EINVAL;
	}
	if (bucket < g->first_bucket || bucket >= g->nbuckets) {
		dmbc_explain(why, "key %u:%llu: bucket %llu is not in %u..%llu", dmbc_key_inode(k),
			     k->low, bucket, g->first_bucket, g->nbuckets - 1);
		return -EINVAL;
	}
	if ((sector & (g->bucket_sectors - 1)) + dmbc_key_size(k) > g->bucket_sectors) {
		dmbc_explain(why, "key %u:%llu: %u sectors at %llu cross a bucket",
			     dmbc_key_inode(k), k->low, dmbc_key_size(k), sector);
		return -EINVAL;
	}
	return 0;
}

int dmbc_verify_leaf_key(const struct dmbc_geometry *g, const struct dmbc_key *k,
			 struct dmbc_why *why)
{
	int r;

	if (!dmbc_key_size(k))
		return 0; /* dead: means nothing */
	r = check_header(k, why);
	if (r)
		return r;
	if (dmbc_key_size(k) > k->low) {
		dmbc_explain(why, "key %u:%llu: %u sectors start before 0", dmbc_key_inode(k),
			     k->low, dmbc_key_size(k));
		return -EINVAL;
	}
	return dmbc_key_has_ptr(k) ? check_ptr(g, k, why) : 0;
}

/* What all pointers to metadata have in common: a bucket's start, and never dirty. */
static int check_metadata_key(const struct dmbc_geometry *g, const struct dmbc_key *k,
			      struct dmbc_why *why)
{
	int r = check_header(k, why);

	if (r)
		return r;
	if (!dmbc_key_has_ptr(k) || dmbc_key_dirty(k) || !dmbc_key_size(k) ||
	    (dmbc_ptr_sector(k->ptr) & (g->bucket_sectors - 1))) {
		dmbc_explain(why, "key %u:%llu does not point to the start of a bucket",
			     dmbc_key_inode(k), k->low);
		return -EINVAL;
	}
	return check_ptr(g, k, why);
}

int dmbc_verify_interior_key(const struct dmbc_geometry *g, const struct dmbc_key *k,
			     struct dmbc_why *why)
{
	int r = check_metadata_key(g, k, why);

	if (r)
		return r;
	if (dmbc_key_size(k) != g->node_sectors) {
		dmbc_explain(why, "child %u:%llu: node of %u sectors in a tree of %u",
			     dmbc_key_inode(k), k->low, dmbc_key_size(k), g->node_sectors);
		return -EINVAL;
	}
	return 0;
}

/* ---- node sets -------------------------------------------------------------------- */

/* A leaf's live keys do not overlap; children are sorted by their end. */
static bool in_order(const struct dmbc_key *before, const struct dmbc_key *k, bool leaf)
{
	return dmbc_pos_cmp(dmbc_key_inode(before), before->low, dmbc_key_inode(k),
			    leaf ? dmbc_key_start(k) : k->low) <= 0;
}

static int check_keys(const struct dmbc_geometry *g, const struct dmbc_disk_bset *b, bool leaf,
		      struct dmbc_why *why)
{
	struct dmbc_key before = { 0 }, k;
	__u32 words = __le32_to_cpu(b->keys), at = 0, used;
	int r;

	while (at < words) {
		used = dmbc_verify_unpack_key(&b->d[at], words - at, &k);
		if (!used) {
			dmbc_explain(why, "set: no key can start at word %u of %u", at, words);
			return -EINVAL;
		}
		at += used;
		if (leaf && !dmbc_key_size(&k))
			continue;
		r = leaf ? dmbc_verify_leaf_key(g, &k, why) : dmbc_verify_interior_key(g, &k, why);
		if (r)
			return r;
		if (!in_order(&before, &k, leaf)) {
			dmbc_explain(why, "set: key %u:%llu comes after %u:%llu",
				     dmbc_key_inode(&k), k.low, dmbc_key_inode(&before),
				     before.low);
			return -EINVAL;
		}
		before = k;
	}
	return 0;
}

static int check_bset_header(const struct dmbc_geometry *g, const struct dmbc_disk_bset *b,
			     bool first, struct dmbc_why *why)
{
	if (__le64_to_cpu(b->magic) != (g->set_magic ^ DMBC_BSET_MAGIC)) {
		dmbc_explain(why, "set: wrong magic %#llx", __le64_to_cpu(b->magic));
		return -EINVAL;
	}
	if (__le32_to_cpu(b->version) > DMBC_BSET_VERSION) {
		dmbc_explain(why, "set: unknown version %u", __le32_to_cpu(b->version));
		return -EOPNOTSUPP;
	}
	if (!b->seq || (!b->keys && !first)) {
		dmbc_explain(why, "set: %s",
			     b->seq ? "empty, but not the node's first" : "sequence number 0");
		return -EINVAL;
	}
	return 0;
}

int dmbc_verify_bset(const struct dmbc_geometry *g, const void *buf, __u32 bytes, __u64 ptr_word,
		     bool leaf, bool first, __u32 *blocks, struct dmbc_why *why)
{
	const struct dmbc_disk_bset *b = buf;
	const __u32 block = g->block_sectors * DMBC_SECTOR_BYTES;
	__u64 used;
	int r;

	if (bytes < sizeof(*b)) {
		dmbc_explain(why, "set: only %u bytes left", bytes);
		return -EINVAL;
	}
	r = check_bset_header(g, b, first, why);
	if (r)
		return r;
	used = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);
	if (((used + block - 1) & ~(block - 1ULL)) > bytes) {
		dmbc_explain(why, "set: %u words of keys do not fit %u bytes",
			     __le32_to_cpu(b->keys), bytes);
		return -EINVAL;
	}
	*blocks = (used + block - 1) >> (DMBC_SECTOR_SHIFT + __builtin_ctz(g->block_sectors));
	if (!b->version)
		ptr_word = ~0ULL;
	if (__le64_to_cpu(b->csum) !=
	    dmbc_checksum_seeded(ptr_word, (const char *)buf + 8, used - 8)) {
		dmbc_explain(why, "set: bad checksum over %llu bytes", used);
		return -EILSEQ;
	}
	return check_keys(g, b, leaf, why);
}

/* ---- journal entries ------------------------------------------------------------------ */

static int check_padded_key(const struct dmbc_geometry *g, const struct dmbc_disk_key_padded *p,
			    struct dmbc_key *k, struct dmbc_why *why)
{
	if (!dmbc_verify_unpack_key(p->word, DMBC_KEY_PADDED_WORDS, k)) {
		dmbc_explain(why, "journal: root or uuid key has more than one pointer");
		return -EINVAL;
	}
	return check_metadata_key(g, k, why);
}

static int check_roots(const struct dmbc_geometry *g, const struct dmbc_disk_jset *j,
		       struct dmbc_why *why)
{
	struct dmbc_key k;
	int r;

	r = check_padded_key(g, &j->uuid_bucket, &k, why);
	if (r)
		return r;
	if (dmbc_key_size(&k) != g->meta_sectors) {
		dmbc_explain(why, "journal: uuid bucket of %u sectors, not %u", dmbc_key_size(&k),
			     g->meta_sectors);
		return -EINVAL;
	}
	r = check_padded_key(g, &j->btree_root, &k, why);
	if (r)
		return r;
	/* the root decides on the size of nodes: it need not be g->node_sectors here */
	if (!dmbc_key_is_max(&k) || dmbc_key_size(&k) & (g->block_sectors - 1)) {
		dmbc_explain(why, "journal: root key %u:%llu of %u sectors", dmbc_key_inode(&k),
			     k.low, dmbc_key_size(&k));
		return -EINVAL;
	}
	if (__le16_to_cpu(j->btree_level) > MAX_LEVELS) {
		dmbc_explain(why, "journal: root at level %u", __le16_to_cpu(j->btree_level));
		return -EINVAL;
	}
	if (__le64_to_cpu(j->prio_bucket[0]) < g->first_bucket ||
	    __le64_to_cpu(j->prio_bucket[0]) >= g->nbuckets) {
		dmbc_explain(why, "journal: prio bucket %llu is not in %u..%llu",
			     __le64_to_cpu(j->prio_bucket[0]), g->first_bucket, g->nbuckets - 1);
		return -EINVAL;
	}
	return 0;
}

static int check_journal_keys(const struct dmbc_geometry *g, const struct dmbc_disk_jset *j,
			      struct dmbc_why *why)
{
	__u32 words = __le32_to_cpu(j->keys), at = 0, used;
	struct dmbc_key k;
	int r;

	while (at < words) {
		used = dmbc_verify_unpack_key(&j->d[at], words - at, &k);
		if (!used) {
			dmbc_explain(why, "journal: no key can start at word %u of %u", at, words);
			return -EINVAL;
		}
		at += used;
		r = dmbc_verify_leaf_key(g, &k, why);
		if (r)
			return r;
	}
	return 0;
}

static int check_jset_header(const struct dmbc_disk_jset *j, struct dmbc_why *why)
{
	__u64 seq = __le64_to_cpu(j->seq), last = __le64_to_cpu(j->last_seq);

	if (__le32_to_cpu(j->version) > DMBC_JSET_VERSION) {
		dmbc_explain(why, "journal: unknown version %u", __le32_to_cpu(j->version));
		return -EOPNOTSUPP;
	}
	if (!seq || last > seq) {
		dmbc_explain(why, "journal: entry %llu needs entries from %llu on", seq, last);
		return -EINVAL;
	}
	return 0;
}

int dmbc_verify_jset(const struct dmbc_geometry *g, const void *buf, __u32 bytes, __u32 *used,
		     struct dmbc_why *why)
{
	const struct dmbc_disk_jset *j = buf;
	const __u64 block = g->block_sectors * DMBC_SECTOR_BYTES;
	__u64 size, blocks_size;
	int r;

	if (bytes < sizeof(*j) || __le64_to_cpu(j->magic) != (g->set_magic ^ DMBC_JSET_MAGIC)) {
		dmbc_explain(why, "journal: no entry here");
		return -ENOENT;
	}
	size = sizeof(*j) + 8ULL * __le32_to_cpu(j->keys);
	blocks_size = (size + block - 1) & ~(block - 1);
	if (blocks_size > bytes || blocks_size > DMBC_JSET_MAX_BYTES) {
		dmbc_explain(why, "journal: entry of %llu bytes where %u are left", size, bytes);
		return -EINVAL;
	}
	if (__le64_to_cpu(j->csum) != dmbc_checksum((const char *)buf + 8, size - 8)) {
		dmbc_explain(why, "journal: bad checksum over %llu bytes", size);
		return -EILSEQ;
	}
	r = check_jset_header(j, why);
	if (!r)
		r = check_roots(g, j, why);
	if (!r)
		r = check_journal_keys(g, j, why);
	if (!r)
		*used = blocks_size;
	return r;
}

/* ---- prio sets --------------------------------------------------------------------------- */

int dmbc_verify_prio_set(const struct dmbc_geometry *g, const void *buf, struct dmbc_why *why)
{
	const struct dmbc_disk_prio_set *p = buf;
	size_t bytes = (size_t)g->meta_sectors * DMBC_SECTOR_BYTES;

	if (__le64_to_cpu(p->magic) != (g->set_magic ^ DMBC_PSET_MAGIC)) {
		dmbc_explain(why, "prio set: wrong magic %#llx", __le64_to_cpu(p->magic));
		return -EINVAL;
	}
	if (__le64_to_cpu(p->csum) != dmbc_checksum((const char *)buf + 8, bytes - 8)) {
		dmbc_explain(why, "prio set: bad checksum");
		return -EILSEQ;
	}
	if (p->version) {
		dmbc_explain(why, "prio set: unknown version %u", __le32_to_cpu(p->version));
		return -EOPNOTSUPP;
	}
	return 0;
}
