// SPDX-License-Identifier: GPL-2.0
/*
 * Search in one sorted run.
 *
 * The index holds the last key of each group of DMBC_BSET_STRIDE keys, packed
 * into a word by pack() and written once by dmbc_bset_tree_build().
 * dmbc_bset_search() counts the entries below the position, which gives the
 * group, and then the keys below it in the group. Both loops halve without a
 * branch on the keys: a mispredicted one costs more than the whole step.
 *
 * Trims after the build may lower a key's end but never under the end of the
 * key before it. An entry may thus be too high for its own key, and only for
 * that: the answer is in the group found, or the first key after it.
 */
#include "lib/bset.h"

#include "lib/port.h"

#define INDEX_MIN_KEYS 32 /* below: halving the keys alone is as fast */
#define PACKED_LOW_BITS (64 - DMBC_KEY_INODE_BITS)
#define PACKED_LOW_MAX ((1ULL << PACKED_LOW_BITS) - 1)

/*
 * Larger ends are all packed as the largest (a disk of 8 PiB), so the order of
 * entries is right for every position below that one. Others do without.
 */
static inline __u64 pack(__u32 inode, __u64 low)
{
	return (__u64)inode << PACKED_LOW_BITS | (low < PACKED_LOW_MAX ? low : PACKED_LOW_MAX);
}

__u32 dmbc_bset_tree_entries(__u32 nr)
{
	return nr < INDEX_MIN_KEYS ? 0 : nr / DMBC_BSET_STRIDE;
}

void dmbc_bset_tree_build(struct dmbc_bset *s, struct dmbc_bset_tree_entry *mem)
{
	__u32 i;

	s->tree_nr = dmbc_bset_tree_entries(s->nr);
	s->tree = s->tree_nr ? mem : NULL;
	for (i = 0; i < s->tree_nr; i++) {
		const struct dmbc_key *last = &s->keys[(i + 1) * DMBC_BSET_STRIDE - 1];

		mem[i].packed = pack(dmbc_key_inode(last), last->low);
	}
}

static inline unsigned long highest_power(__u32 nr)
{
	return 1UL << (31 - __builtin_clz(nr));
}

/*
 * How many of @nr > 0 sorted entries are below @packed. The first step leaves
 * a stretch of one less than a power of two at either end; both ends are then
 * halved by the same steps.
 */
static inline __u32 count_entries(const struct dmbc_bset_tree_entry *e, __u32 nr, __u64 packed)
{
	unsigned long step = highest_power(nr);
	unsigned long at = e[step - 1].packed < packed ? nr - step + 1 : 0;

	while (step >>= 1) {
		unsigned long next = at + step;

		at = e[next - 1].packed < packed ? next : at;
	}
	return at;
}

/* True if the key lies before the position; no branch. */
static inline bool is_below(const struct dmbc_key *k, __u32 inode, __u64 low)
{
#ifdef __SIZEOF_INT128__
	return ((unsigned __int128)dmbc_key_inode(k) << 64 | k->low) <
	       ((unsigned __int128)inode << 64 | low);
#else
	return dmbc_pos_cmp(dmbc_key_inode(k), k->low, inode, low) < 0;
#endif
}

/* How many of @nr sorted keys are below the position; as count_entries(). */
static inline __u32 count_keys(const struct dmbc_key *keys, __u32 nr, __u32 inode, __u64 low)
{
	unsigned long step, at;

	if (!nr)
		return 0;
	step = highest_power(nr);
	at = is_below(&keys[step - 1], inode, low) ? nr - step + 1 : 0;
	while (step >>= 1) {
		unsigned long next = at + step;

		at = is_below(&keys[next - 1], inode, low) ? next : at;
	}
	return at;
}

__u32 dmbc_bset_search(const struct dmbc_bset *s, __u32 inode, __u64 pos)
{
	__u32 nr = s->nr, first = 0;

	/* "not above @pos" is "below @pos + 1" */
	pos++;
	if (s->tree && pos < PACKED_LOW_MAX) {
		first = count_entries(s->tree, s->tree_nr, pack(inode, pos)) * DMBC_BSET_STRIDE;
		nr = nr - first < DMBC_BSET_STRIDE ? nr - first : DMBC_BSET_STRIDE;
	}
	return first + count_keys(s->keys + first, nr, inode, pos);
}
