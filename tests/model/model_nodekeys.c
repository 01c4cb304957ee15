// SPDX-License-Identifier: GPL-2.0
/*
 * Random inserts, seals, loads and rewrites of a node against a plain map.
 *
 * Leaf: the map says for every sector of a small space where its data lies.
 * Each insert's reported pieces must be exactly what the map loses; lookups
 * must agree with it; and whenever nothing is open, a second node loaded from
 * the disk image must say the same as the map. Interior: the map is the list
 * of children, changed by splits, rewrites and unions.
 */
#include "../unit/lib_fixture.h"

#define INODES 2
#define SPACE 512
#define MAX_NODE_BYTES 32768
#define MAX_KEYS (MAX_NODE_BYTES / 24 + 1)
#define PTR_WORD 0x1234500aULL

struct cell {
	__u64 ptr; /* of this very sector; 0: nothing */
	bool dirty;
};

static struct cell map[INODES][SPACE];

static struct model {
	struct dmbc_geometry g;
	struct dmbc_nodekeys n;
	__u32 bytes, written; /* blocks */
	__u64 seq;
	__u64 loads, rewrites, seals;
} m;

static struct dmbc_bset_tree_entry tree[MAX_KEYS], other_tree[MAX_KEYS];
static struct dmbc_key scratch[MAX_KEYS];
/* what is on disk; the node's memory; one for second nodes: header first, then keys */
static __u64 image[MAX_NODE_BYTES / 8], buffer[MAX_NODE_BYTES / 8], second[MAX_NODE_BYTES / 8];
static __u64 set_buffer[MAX_NODE_BYTES / 8 + 512];

static struct dmbc_key *keys_of(__u64 *memory)
{
	return (struct dmbc_key *)(memory + sizeof(struct dmbc_disk_bset) / 8);
}

static struct dmbc_nodekeys_set set_id(void)
{
	struct dmbc_nodekeys_set set = {
		.set_magic = m.g.set_magic,
		.seq = m.seq,
		.ptr_word = PTR_WORD,
		.block_sectors = m.g.block_sectors,
		.journal_seq = m.n.leaf && m.written ? 7 : 0,
	};

	return set;
}

static void start_node(__u32 node_sectors, __u32 block_sectors, bool leaf)
{
	memset(&m, 0, sizeof(m));
	memset(map, 0, sizeof(map));
	memset(image, 0, sizeof(image));
	m.g = fixture_geometry();
	m.g.bucket_sectors = 1024;
	m.g.bucket_shift = 10;
	m.g.block_sectors = block_sectors;
	m.g.node_sectors = node_sectors;
	m.bytes = node_sectors * DMBC_SECTOR_BYTES;
	m.seq = 1;
	dmbc_nodekeys_init(&m.n, keys_of(buffer), dmbc_nodekeys_capacity(m.bytes), tree, leaf,
			   m.g.bucket_shift);
}

/* ---- leaf: compare with the map ---------------------------------------------------- */

static bool key_agrees(const struct dmbc_key *k, __u32 inode, __u64 sector)
{
	__u64 ptr = k->ptr + ((sector - dmbc_key_start(k)) << DMBC_PTR_OFFSET_SHIFT);

	return dmbc_key_inode(k) == inode && map[inode][sector].ptr == ptr &&
	       map[inode][sector].dirty == dmbc_key_dirty(k);
}

static __u64 check_lookup(const struct dmbc_nodekeys *n, __u32 inode, __u64 pos, __u64 limit)
{
	struct dmbc_key k;
	__u64 end = 0, s;
	bool hit = dmbc_nodekeys_lookup(n, inode, pos, limit, &k, &end);

	assert_true(end > pos && end <= limit);
	for (s = pos; s < end; s++)
		assert_true(hit ? key_agrees(&k, inode, s) : !map[inode][s].ptr);
	if (hit)
		assert_true(end == limit || end == k.low);
	else
		assert_true(end == limit || map[inode][end].ptr);
	return end;
}

static void check_everything(const struct dmbc_nodekeys *n)
{
	__u64 inode, pos;

	for (inode = 0; inode < INODES; inode++)
		for (pos = 0; pos < SPACE;)
			pos = check_lookup(n, inode, pos, SPACE);
}

static void check_invariants(const struct dmbc_nodekeys *n)
{
	__u32 r, i, words = 0;

	for (r = 0; r < n->nr_runs; r++) {
		const struct dmbc_bset *run = &n->run[r];

		for (i = 0; i < run->nr; i++) {
			if (i && n->leaf)
				assert_true(dmbc_pos_cmp(dmbc_key_inode(&run->keys[i - 1]),
							 run->keys[i - 1].low,
							 dmbc_key_inode(&run->keys[i]),
							 dmbc_key_start(&run->keys[i])) <= 0);
			if (r + 1 == n->nr_runs)
				words += dmbc_key_words(&run->keys[i]);
		}
	}
	assert_int_equal(words, n->open_words);
	assert_true(n->nr_runs <= DMBC_NODEKEYS_RUNS);
}

/* ---- leaf: inserts --------------------------------------------------------------------- */

static __u64 reported;

static void on_cut(void *ctx, const struct dmbc_key *old, __u64 start, __u64 end)
{
	const struct dmbc_key *new = ctx;
	__u64 s;

	assert_true(start < end && start >= dmbc_key_start(new) && end <= new->low);
	assert_true(start >= dmbc_key_start(old) && end <= old->low);
	for (s = start; s < end; s++)
		assert_true(key_agrees(old, dmbc_key_inode(new), s));
	reported += end - start;
}

static struct dmbc_key random_extent(void)
{
	static const __u32 sizes[] = { 1, 4, 16, 64, 200 };
	__u32 size = 1 + random_below(sizes[random_below(5)]);
	__u64 start = random_below(SPACE - size + 1);
	__u32 inode = random_below(INODES), kind = random_below(10);
	__u64 sector;

	if (kind < 3)
		return dmbc_key_make_hole(inode, start + size, size);
	if (kind < 7) /* the place on the SSD follows the sector: neighbours join */
		sector = ((10ULL + inode) << m.g.bucket_shift) + start;
	else
		sector = ((20ULL + random_below(1000)) << m.g.bucket_shift) +
			 random_below(1024 - size + 1);
	return dmbc_key_make(inode, start + size, size, random_below(2),
			     dmbc_ptr_make(sector, 1 + random_below(2)));
}

static void map_insert(const struct dmbc_key *k)
{
	__u32 inode = dmbc_key_inode(k);
	__u64 s;

	for (s = dmbc_key_start(k); s < k->low; s++) {
		map[inode][s].ptr = !dmbc_key_has_ptr(k) ? 0
							 : k->ptr + ((s - dmbc_key_start(k))
								     << DMBC_PTR_OFFSET_SHIFT);
		map[inode][s].dirty = dmbc_key_dirty(k);
	}
}

static void insert_random(void)
{
	struct dmbc_key k = random_extent();
	__u64 expect = 0, s;

	for (s = dmbc_key_start(&k); s < k.low; s++)
		expect += !!map[dmbc_key_inode(&k)][s].ptr;
	reported = 0;
	dmbc_nodekeys_insert(&m.n, &k, on_cut, &k);
	assert_int_equal(reported, expect);
	map_insert(&k);
}

/* ---- the image ---------------------------------------------------------------------------- */

/* A second node from the image: in place, as in a dm-bufio buffer, or beside it. */
static void load_second(struct dmbc_nodekeys *n, bool in_place)
{
	struct dmbc_nodekeys_image info = { .ptr_word = PTR_WORD };
	struct dmbc_why why = { "" };
	__u64 *source = in_place ? second : image;

	memcpy(second, image, m.bytes);
	dmbc_nodekeys_init(n, keys_of(second), dmbc_nodekeys_capacity(m.bytes), other_tree,
			   m.n.leaf, m.g.bucket_shift);
	check_ok(dmbc_nodekeys_load(n, &m.g, source, m.bytes, &info, scratch, &why), &why);
	assert_int_equal(info.seq, m.seq);
	assert_int_equal(info.written, m.written);
	check_invariants(n);
	m.loads++;
}

/* Back to one set: in a second node's memory, which is then copied over. */
static void rewrite(void)
{
	struct dmbc_nodekeys_set set;
	struct dmbc_nodekeys_iter it;
	struct dmbc_nodekeys n;
	__u32 nr, part;

	dmbc_nodekeys_init(&n, keys_of(second), m.n.capacity, other_tree, m.n.leaf,
			   m.g.bucket_shift);
	dmbc_nodekeys_iter_start(&it, &m.n, 0, 0);
	part = random_below(50);
	nr = dmbc_nodekeys_copy_live(&it, NULL, NULL, n.base, part);
	nr += dmbc_nodekeys_copy_live(&it, NULL, NULL, n.base + nr, n.capacity - nr);
	assert_int_equal(nr, dmbc_nodekeys_count(&m.n).live);
	dmbc_nodekeys_adopt(&n, nr);
	m.seq++;
	set = set_id();
	memset(image, 0, sizeof(image));
	m.written = dmbc_nodekeys_pack_first(&n, &set);
	memcpy(image, second, m.written * m.g.block_sectors * DMBC_SECTOR_BYTES);
	memcpy(buffer, second, sizeof(buffer));
	dmbc_nodekeys_init(&m.n, keys_of(buffer), n.capacity, tree, n.leaf, m.g.bucket_shift);
	dmbc_nodekeys_adopt(&m.n, nr);
	m.rewrites++;
}

/* False: the image is full. */
static bool seal(void)
{
	const __u32 block = m.g.block_sectors * DMBC_SECTOR_BYTES;
	struct dmbc_nodekeys_set set = set_id();
	__u32 blocks = dmbc_nodekeys_open_blocks(&m.n, &set);

	if ((m.written + blocks) * block > m.bytes)
		return false;
	if (!blocks && m.written)
		return true;
	assert_int_equal(dmbc_nodekeys_seal_pack(&m.n, &set, set_buffer), blocks ? blocks : 1);
	memcpy((char *)image + m.written * block, set_buffer, (blocks ? blocks : 1) * block);
	m.written += blocks ? blocks : 1;
	dmbc_nodekeys_sealed(&m.n, scratch);
	assert_int_equal(m.n.open_words, 0);
	m.seals++;
	return true;
}

/* Forgets half of the space, as a split would: the other half is another node's. */
static bool keep_low(void *ctx, const struct dmbc_key *k)
{
	(void)ctx;
	return k->low <= SPACE / 2;
}

static void split_leaf(void)
{
	struct dmbc_nodekeys_iter it;
	__u32 nr, i;

	dmbc_nodekeys_iter_start(&it, &m.n, 0, 0);
	nr = dmbc_nodekeys_copy_live(&it, keep_low, NULL, scratch, MAX_KEYS);
	memset(map, 0, sizeof(map));
	for (i = 0; i < nr; i++)
		map_insert(&scratch[i]);
	memcpy(m.n.base, scratch, nr * sizeof(*scratch));
	dmbc_nodekeys_adopt(&m.n, nr);
	rewrite();
}

static void write_out(void)
{
	if (!seal()) {
		if (dmbc_nodekeys_count(&m.n).live > m.n.capacity * 2 / 3)
			split_leaf();
		else
			rewrite();
	}
	check_invariants(&m.n);
}

static void run_leaf(__u32 node_sectors, __u32 block_sectors, __u32 steps)
{
	struct dmbc_nodekeys n;
	__u32 step, seal_odds = 60;

	start_node(node_sectors, block_sectors, true);
	seal();
	for (step = 0; step < steps; step++) {
		const struct dmbc_nodekeys_set set = set_id();
		__u64 pos = random_below(SPACE);
		bool full = !dmbc_nodekeys_has_room(&m.n, 1) ||
			    (m.written + dmbc_nodekeys_open_blocks(&m.n, &set)) * block_sectors *
					    DMBC_SECTOR_BYTES >
				    m.bytes - 512;

		if (step % 4096 == 0)
			seal_odds = 1 + random_below(400);
		if (full || !random_below(seal_odds)) {
			write_out();
			if (!random_below(20)) {
				load_second(&n, random_below(2));
				check_everything(&n);
				check_everything(&m.n);
			}
		}
		insert_random();
		check_lookup(&m.n, random_below(INODES), pos, pos + 1 + random_below(SPACE - pos));
	}
	printf("leaf %u/%u: %u steps, %llu seals, %llu rewrites, %llu loads\n", node_sectors,
	       block_sectors, steps, m.seals, m.rewrites, m.loads);
}

static void leaf_large_node(void **state)
{
	(void)state;
	run_leaf(64, 1, 1200000);
}

static void leaf_small_node(void **state)
{
	(void)state;
	run_leaf(8, 1, 500000);
}

static void leaf_large_blocks(void **state)
{
	(void)state;
	run_leaf(64, 8, 300000);
}

static void leaf_middle_node(void **state)
{
	(void)state;
	run_leaf(24, 2, 300000);
}

/* ---- interior ------------------------------------------------------------------------------- */

#define MAX_CHILDREN 64
#define BUCKETS 200

static struct child {
	__u64 end;
	__u32 bucket;
} child[MAX_CHILDREN];
static __u32 nr_children;
static __u8 gen[BUCKETS];
static bool in_use[BUCKETS];

static struct dmbc_key child_key(const struct child *c)
{
	return dmbc_key_make(
		0, c->end, m.g.node_sectors, false,
		dmbc_ptr_make((__u64)(c->bucket + 1) << m.g.bucket_shift, gen[c->bucket]));
}

static __u32 take_bucket(void)
{
	__u32 b;

	do
		b = random_below(BUCKETS);
	while (in_use[b]);
	in_use[b] = true;
	return b;
}

static void add_child(__u32 at, __u64 end)
{
	struct dmbc_key k;

	memmove(&child[at + 1], &child[at], (nr_children - at) * sizeof(child[0]));
	child[at].end = end;
	child[at].bucket = take_bucket();
	nr_children++;
	k = child_key(&child[at]);
	dmbc_nodekeys_insert_child(&m.n, &k);
}

static void free_child(__u32 at)
{
	struct child c = child[at];
	struct dmbc_key k;

	memmove(&child[at], &child[at + 1], (--nr_children - at) * sizeof(child[0]));
	gen[c.bucket]++;
	k = child_key(&c);
	k.low = 0;
	dmbc_nodekeys_insert_child(&m.n, &k);
	in_use[c.bucket] = false;
}

/* New nodes first, then the freeing keys: all in one set, as writers do it. */
static void change_children(void)
{
	__u32 at = random_below(nr_children);
	__u64 end = child[at].end, start = at ? child[at - 1].end : 0;

	if (at + 1 < nr_children && random_below(3) == 0) {
		add_child(at + 2, child[at + 1].end); /* union with the next */
		free_child(at + 1);
		free_child(at);
	} else if (nr_children < MAX_CHILDREN - 2 && end - start > 2 && random_below(2)) {
		add_child(at + 1, start + 1 + random_below(end - start - 1)); /* split */
		add_child(at + 2, end);
		free_child(at);
	} else {
		add_child(at + 1, end); /* rewrite */
		free_child(at);
	}
}

static void check_children(const struct dmbc_nodekeys *n)
{
	struct dmbc_key k, expect;
	__u32 i;

	for (i = 0; i < nr_children; i++) {
		expect = child_key(&child[i]);
		assert_true(dmbc_nodekeys_child(n, 0, i ? child[i - 1].end : 0, &k));
		assert_memory_equal(&k, &expect, sizeof(k));
		assert_true(dmbc_nodekeys_child(n, 0, child[i].end - 1, &k));
		assert_memory_equal(&k, &expect, sizeof(k));
	}
	assert_false(dmbc_nodekeys_child(n, 0, 1 << 20, &k));
	assert_int_equal(dmbc_nodekeys_count(n).live, nr_children);
}

static void interior(void **state)
{
	struct dmbc_nodekeys n;
	__u32 step;

	(void)state;
	start_node(64, 1, false);
	add_child(0, 1 << 20);
	for (step = 0; step < 200000; step++) {
		change_children();
		if (!dmbc_nodekeys_has_room(&m.n, 5) || !seal())
			rewrite();
		if (step % 16 == 0)
			check_children(&m.n);
		if (step % 64 == 0) {
			load_second(&n, random_below(2));
			check_children(&n);
		}
	}
	printf("interior: %u steps, %llu seals, %llu rewrites, %llu loads\n", step, m.seals,
	       m.rewrites, m.loads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf_large_node),   cmocka_unit_test(leaf_small_node),
		cmocka_unit_test(leaf_large_blocks), cmocka_unit_test(leaf_middle_node),
		cmocka_unit_test(interior),
	};

	return cmocka_run_group_tests_name("model_nodekeys", tests, NULL, NULL);
}
