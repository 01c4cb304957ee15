/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mark at the head of each set appended to a leaf: since which journal entry
 * the journal has the set's keys.
 *
 * A set whose checksum is wrong was cut off by a power failure, or is damaged.
 * The first may be dropped, for its keys are replayed; the second must not, if
 * the journal has forgotten them. The mark tells: it lies in the first 512
 * bytes, which a disk writes whole or not at all.
 *
 * It is a key that every reader of the format ignores: (0, 0) of size 0, with a
 * check pointer whose remaining bits are ours: 32 of the entry's number, and 19
 * of a checksum over them, the node's seq and its pointer.
 */
#ifndef DMBC_LIB_SETMARK_H
#define DMBC_LIB_SETMARK_H

#include "lib/key.h"

#define DMBC_SETMARK_WORDS 3

/* The node that the set belongs to. */
struct dmbc_setmark_node {
	__u64 seq;
	__u64 ptr_word;
};

/* Writes the mark as the first DMBC_SETMARK_WORDS of a set's keys. */
void dmbc_setmark_pack(__le64 *words, const struct dmbc_setmark_node *n, __u64 journal_seq);
/*
 * True if the keys that begin at @words, of which @avail are there, begin with
 * an intact mark of entry @from or a later one.
 */
bool dmbc_setmark_since(const __le64 *words, __u32 avail, const struct dmbc_setmark_node *n,
			__u64 from);

#endif
