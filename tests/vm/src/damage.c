// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged cache devices, see damage.h. Everything follows from the seed.
 */
#define _GNU_SOURCE
#include "damage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dm-bcache/format.h>

#include "draw.h"
#include "lib/checksum.h"
#include "lib/port.h"
#include "lib/verify.h"

#define MAX_NODES 4096

struct node {
	uint64_t at; /* bytes */
	uint32_t bytes;
	uint64_t ptr;
};

static const void *original;
static unsigned char *image;
static uint64_t image_bytes, state;
static uint32_t bucket, block; /* bytes */
static uint64_t set_magic;
static struct dmbc_disk_super *sb;
static struct dmbc_disk_jset *newest;
static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;

static uint64_t choose(uint64_t below)
{
	return draw(&state, below);
}

static uint64_t get64(const void *p)
{
	__le64 v;

	memcpy(&v, p, sizeof(v));
	return __le64_to_cpu(v);
}

static void put64(void *p, uint64_t value)
{
	__le64 v = __cpu_to_le64(value);

	memcpy(p, &v, sizeof(v));
}

/* ---- finding what is in use ------------------------------------------------------- */

static struct dmbc_disk_jset *each_jset(unsigned int wanted, unsigned int *count)
{
	uint32_t njournal = __le16_to_cpu(sb->keys), i;

	*count = 0;
	for (i = 0; i < njournal; i++) {
		uint64_t at = get64(&sb->d[i]) * bucket, end = at + bucket;

		for (; at < end; at += block) {
			struct dmbc_disk_jset *j = (void *)(image + at);

			if (__le64_to_cpu(j->magic) != (set_magic ^ DMBC_JSET_MAGIC))
				continue;
			if (!newest || __le64_to_cpu(j->seq) > __le64_to_cpu(newest->seq))
				newest = j;
			if ((*count)++ == wanted)
				return j;
		}
	}
	return NULL;
}

static void add_node(uint64_t high, uint64_t ptr)
{
	struct node *n = &nodes[nr_nodes];

	n->at = dmbc_bits_get(ptr, DMBC_PTR_OFFSET_SHIFT, DMBC_PTR_OFFSET_BITS) * DMBC_SECTOR_BYTES;
	n->bytes = dmbc_bits_get(high, DMBC_KEY_SIZE_SHIFT, DMBC_KEY_SIZE_BITS) * DMBC_SECTOR_BYTES;
	n->ptr = ptr;
	if (nr_nodes < MAX_NODES && n->at + n->bytes <= image_bytes && n->bytes)
		nr_nodes++;
}

/* The next set of a node, or NULL. */
static struct dmbc_disk_bset *next_set(const struct node *n, struct dmbc_disk_bset *b)
{
	struct dmbc_disk_bset *first = (void *)(image + n->at);
	uint64_t used, at;

	if (!b)
		return __le64_to_cpu(first->magic) == (set_magic ^ DMBC_BSET_MAGIC) ? first : NULL;
	used = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);
	at = (unsigned char *)b - image + (used + block - 1) / block * block;
	b = (void *)(image + at);
	if (at + sizeof(*b) > n->at + n->bytes || b->seq != first->seq)
		return NULL;
	return b;
}

static void walk(unsigned int which, unsigned int level)
{
	struct dmbc_disk_bset *b = NULL;
	struct node n = nodes[which];

	while (level && (b = next_set(&n, b))) {
		uint32_t words = __le32_to_cpu(b->keys), i = 0;

		while (i + 3 <= words) {
			uint64_t high = __le64_to_cpu(b->d[i]);
			unsigned int before = nr_nodes;

			if (dmbc_bits_get(high, DMBC_KEY_PTRS_SHIFT, DMBC_KEY_PTRS_BITS) != 1)
				break;
			add_node(high, __le64_to_cpu(b->d[i + 2]));
			if (nr_nodes > before)
				walk(before, level - 1);
			i += 3;
		}
	}
}

/* ---- changing it -------------------------------------------------------------------- */

static void change(unsigned char *p, uint64_t bytes, uint64_t head)
{
	unsigned int spots = 1 + choose(3);

	while (spots--) {
		uint64_t at = choose(choose(2) && head < bytes ? head : bytes);

		switch (choose(5)) {
		case 0: p[at] ^= 1 << choose(8); break;
		case 1: p[at] = choose(256); break;
		case 2: p[at] = choose(2) ? 0xff : 0; break;
		case 3: put64(p + (at & ~7ULL), choose(UINT64_MAX) >> choose(64)); break;
		default: put64(p + (at & ~7ULL), get64(p + (at & ~7ULL)) + choose(5) - 2); break;
		}
	}
}

static void seal_jset(struct dmbc_disk_jset *j)
{
	uint64_t bytes = sizeof(*j) + 8ULL * __le32_to_cpu(j->keys);

	if ((unsigned char *)j - image + bytes <= image_bytes)
		j->csum = __cpu_to_le64(dmbc_checksum(&j->magic, bytes - 8));
}

static void seal_bset(struct dmbc_disk_bset *b, uint64_t ptr)
{
	uint64_t bytes = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);

	if ((unsigned char *)b - image + bytes <= image_bytes)
		b->csum = __cpu_to_le64(dmbc_checksum_seeded(ptr, &b->magic, bytes - 8));
}

static void change_super(int seal)
{
	change(image + DMBC_SB_SECTOR * DMBC_SECTOR_BYTES, 300, DMBC_SB_FIXED_BYTES);
	if (seal && __le16_to_cpu(sb->keys) <= DMBC_SB_MAX_JOURNAL)
		dmbc_verify_super_seal(sb);
	printf("super block");
}

static void change_jset(int seal)
{
	struct dmbc_disk_jset *j = newest;
	unsigned int count;

	each_jset(UINT32_MAX, &count);
	if (choose(2))
		j = each_jset(choose(count), &count);
	printf("journal entry %llu of %u words", (unsigned long long)__le64_to_cpu(j->seq),
	       __le32_to_cpu(j->keys));
	change((void *)j, sizeof(*j) + 8 * __le32_to_cpu(j->keys), sizeof(*j));
	if (seal)
		seal_jset(j);
}

static void change_bset(int seal)
{
	struct node *n = &nodes[choose(4) ? choose(nr_nodes) : 0];
	struct dmbc_disk_bset *b = next_set(n, NULL), *last = b;
	unsigned int skip = choose(6);

	while (b && skip--) {
		last = b;
		b = next_set(n, b);
	}
	if (!last) {
		printf("nothing: node at %llu is not there", (unsigned long long)n->at);
		return;
	}
	printf("set at %zu of node at %llu, %u words", (unsigned char *)last - image - n->at,
	       (unsigned long long)n->at, __le32_to_cpu(last->keys));
	change((void *)last, sizeof(*last) + 8 * __le32_to_cpu(last->keys), sizeof(*last) + 48);
	if (seal)
		seal_bset(last, n->ptr);
}

static void change_prio(int seal)
{
	struct dmbc_disk_prio_set *p;
	uint64_t at = __le64_to_cpu(newest->prio_bucket[0]) * bucket;

	if (at + bucket > image_bytes)
		return;
	p = (void *)(image + at);
	change((void *)p, bucket, sizeof(*p));
	if (seal)
		p->csum = __cpu_to_le64(dmbc_checksum(&p->magic, bucket - 8));
	printf("prio set in bucket %llu", (unsigned long long)(at / bucket));
}

static void change_uuids(void)
{
	uint64_t ptr = __le64_to_cpu(newest->uuid_bucket.word[2]);
	uint64_t at =
		dmbc_bits_get(ptr, DMBC_PTR_OFFSET_SHIFT, DMBC_PTR_OFFSET_BITS) * DMBC_SECTOR_BYTES;

	if (at + bucket > image_bytes)
		return;
	change(image + at, bucket, sizeof(struct dmbc_disk_uuid));
	printf("uuids at %llu", (unsigned long long)at);
}

/* ---- the two functions ------------------------------------------------------------------ */

int damage_load(const void *bytes, size_t nr)
{
	unsigned int count;

	original = bytes;
	image_bytes = nr;
	image = aligned_alloc(4096, nr + 65536);
	if (!image)
		return -1;
	memcpy(image, original, nr);
	sb = (void *)(image + DMBC_SB_SECTOR * DMBC_SECTOR_BYTES);
	bucket = __le16_to_cpu(sb->bucket_size) * DMBC_SECTOR_BYTES;
	block = __le16_to_cpu(sb->block_size) * DMBC_SECTOR_BYTES;
	set_magic = get64(sb->set_uuid);
	each_jset(UINT32_MAX, &count);
	if (!newest)
		return -1;
	add_node(__le64_to_cpu(newest->btree_root.word[0]),
		 __le64_to_cpu(newest->btree_root.word[2]));
	if (!nr_nodes)
		return -1;
	walk(0, __le16_to_cpu(newest->btree_level));
	printf("%u journal entries, %u nodes, root at level %u\n", count, nr_nodes,
	       __le16_to_cpu(newest->btree_level));
	return 0;
}

const void *damage_do(uint64_t seed)
{
	int seal = seed & 1;

	memcpy(image, original, image_bytes);
	state = seed;
	switch (choose(8)) {
	case 0: change_super(seal); break;
	case 1:
	case 2: change_jset(seal); break;
	case 3: change_prio(seal); break;
	case 4: change_uuids(); break;
	default: change_bset(seal); break;
	}
	printf("%s; ", seal ? ", sealed" : "");
	return image;
}
