// SPDX-License-Identifier: GPL-2.0
/*
 * The keys of one node on their way to the disk.
 *
 * In time order: dmbc_nodekeys_seal_pack() writes the open run as a disk set;
 * once it is on its way dmbc_nodekeys_sealed() closes the run. compact()
 * drops its holes (they were needed on disk, to override older sets, but say
 * nothing in memory), and settle() merges runs from the end as long as the
 * last one has grown to a quarter of the one before it. So a key is moved a
 * few times for every factor of four in size, never once per append.
 *
 * When a node is rewritten, dmbc_nodekeys_copy_live() fills another node's
 * array, dmbc_nodekeys_adopt() makes that its only run and
 * dmbc_nodekeys_pack_first() turns the memory into a disk set without a copy.
 */
#include "lib/checksum.h"
#include "lib/nodekeys_internal.h"
#include "lib/port.h"
#include "lib/setmark.h"

/* bcache's format is in host order; this code knows only the order of x86 and arm64 */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "dm-bcache needs a little-endian machine"
#endif

#define MERGE_FACTOR 4

__u32 dmbc_nodekeys_capacity(__u32 bytes)
{
	return (bytes - sizeof(struct dmbc_disk_bset)) / sizeof(struct dmbc_key);
}

__u32 dmbc_nodekeys_tree_capacity(__u32 capacity)
{
	return capacity / DMBC_BSET_STRIDE;
}

/* ---- merging runs ------------------------------------------------------------ */

/* Drops what says nothing in memory. Interior keys stay: gc must see all pointers. */
static void compact(const struct dmbc_nodekeys *n, struct dmbc_bset *run)
{
	__u32 from, to = 0;

	if (!n->leaf)
		return;
	for (from = 0; from < run->nr; from++)
		if (dmbc_nodekeys_is_live(&run->keys[from])) {
			if (to != from)
				run->keys[to] = run->keys[from];
			to++;
		}
	run->nr = to;
}

/* Merges @newer, outside the array, into @run, which has room behind it. */
static void merge_into(struct dmbc_bset *run, const struct dmbc_key *newer, __u32 nr)
{
	struct dmbc_key *out = run->keys + run->nr + nr;
	const struct dmbc_key *a = run->keys + run->nr;
	const struct dmbc_key *b = newer + nr;

	run->nr += nr;
	while (b > newer) {
		if (a > run->keys && dmbc_key_cmp(a - 1, b - 1) > 0)
			*--out = *--a;
		else
			*--out = *--b;
	}
}

/* Tree memory of run @r starts where the trees of the runs before it end. */
static void build_trees(struct dmbc_nodekeys *n, __u32 first)
{
	__u32 r, used = 0;

	for (r = 0; r + 1 < n->nr_runs; r++) {
		if (r >= first && n->tree_mem)
			dmbc_bset_tree_build(&n->run[r], n->tree_mem + used);
		used += n->run[r].tree_nr;
	}
}

/* Starts an empty open run behind the last sealed one. */
static void start_open(struct dmbc_nodekeys *n, __u32 sealed)
{
	struct dmbc_bset *open = &n->run[sealed];

	memset(open, 0, sizeof(*open));
	open->keys = sealed ? n->run[sealed - 1].keys + n->run[sealed - 1].nr : n->base;
	n->nr_runs = sealed + 1;
	n->open_words = 0;
}

/* Merges sealed run @r, the last one, into the one before it. */
static bool merge_last(struct dmbc_nodekeys *n, __u32 r, const struct dmbc_nodekeys_spare *spare)
{
	struct dmbc_bset *older = &n->run[r - 1], *newer = &n->run[r];

	compact(n, older);
	compact(n, newer);
	if (newer->nr > spare->nr)
		return false;
	memcpy(spare->keys, newer->keys, newer->nr * sizeof(*newer->keys));
	merge_into(older, spare->keys, newer->nr);
	older->tree = NULL;
	older->tree_nr = 0;
	return true;
}

/* Merges the last of @sealed runs with those before it while that pays off. */
static bool settle(struct dmbc_nodekeys *n, __u32 sealed, const struct dmbc_nodekeys_spare *spare)
{
	while (sealed > 1) {
		__u64 last = n->run[sealed - 1].nr;

		if (sealed < DMBC_NODEKEYS_RUNS && last * MERGE_FACTOR < n->run[sealed - 2].nr)
			break;
		if (!merge_last(n, sealed - 1, spare))
			return false;
		sealed--;
	}
	start_open(n, sealed);
	build_trees(n, sealed ? sealed - 1 : 0);
	return true;
}

bool dmbc_nodekeys_close(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_spare *spare)
{
	struct dmbc_bset *open = dmbc_nodekeys_open_run(n);

	compact(n, open);
	if (open->nr)
		return settle(n, n->nr_runs, spare);
	start_open(n, n->nr_runs - 1);
	return true;
}

bool dmbc_nodekeys_merge_all(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_spare *spare)
{
	__u32 sealed = n->nr_runs - 1;

	for (; sealed > 1; sealed--)
		if (!merge_last(n, sealed - 1, spare))
			return false;
	if (sealed)
		compact(n, &n->run[0]);
	start_open(n, sealed);
	build_trees(n, 0);
	return true;
}

void dmbc_nodekeys_sealed(struct dmbc_nodekeys *n, struct dmbc_key *scratch)
{
	struct dmbc_nodekeys_spare spare = { scratch, n->capacity };

	dmbc_nodekeys_close(n, &spare);
}

void dmbc_nodekeys_adopt(struct dmbc_nodekeys *n, __u32 nr)
{
	n->run[0].keys = n->base;
	n->run[0].nr = nr;
	n->run[0].tree = NULL;
	n->run[0].tree_nr = 0;
	start_open(n, nr ? 1 : 0);
	build_trees(n, 0);
}

/* ---- disk sets ------------------------------------------------------------------ */

static __u32 set_blocks(__u32 words, __u32 block_sectors)
{
	__u32 block = block_sectors * DMBC_SECTOR_BYTES;

	return (sizeof(struct dmbc_disk_bset) + 8 * words + block - 1) / block;
}

/* Completes a set whose @words of keys are in place. */
static __u32 finish_set(const struct dmbc_nodekeys_set *set, struct dmbc_disk_bset *b, __u32 words)
{
	__u32 blocks = set_blocks(words, set->block_sectors);
	__u32 bytes = sizeof(*b) + 8 * words;

	memset((char *)b + bytes, 0, blocks * set->block_sectors * DMBC_SECTOR_BYTES - bytes);
	b->magic = __cpu_to_le64(set->set_magic ^ DMBC_BSET_MAGIC);
	b->seq = __cpu_to_le64(set->seq);
	b->version = __cpu_to_le32(DMBC_BSET_VERSION);
	b->keys = __cpu_to_le32(words);
	b->csum = __cpu_to_le64(dmbc_checksum_seeded(set->ptr_word, (char *)b + 8, bytes - 8));
	return blocks;
}

static __u32 mark_words(const struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set)
{
	return n->leaf && set->journal_seq ? DMBC_SETMARK_WORDS : 0;
}

__u32 dmbc_nodekeys_open_blocks(const struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set)
{
	if (!n->open_words)
		return 0;
	return set_blocks(mark_words(n, set) + n->open_words, set->block_sectors);
}

__u32 dmbc_nodekeys_seal_pack(const struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set,
			      void *buf)
{
	const struct dmbc_bset *open = &n->run[n->nr_runs - 1];
	const struct dmbc_setmark_node id = { set->seq, set->ptr_word };
	struct dmbc_disk_bset *b = buf;
	__u32 i, words = mark_words(n, set);

	if (words)
		dmbc_setmark_pack(b->d, &id, set->journal_seq);
	for (i = 0; i < open->nr; i++)
		words += dmbc_verify_pack_key(&open->keys[i], &b->d[words]);
	return finish_set(set, b, words);
}

__u32 dmbc_nodekeys_pack_first(struct dmbc_nodekeys *n, const struct dmbc_nodekeys_set *set)
{
	struct dmbc_disk_bset *b = (void *)((char *)n->base - sizeof(*b));

	return finish_set(set, b, dmbc_nodekeys_used(n) * DMBC_KEY_WORDS_PTR);
}
