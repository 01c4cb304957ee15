/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One verifier per on-disk structure; nobody else reads raw fields from a
 * medium. All are pure: no I/O, no allocation, no sleep. They never read
 * beyond the bytes they are given.
 *
 * On failure they return a negative errno and, where @why is not NULL, write
 * one line without a newline that names the value and, where there is one, the
 * fix: "bucket size 24 sectors is not a power of two". -EINVAL: not one of
 * ours or out of range; -EILSEQ: bad checksum; -EOPNOTSUPP: a version or
 * feature this code does not know.
 */
#ifndef DMBC_LIB_VERIFY_H
#define DMBC_LIB_VERIFY_H

#include "lib/geometry.h"
#include "lib/key.h"

#define DMBC_WHY_BYTES 128

struct dmbc_why {
	char text[DMBC_WHY_BYTES];
};

/* True when the 16 magic bytes are bcache's. */
bool dmbc_verify_super_magic(const struct dmbc_disk_super *sb);
/* True for version 1, 4, 6. */
bool dmbc_verify_super_is_backing(const struct dmbc_disk_super *sb);

/*
 * A cache super block in full (magic, offset, checksum, version, features,
 * every field's range, journal bucket numbers, replacement policy), on a
 * device of @device_sectors (0: unknown, not checked). Fills @geometry;
 * node_sectors is the value for a new set.
 */
int dmbc_verify_cache_super(const struct dmbc_disk_super *sb, __u64 device_sectors,
			    struct dmbc_geometry *geometry, struct dmbc_why *why);

/* A backing super block in full. @data_offset: sectors. */
int dmbc_verify_backing_super(const struct dmbc_disk_super *sb, __u64 device_sectors,
			      __u64 *data_offset, struct dmbc_why *why);

/* Sets the checksum of a super block that is about to be written. */
void dmbc_verify_super_seal(struct dmbc_disk_super *sb);

/*
 * A journal entry at @buf of which @bytes are readable (a bucket's rest).
 * *@used: bytes the entry occupies, rounded up to blocks. Checks magic, size,
 * checksum, version, that all keys parse, and the root, uuid and prio pointers.
 * -ENOENT: no entry here (other magic): the normal end of a bucket.
 */
int dmbc_verify_jset(const struct dmbc_geometry *g, const void *buf, __u32 bytes, __u32 *used,
		     struct dmbc_why *why);

/*
 * One set of a node at @buf, @bytes readable to the end of the node.
 * @ptr_word seeds the checksum. @first: may be empty. Checks magic, version,
 * size, checksum; every key: parses, validity for a @leaf or an interior node,
 * sorted, no overlap within the set. *@blocks: blocks it occupies.
 */
int dmbc_verify_bset(const struct dmbc_geometry *g, const void *buf, __u32 bytes, __u64 ptr_word,
		     bool leaf, bool first, __u32 *blocks, struct dmbc_why *why);

/*
 * One key of a leaf (journal keys as well) or of an interior node: size,
 * bucket range, bucket crossing, offsets. Generations are the caller's matter.
 */
int dmbc_verify_leaf_key(const struct dmbc_geometry *g, const struct dmbc_key *k,
			 struct dmbc_why *why);
int dmbc_verify_interior_key(const struct dmbc_geometry *g, const struct dmbc_key *k,
			     struct dmbc_why *why);

/* A prio set of geometry.meta_sectors at @buf. */
int dmbc_verify_prio_set(const struct dmbc_geometry *g, const void *buf, struct dmbc_why *why);

/*
 * Takes one key off disk words. Returns the words used (2, or 2 + pointers),
 * or 0 where @avail words do not hold it or it has more than one pointer.
 * A check pointer (device 4095) becomes a hole.
 */
__u32 dmbc_verify_unpack_key(const __le64 *words, __u32 avail, struct dmbc_key *k);
/* Writes a key as disk words; returns how many (2 or 3). */
__u32 dmbc_verify_pack_key(const struct dmbc_key *k, __le64 *words);

#endif
