/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers, a geometry and valid disk structures for the tests of lib/. */
#ifndef DMBC_TESTS_LIB_FIXTURE_H
#define DMBC_TESTS_LIB_FIXTURE_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/checksum.h"
#include "lib/nodekeys.h"
#include "lib/verify.h"

static __u64 random_state = 0x9E3779B97F4A7C15ULL;

/* xorshift64*: the same sequence in every run */
static inline __u64 random_u64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545F4914F6CDD1DULL;
}

static inline __u32 random_below(__u32 n)
{
	return (random_u64() >> 32) % n;
}

static inline struct dmbc_geometry fixture_geometry(void)
{
	struct dmbc_geometry g = {
		.block_sectors = 1,
		.bucket_sectors = 64,
		.bucket_shift = 6,
		.node_sectors = 64,
		.meta_sectors = 64,
		.first_bucket = 1,
		.njournal = 8,
		.nbuckets = 1 << 20,
		.set_magic = 0x0123456789abcdefULL,
	};

	return g;
}

/* A valid, initialised cache super block: 1024 buckets of 128 sectors. */
static inline void fixture_cache_super(struct dmbc_disk_super *sb)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;
	__u32 i;

	memset(sb, 0, sizeof(*sb));
	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb->version = __cpu_to_le64(DMBC_SB_CACHE);
	memcpy(sb->magic, magic, sizeof(magic));
	memset(sb->uuid, 0x11, sizeof(sb->uuid));
	memset(sb->set_uuid, 0x22, sizeof(sb->set_uuid));
	dmbc_sb_set_flag(sb, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS, 1);
	sb->nbuckets = __cpu_to_le64(1024);
	sb->block_size = __cpu_to_le16(1);
	sb->bucket_size = __cpu_to_le16(128);
	sb->nr_in_set = __cpu_to_le16(1);
	sb->first_bucket = __cpu_to_le16(1);
	sb->keys = __cpu_to_le16(8);
	for (i = 0; i < 8; i++)
		sb->d[i] = __cpu_to_le64(1 + i);
	dmbc_verify_super_seal(sb);
}

static inline void fixture_backing_super(struct dmbc_disk_super *sb)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;

	memset(sb, 0, sizeof(*sb));
	sb->offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb->version = __cpu_to_le64(DMBC_SB_BACKING);
	memcpy(sb->magic, magic, sizeof(magic));
	memset(sb->uuid, 0x33, sizeof(sb->uuid));
	sb->block_size = __cpu_to_le16(1);
	dmbc_sb_set_flag(sb, DMBC_SB_MODE_SHIFT, DMBC_SB_MODE_BITS, DMBC_WRITEBACK);
	dmbc_verify_super_seal(sb);
}

static inline void fixture_pad_key(struct dmbc_disk_key_padded *p, const struct dmbc_key *k)
{
	memset(p, 0, sizeof(*p));
	dmbc_verify_pack_key(k, p->word);
}

static inline void fixture_seal_jset(struct dmbc_disk_jset *j)
{
	j->csum = __cpu_to_le64(
		dmbc_checksum((char *)j + 8, sizeof(*j) - 8 + 8 * __le32_to_cpu(j->keys)));
}

/* A journal entry with @nr keys in order of insertion. */
static inline void fixture_jset(const struct dmbc_geometry *g, struct dmbc_disk_jset *j,
				const struct dmbc_key *keys, __u32 nr)
{
	struct dmbc_key uuid = dmbc_key_make(0, 0, g->meta_sectors, false,
					     dmbc_ptr_make(20ULL << g->bucket_shift, 1));
	struct dmbc_key root =
		dmbc_key_make(DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET, g->node_sectors, false,
			      dmbc_ptr_make(21ULL << g->bucket_shift, 2));
	__u32 i, words = 0;

	memset(j, 0, sizeof(*j));
	j->magic = __cpu_to_le64(g->set_magic ^ DMBC_JSET_MAGIC);
	j->seq = __cpu_to_le64(7);
	j->last_seq = __cpu_to_le64(5);
	j->version = __cpu_to_le32(DMBC_JSET_VERSION);
	fixture_pad_key(&j->uuid_bucket, &uuid);
	fixture_pad_key(&j->btree_root, &root);
	j->prio_bucket[0] = __cpu_to_le64(22);
	for (i = 0; i < nr; i++)
		words += dmbc_verify_pack_key(&keys[i], &j->d[words]);
	j->keys = __cpu_to_le32(words);
	fixture_seal_jset(j);
}

static inline void fixture_seal_bset(struct dmbc_disk_bset *b, __u64 ptr_word)
{
	b->csum = __cpu_to_le64(dmbc_checksum_seeded(ptr_word, (char *)b + 8,
						     sizeof(*b) - 8 + 8 * __le32_to_cpu(b->keys)));
}

/* A set of the given keys, as they are; returns its bytes in whole blocks. */
static inline __u32 fixture_bset(const struct dmbc_geometry *g, void *buf, __u64 ptr_word,
				 __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	struct dmbc_disk_bset *b = buf;
	__u32 i, words = 0, block = g->block_sectors * DMBC_SECTOR_BYTES;

	for (i = 0; i < nr; i++)
		words += dmbc_verify_pack_key(&keys[i], &b->d[words]);
	b->magic = __cpu_to_le64(g->set_magic ^ DMBC_BSET_MAGIC);
	b->seq = __cpu_to_le64(seq);
	b->version = __cpu_to_le32(DMBC_BSET_VERSION);
	b->keys = __cpu_to_le32(words);
	fixture_seal_bset(b, ptr_word);
	return (sizeof(*b) + 8 * words + block - 1) / block * block;
}

/* Fails the test with the reason if @r is not 0. */
static inline void check_ok(int r, const struct dmbc_why *why)
{
	if (r)
		fail_msg("unexpected %d: %s", r, why->text);
}

#endif
