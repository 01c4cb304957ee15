/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys in memory: host order, always room for one pointer, so that a run of
 * them is an array. A leaf key is an extent: `size` sectors that end at `low`
 * of `inode`. It has one pointer (data on the SSD) or none (a hole). An
 * interior key is the largest key its child may hold; its size is the node's.
 *
 * More than one pointer never occurs in a one-device set, the only kind that
 * mainline registers; lib/verify.c refuses it.
 */
#ifndef DMBC_LIB_KEY_H
#define DMBC_LIB_KEY_H

#include <dm-bcache/format.h>

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#endif

struct dmbc_key {
	__u64 high;
	__u64 low;
	__u64 ptr; /* 0 when there is no pointer */
};

#define DMBC_KEY_WORDS_HOLE 2
#define DMBC_KEY_WORDS_PTR 3

static inline __u32 dmbc_key_inode(const struct dmbc_key *k)
{
	return k->high & DMBC_KEY_MAX_INODE;
}

/* sectors */
static inline __u32 dmbc_key_size(const struct dmbc_key *k)
{
	return (k->high >> DMBC_KEY_SIZE_SHIFT) & 0xffff;
}

static inline bool dmbc_key_dirty(const struct dmbc_key *k)
{
	return (k->high >> DMBC_KEY_DIRTY_SHIFT) & 1;
}

static inline bool dmbc_key_has_ptr(const struct dmbc_key *k)
{
	return (k->high >> DMBC_KEY_PTRS_SHIFT) & 7;
}

static inline __u64 dmbc_key_end(const struct dmbc_key *k)
{
	return k->low;
}

static inline __u64 dmbc_key_start(const struct dmbc_key *k)
{
	return k->low - dmbc_key_size(k);
}

/* Words the key takes on disk. */
static inline __u32 dmbc_key_words(const struct dmbc_key *k)
{
	return dmbc_key_has_ptr(k) ? DMBC_KEY_WORDS_PTR : DMBC_KEY_WORDS_HOLE;
}

static inline __u8 dmbc_ptr_gen(__u64 ptr)
{
	return ptr & 0xff;
}

/* sector on the SSD */
static inline __u64 dmbc_ptr_sector(__u64 ptr)
{
	return (ptr >> DMBC_PTR_OFFSET_SHIFT) & ((1ULL << DMBC_PTR_OFFSET_BITS) - 1);
}

static inline __u32 dmbc_ptr_dev(__u64 ptr)
{
	return (ptr >> DMBC_PTR_DEV_SHIFT) & 0xfff;
}

static inline __u64 dmbc_ptr_make(__u64 sector, __u8 gen)
{
	return sector << DMBC_PTR_OFFSET_SHIFT | gen;
}

static inline struct dmbc_key dmbc_key_make(__u32 inode, __u64 end, __u32 sectors, bool dirty,
					    __u64 ptr)
{
	struct dmbc_key k = {
		.high = DMBC_KEY_MARK | 1ULL << DMBC_KEY_PTRS_SHIFT |
			(__u64)dirty << DMBC_KEY_DIRTY_SHIFT |
			(__u64)sectors << DMBC_KEY_SIZE_SHIFT | inode,
		.low = end,
		.ptr = ptr,
	};

	return k;
}

static inline struct dmbc_key dmbc_key_make_hole(__u32 inode, __u64 end, __u32 sectors)
{
	struct dmbc_key k = {
		.high = DMBC_KEY_MARK | (__u64)sectors << DMBC_KEY_SIZE_SHIFT | inode,
		.low = end,
	};

	return k;
}

static inline void dmbc_key_set_size(struct dmbc_key *k, __u32 sectors)
{
	k->high = (k->high & ~(0xffffULL << DMBC_KEY_SIZE_SHIFT)) | (__u64)sectors
									    << DMBC_KEY_SIZE_SHIFT;
}

static inline void dmbc_key_set_dirty(struct dmbc_key *k, bool dirty)
{
	k->high = (k->high & ~(1ULL << DMBC_KEY_DIRTY_SHIFT)) | (__u64)dirty
									<< DMBC_KEY_DIRTY_SHIFT;
}

/* Order of positions (inode, sector): <0, 0, >0. */
static inline int dmbc_pos_cmp(__u32 inode_a, __u64 a, __u32 inode_b, __u64 b)
{
	if (inode_a != inode_b)
		return inode_a < inode_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Order of keys: by inode, then by end. */
static inline int dmbc_key_cmp(const struct dmbc_key *a, const struct dmbc_key *b)
{
	return dmbc_pos_cmp(dmbc_key_inode(a), a->low, dmbc_key_inode(b), b->low);
}

/* The key above all others: the last interior key of every level, and the root's. */
static inline bool dmbc_key_is_max(const struct dmbc_key *k)
{
	return dmbc_key_inode(k) == DMBC_KEY_MAX_INODE && k->low == DMBC_KEY_MAX_OFFSET;
}

/* Zero position: in an interior node such a key with a pointer is a "freeing key". */
static inline bool dmbc_key_is_zero(const struct dmbc_key *k)
{
	return dmbc_key_inode(k) == 0 && k->low == 0;
}

/*
 * How far generation @now is ahead of @then: 1..128 means that a pointer of
 * generation @then is stale; 0 current; negative: the pointer is from the
 * future (damage, or a bucket whose generation was not saved yet).
 */
static inline int dmbc_gen_ahead(__u8 now, __u8 then)
{
	__u8 d = now - then;

	return d > 128 ? (int)d - 256 : d;
}

#endif
