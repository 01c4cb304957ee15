// SPDX-License-Identifier: GPL-2.0
/* Arithmetic on one or two extents: cuts, joins and comparisons; no state. */
#include "lib/extent.h"

enum dmbc_overlap dmbc_extent_overlap(const struct dmbc_key *old, __u64 start, __u64 end)
{
	__u64 old_start = dmbc_key_start(old);
	__u64 old_end = dmbc_key_end(old);

	if (old_start >= end || old_end <= start || old_start == old_end)
		return DMBC_OVERLAP_NONE;
	if (old_start >= start)
		return old_end <= end ? DMBC_OVERLAP_ALL : DMBC_OVERLAP_HEAD;
	return old_end <= end ? DMBC_OVERLAP_TAIL : DMBC_OVERLAP_MIDDLE;
}

void dmbc_extent_cut_front(struct dmbc_key *k, __u64 start)
{
	__u64 gone = start - dmbc_key_start(k);

	dmbc_key_set_size(k, dmbc_key_size(k) - gone);
	if (dmbc_key_has_ptr(k))
		k->ptr += gone << DMBC_PTR_OFFSET_SHIFT;
}

void dmbc_extent_cut_back(struct dmbc_key *k, __u64 end)
{
	dmbc_key_set_size(k, dmbc_key_size(k) - (k->low - end));
	k->low = end;
}

static bool pointers_adjoin(const struct dmbc_key *left, const struct dmbc_key *right,
			    __u32 bucket_shift)
{
	__u64 first = dmbc_ptr_sector(left->ptr);
	__u64 last = dmbc_ptr_sector(right->ptr) + dmbc_key_size(right) - 1;

	/* the whole words: generation and device must agree too */
	return left->ptr + ((__u64)dmbc_key_size(left) << DMBC_PTR_OFFSET_SHIFT) == right->ptr &&
	       first >> bucket_shift == last >> bucket_shift;
}

bool dmbc_extent_merge(struct dmbc_key *left, const struct dmbc_key *right, __u32 bucket_shift)
{
	const __u64 size_mask = 0xffffULL << DMBC_KEY_SIZE_SHIFT;
	__u32 sum = dmbc_key_size(left) + dmbc_key_size(right);

	/* everything in `high` but the size: inode, dirtiness, number of pointers */
	if ((left->high ^ right->high) & ~size_mask)
		return false;
	if (left->low != dmbc_key_start(right) || sum > DMBC_KEY_MAX_SECTORS)
		return false;
	if (!dmbc_key_size(left) || !dmbc_key_size(right))
		return false;
	if (dmbc_key_has_ptr(left) && !pointers_adjoin(left, right, bucket_shift))
		return false;
	dmbc_key_set_size(left, sum);
	left->low = right->low;
	return true;
}

bool dmbc_extent_same_data(const struct dmbc_key *k, const struct dmbc_key *old)
{
	if (dmbc_key_inode(k) != dmbc_key_inode(old) || !dmbc_key_has_ptr(k) ||
	    !dmbc_key_has_ptr(old) || dmbc_key_dirty(k) != dmbc_key_dirty(old))
		return false;
	if (dmbc_ptr_gen(k->ptr) != dmbc_ptr_gen(old->ptr) ||
	    dmbc_ptr_dev(k->ptr) != dmbc_ptr_dev(old->ptr))
		return false;
	if (dmbc_extent_overlap(old, dmbc_key_start(k), dmbc_key_end(k)) == DMBC_OVERLAP_NONE)
		return false;
	return dmbc_ptr_sector(k->ptr) - dmbc_key_start(k) ==
	       dmbc_ptr_sector(old->ptr) - dmbc_key_start(old);
}
