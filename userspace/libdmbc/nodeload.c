// SPDX-License-Identifier: GPL-2.0
/* One node: dmbc_nodekeys_load(), and once more with what is good if that finds damage. */
#include "nodeload.h"

#include "bitfix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool dmbc_nodeload_init(struct dmbc_nodeload *n, const struct dmbc_geometry *g)
{
	memset(n, 0, sizeof(*n));
	n->g = g;
	n->capacity = dmbc_nodekeys_capacity(g->node_sectors * DMBC_SECTOR_BYTES);
	n->base = calloc(n->capacity, sizeof(*n->base));
	n->scratch = calloc(n->capacity, sizeof(*n->scratch));
	return n->base && n->scratch;
}

void dmbc_nodeload_exit(struct dmbc_nodeload *n)
{
	free(n->base);
	free(n->scratch);
}

/* Loads from the first @bytes. */
static int load(struct dmbc_nodeload *n, const void *image, __u32 bytes, bool leaf,
		struct dmbc_nodekeys_image *info)
{
	struct dmbc_nodekeys keys;
	int r;

	dmbc_nodekeys_init(&keys, n->base, n->capacity, NULL, leaf, n->g->bucket_shift);
	r = dmbc_nodekeys_load(&keys, n->g, image, bytes, info, n->scratch, &n->why);
	n->seq = info->seq;
	n->keys = n->base;
	n->nr = r ? 0 : keys.run[0].nr;
	if (!r && keys.nr_runs == 1)
		n->nr = 0; /* only the open run: no keys at all */
	n->sets_end = info->written * n->g->block_sectors * DMBC_SECTOR_BYTES;
	return r;
}

/* Bytes of good sets. */
static __u32 good_bytes(const struct dmbc_nodeload *n, const char *image, __u64 ptr, bool leaf)
{
	const struct dmbc_disk_bset *first = (const void *)image, *b;
	__u32 bytes = n->g->node_sectors * DMBC_SECTOR_BYTES, at = 0, blocks;

	while (at < bytes) {
		b = (const void *)(image + at);
		if (b->seq != first->seq ||
		    dmbc_verify_bset(n->g, b, bytes - at, ptr, leaf, !at, &blocks, NULL))
			break;
		at += blocks * n->g->block_sectors * DMBC_SECTOR_BYTES;
	}
	return at;
}

/* The kernel refuses the node: what can be had of it. */
static enum dmbc_node_state salvage(struct dmbc_nodeload *n, const char *image, __u64 ptr,
				    bool leaf)
{
	const struct dmbc_disk_bset *first = (const void *)image, *next;
	__u32 bytes = n->g->node_sectors * DMBC_SECTOR_BYTES;
	__u32 good = good_bytes(n, image, ptr, leaf);
	struct dmbc_nodekeys_image info = { .ptr_word = ptr };
	struct dmbc_why why = n->why;

	n->bad_at = good;
	if (!good || load(n, image, good, leaf, &info)) {
		n->why = why;
		return DMBC_NODE_NOTHING;
	}
	n->why = why;
	next = (const void *)(image + good);
	return good < bytes && next->seq == first->seq ? DMBC_NODE_PARTIAL : DMBC_NODE_STRAY;
}

/* Sets one bit right in each set that needs it. */
static void fix_sets(struct dmbc_nodeload *n, char *image, __u64 ptr)
{
	const __u32 bytes = n->g->node_sectors * DMBC_SECTOR_BYTES;
	const __u32 block = n->g->block_sectors * DMBC_SECTOR_BYTES;
	const struct dmbc_disk_bset *first = (const void *)image, *b = first;
	__u64 at = 0, used;

	for (; at + sizeof(*b) <= bytes; at += (used + block - 1) / block * block) {
		b = (const void *)(image + at);
		used = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);
		if (__le64_to_cpu(b->magic) != (n->g->set_magic ^ DMBC_BSET_MAGIC) ||
		    b->seq != first->seq || used > bytes - at)
			return;
		n->fixed += dmbc_bitfix_run(image + at, used, ptr);
	}
}

enum dmbc_node_state dmbc_nodeload_run(struct dmbc_nodeload *n, void *image, __u64 ptr, bool leaf)
{
	__u32 bytes = n->g->node_sectors * DMBC_SECTOR_BYTES;
	struct dmbc_nodekeys_image info = { .ptr_word = ptr, .any_tail = leaf };

	n->bad_at = 0;
	n->why.text[0] = '\0';
	n->fixed = 0;
	if (n->rescue)
		fix_sets(n, image, ptr);
	if (load(n, image, bytes, leaf, &info))
		return salvage(n, image, ptr, leaf);
	if (!info.tail_torn)
		return DMBC_NODE_OK;
	n->bad_at = n->sets_end;
	return DMBC_NODE_TAIL_TORN;
}
