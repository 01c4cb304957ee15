/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic on one or two extents. */
#ifndef DMBC_LIB_EXTENT_H
#define DMBC_LIB_EXTENT_H

#include "lib/key.h"

/* How an existing extent @old lies under a new one [start, end) of the same inode. */
enum dmbc_overlap {
	DMBC_OVERLAP_NONE,
	DMBC_OVERLAP_ALL, /* old is covered:        new |------|   old   |--|    */
	DMBC_OVERLAP_HEAD, /* old loses its head:    new |----|     old    |----| */
	DMBC_OVERLAP_TAIL, /* old loses its tail:    new   |----|   old |----|    */
	DMBC_OVERLAP_MIDDLE, /* old falls in two:      new   |--|     old |-------| */
};

enum dmbc_overlap dmbc_extent_overlap(const struct dmbc_key *old, __u64 start, __u64 end);

/* Cuts so that the extent starts at @start (keeps the end; the pointer moves up). */
void dmbc_extent_cut_front(struct dmbc_key *k, __u64 start);
/* Cuts so that the extent ends at @end (keeps the start). */
void dmbc_extent_cut_back(struct dmbc_key *k, __u64 end);

/*
 * Joins @right to @left in place if they are neighbours on the disk and on the
 * SSD (same inode, generation, dirtiness, one bucket of 2^bucket_shift sectors)
 * and the sum fits a key. Two holes join as well.
 */
bool dmbc_extent_merge(struct dmbc_key *left, const struct dmbc_key *right, __u32 bucket_shift);

/*
 * True if @k still points where @old pointed for the sectors they share:
 * same inode, same generation, same dirtiness, same place on the SSD. False if
 * they share none or one of them has no pointer.
 */
bool dmbc_extent_same_data(const struct dmbc_key *k, const struct dmbc_key *old);

#endif
