// SPDX-License-Identifier: GPL-2.0
/* A node's keys: the rules one by one; model_nodekeys has the combinations. */
#include "lib/setmark.h"
#include "lib_fixture.h"

#define BYTES 32768
#define CAPACITY ((BYTES - 32) / 24)
#define PTR_WORD 0xabcd0007ULL

static struct dmbc_geometry g;
static struct dmbc_nodekeys n;
static struct dmbc_bset_tree_entry tree[CAPACITY];
static struct dmbc_key scratch[CAPACITY];
static __u64 buffer[BYTES / 8], image[BYTES / 8];
static struct dmbc_why why;
static __u32 image_used; /* bytes */

static struct dmbc_key *base(void)
{
	return (struct dmbc_key *)(buffer + 4);
}

static void start(bool leaf)
{
	g = fixture_geometry();
	memset(buffer, 0, sizeof(buffer));
	memset(image, 0, sizeof(image));
	image_used = 0;
	dmbc_nodekeys_init(&n, base(), dmbc_nodekeys_capacity(BYTES), tree, leaf, g.bucket_shift);
}

static struct dmbc_key data(__u64 start, __u64 end, __u64 bucket)
{
	return dmbc_key_make(1, end, end - start, false,
			     dmbc_ptr_make(bucket << g.bucket_shift, 1));
}

static struct dmbc_key hole(__u64 start, __u64 end)
{
	return dmbc_key_make_hole(1, end, end - start);
}

static struct dmbc_key child(__u64 end, __u64 bucket, __u8 gen)
{
	return dmbc_key_make(0, end, g.node_sectors, false,
			     dmbc_ptr_make(bucket << g.bucket_shift, gen));
}

static void insert(struct dmbc_key k)
{
	if (n.leaf)
		dmbc_nodekeys_insert(&n, &k, NULL, NULL);
	else
		dmbc_nodekeys_insert_child(&n, &k);
}

static void add_set(const struct dmbc_key *keys, __u32 nr)
{
	image_used += fixture_bset(&g, (char *)image + image_used, PTR_WORD, 99, keys, nr);
}

static int load(struct dmbc_nodekeys_image *info)
{
	info->ptr_word = PTR_WORD;
	return dmbc_nodekeys_load(&n, &g, image, BYTES, info, scratch, &why);
}

static void expect_data(__u64 pos, __u64 bucket, __u32 offset, __u64 expect_end)
{
	struct dmbc_key k;
	__u64 end;

	assert_true(dmbc_nodekeys_lookup(&n, 1, pos, 100000, &k, &end));
	assert_int_equal(end, expect_end);
	assert_int_equal(dmbc_ptr_sector(k.ptr) + pos - dmbc_key_start(&k),
			 (bucket << g.bucket_shift) + offset);
}

static void expect_hole(__u64 pos, __u64 expect_end)
{
	struct dmbc_key k;
	__u64 end;

	assert_false(dmbc_nodekeys_lookup(&n, 1, pos, 100000, &k, &end));
	assert_int_equal(end, expect_end);
}

static struct dmbc_nodekeys_set set_id(void)
{
	return (struct dmbc_nodekeys_set){
		.set_magic = g.set_magic,
		.seq = 99,
		.ptr_word = PTR_WORD,
		.block_sectors = g.block_sectors,
	};
}

static __u32 open_blocks(void)
{
	struct dmbc_nodekeys_set set = set_id();

	return dmbc_nodekeys_open_blocks(&n, &set);
}

static void seal(void)
{
	static __u64 buf[BYTES / 8];
	struct dmbc_nodekeys_set set = set_id();

	dmbc_nodekeys_seal_pack(&n, &set, buf);
	dmbc_nodekeys_sealed(&n, scratch);
}

/* ---- leaf ------------------------------------------------------------------------- */

static void empty_node(void **state)
{
	struct dmbc_nodekeys_iter it;

	(void)state;
	start(true);
	expect_hole(5, 100000);
	dmbc_nodekeys_iter_start(&it, &n, 0, 0);
	assert_null(dmbc_nodekeys_iter_next(&it));
	assert_int_equal(open_blocks(), 0);
	assert_int_equal(dmbc_nodekeys_count(&n).live, 0);
	seal();
	expect_hole(5, 100000);
}

static void newer_wins(void **state)
{
	(void)state;
	start(true);
	insert(data(100, 160, 10));
	seal();
	insert(data(120, 130, 20));
	expect_data(100, 10, 0, 120);
	expect_data(120, 20, 0, 130);
	expect_data(130, 10, 30, 160);
	expect_hole(160, 100000);
	expect_hole(90, 100);
	/* the piece behind went into the open run: it is on disk twice, once to be used */
	assert_int_equal(n.open_words, 6);
	insert(hole(110, 125));
	expect_data(100, 10, 0, 110);
	expect_hole(110, 125);
	expect_data(125, 20, 5, 130);
}

static void holes_stay_until_sealed(void **state)
{
	(void)state;
	start(true);
	insert(hole(100, 200));
	assert_int_equal(n.open_words, 2);
	assert_int_equal(open_blocks(), 1);
	seal();
	assert_int_equal(dmbc_nodekeys_count(&n).dead, 0);
	assert_int_equal(n.nr_runs, 1);
}

static void neighbours_join(void **state)
{
	struct dmbc_key k;
	__u32 i;

	(void)state;
	start(true);
	for (i = 0; i < 64; i += 8) {
		k = data(i, i + 8, 10);
		k.ptr += (__u64)i << DMBC_PTR_OFFSET_SHIFT;
		insert(k);
	}
	assert_int_equal(n.open_words, 3);
	expect_data(0, 10, 0, 64);
	insert(hole(200, 210));
	insert(hole(220, 230));
	insert(hole(210, 220));
	assert_int_equal(n.open_words, 5);
	/* also after replacing something between them */
	insert(data(300, 310, 20));
	insert(hole(290, 300));
	insert(hole(310, 320));
	insert(hole(300, 310));
	assert_int_equal(n.open_words, 7);
	expect_hole(290, 100000);
}

struct cuts {
	__u32 nr;
	__u64 start[8], end[8];
};

static void note_cut(void *ctx, const struct dmbc_key *old, __u64 start, __u64 end)
{
	struct cuts *c = ctx;

	assert_true(dmbc_key_has_ptr(old));
	c->start[c->nr] = start;
	c->end[c->nr++] = end;
}

static void cuts_are_reported(void **state)
{
	struct cuts c = { 0 };
	struct dmbc_key k = data(105, 125, 30);

	(void)state;
	start(true);
	insert(data(100, 110, 10));
	seal();
	insert(hole(110, 112));
	insert(data(112, 120, 20));
	insert(data(124, 130, 21));
	dmbc_nodekeys_insert(&n, &k, note_cut, &c);
	assert_int_equal(c.nr, 3);
	assert_int_equal(c.start[0], 105);
	assert_int_equal(c.end[0], 110);
	assert_int_equal(c.start[1], 112);
	assert_int_equal(c.end[1], 120);
	assert_int_equal(c.start[2], 124);
	assert_int_equal(c.end[2], 125);
}

static void runs_stay_few_and_merges_rare(void **state)
{
	__u32 i, appends = 0;
	__u64 moved = 0;

	(void)state;
	start(true);
	for (i = 0; i < 1300; i++) {
		insert(data(16 * i, 16 * i + 8, 10 + i));
		if (i % 10 == 9) {
			__u32 r, before[DMBC_NODEKEYS_RUNS] = { 0 };

			for (r = 0; r < n.nr_runs; r++)
				before[r] = n.run[r].nr;
			seal();
			appends++;
			for (r = 0; r + 1 < n.nr_runs; r++)
				if (n.run[r].nr != before[r])
					moved += n.run[r].nr;
			for (r = 0; r + 1 < n.nr_runs; r++)
				assert_true(n.run[r].tree || n.run[r].nr < 32);
		}
		assert_true(n.nr_runs <= DMBC_NODEKEYS_RUNS);
	}
	/* one merge of everything per append would be 84,500 */
	assert_int_equal(appends, 130);
	assert_true(moved < 25000);
	for (i = 0; i < 1300; i++)
		expect_data(16 * i + 3, 10 + i, 3, 16 * i + 8);
}

static bool keep_even(void *ctx, const struct dmbc_key *k)
{
	(void)ctx;
	return k->low % 2 == 0;
}

static void copies_live_keys_in_order(void **state)
{
	struct dmbc_nodekeys_iter it;
	struct dmbc_key out[8];

	(void)state;
	start(true);
	insert(data(10, 20, 10));
	insert(data(30, 41, 11));
	seal();
	insert(data(22, 28, 12));
	insert(hole(50, 60));
	insert(data(60, 70, 13));
	dmbc_nodekeys_iter_start(&it, &n, 0, 0);
	assert_int_equal(dmbc_nodekeys_copy_live(&it, keep_even, NULL, out, 2), 2);
	assert_int_equal(out[0].low, 20);
	assert_int_equal(out[1].low, 28);
	assert_int_equal(dmbc_nodekeys_copy_live(&it, keep_even, NULL, out, 8), 1);
	assert_int_equal(out[0].low, 70);
}

static void first_set_is_the_array(void **state)
{
	struct dmbc_nodekeys_set set;
	struct dmbc_nodekeys_image info = { .ptr_word = PTR_WORD };
	__u32 blocks, i;

	(void)state;
	start(true);
	g.block_sectors = 8;
	set = set_id();
	memset(buffer, 0xee, sizeof(buffer));
	for (i = 0; i < 300; i++)
		base()[i] = data(10 * i, 10 * i + 5, 100 + i);
	dmbc_nodekeys_adopt(&n, 300);
	blocks = dmbc_nodekeys_pack_first(&n, &set);
	assert_int_equal(blocks, 2);
	for (i = 32 + 7200; i < 8192; i++)
		assert_int_equal(((__u8 *)buffer)[i], 0);
	memcpy(image, buffer, 8192);
	dmbc_nodekeys_init(&n, base(), n.capacity, tree, true, g.bucket_shift);
	check_ok(load(&info), &why);
	assert_int_equal(info.written, 2);
	for (i = 0; i < 300; i++)
		expect_data(10 * i, 100 + i, 0, 10 * i + 5);
}

/* ---- loads ---------------------------------------------------------------------------- */

static void later_sets_win(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key a, b[2], c;

	(void)state;
	start(true);
	a = data(100, 160, 10);
	b[0] = data(90, 105, 20);
	b[1] = hole(150, 155);
	c = data(150, 152, 30);
	add_set(&a, 1);
	add_set(b, 2);
	add_set(&c, 1);
	check_ok(load(&info), &why);
	assert_int_equal(info.seq, 99);
	assert_int_equal(info.written, 3);
	assert_false(info.tail_torn);
	expect_data(90, 20, 0, 105);
	expect_data(105, 10, 5, 150);
	expect_data(150, 30, 0, 152);
	expect_hole(152, 155);
	expect_data(155, 10, 55, 160);
	assert_int_equal(dmbc_nodekeys_count(&n).dead, 0);
}

/* What a set's first key says of the journal entries it depends on. */
static struct dmbc_key mark(__u64 journal_seq)
{
	const struct dmbc_setmark_node id = { 99, PTR_WORD };
	__le64 words[DMBC_SETMARK_WORDS];

	dmbc_setmark_pack(words, &id, journal_seq);
	return (struct dmbc_key){
		__le64_to_cpu(words[0]),
		__le64_to_cpu(words[1]),
		__le64_to_cpu(words[2]),
	};
}

/* A node whose second set depends on journal entries from 1000 on and is torn. */
static char *torn_node(void)
{
	struct dmbc_key a = data(100, 160, 10), b[2] = { mark(1000), data(200, 260, 10) };
	char *torn;

	start(true);
	add_set(&a, 1);
	torn = (char *)image + image_used;
	add_set(b, 2);
	torn[sizeof(struct dmbc_disk_bset) + 8 * (DMBC_SETMARK_WORDS + 1)] ^= 1;
	return torn;
}

static void torn_tail(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key b = data(200, 260, 10);

	(void)state;
	torn_node();
	assert_int_equal(load(&info), -EILSEQ);
	assert_non_null(strstr(why.text, "checksum"));
	info.journal_from = 1000;
	check_ok(load(&info), &why);
	assert_true(info.tail_torn);
	assert_int_equal(info.written, 1);
	expect_hole(200, 100000);
	/* but not if another set follows, and never the first */
	add_set(&b, 1);
	assert_int_equal(load(&info), -EINVAL);
	start(true);
	add_set(&b, 1);
	((char *)image)[40] ^= 1;
	assert_int_equal(load(&info), -EILSEQ);
}

/* A damaged last set of which the journal may have forgotten keys is no torn one. */
static void damaged_tail_is_refused(void **state)
{
	struct dmbc_nodekeys_image info = { .journal_from = 1001 };
	struct dmbc_key a = data(100, 160, 10);
	__u32 bit;

	(void)state;
	torn_node();
	assert_int_equal(load(&info), -EILSEQ);
	assert_non_null(strstr(why.text, "dmbcache repair"));
	/* a tool may look */
	info.any_tail = true;
	check_ok(load(&info), &why);
	assert_true(info.tail_torn);
	info.any_tail = false;
	/* as one without a mark, which mainline wrote */
	start(true);
	add_set(&a, 1);
	add_set(&a, 1);
	((char *)image)[512 + 40] ^= 1;
	info.journal_from = 1;
	assert_int_equal(load(&info), -EILSEQ);
	/* and one whose mark is damaged itself */
	for (bit = 0; bit < 64 * DMBC_SETMARK_WORDS; bit++) {
		char *d = torn_node() + sizeof(struct dmbc_disk_bset);

		d[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(load(&info), -EILSEQ);
	}
	/* numbers may wrap */
	assert_true(dmbc_setmark_since((__le64[]){ __cpu_to_le64(mark(1ULL << 32).high), 0,
						   __cpu_to_le64(mark(1ULL << 32).ptr) },
				       3, &(struct dmbc_setmark_node){ 99, PTR_WORD },
				       0xfffffff0ULL));
}

static void marks_are_no_keys(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key keys[2] = { mark(5), data(0, 8, 10) };

	(void)state;
	start(true);
	keys[1].high &= ~0xfffffULL; /* inode 0: right behind the mark */
	add_set(keys, 2);
	add_set(keys, 2);
	check_ok(load(&info), &why);
	assert_int_equal(dmbc_nodekeys_count(&n).live, 1);
	assert_int_equal(dmbc_nodekeys_count(&n).dead, 0);
}

static void stray_sets_are_refused(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key a;

	(void)state;
	start(true);
	a = data(100, 160, 10);
	add_set(&a, 1);
	image_used += 512 * 3;
	add_set(&a, 1);
	assert_int_equal(load(&info), -EINVAL);
	assert_non_null(strstr(why.text, "stray"));
	memset(image, 0, sizeof(image));
	assert_int_equal(load(&info), -EINVAL);
}

/* A node full to the last word, in one set and in as many as there are blocks. */
static void full_nodes(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key keys[CAPACITY];
	__u32 i, at = 0;

	(void)state;
	start(true);
	for (i = 0; i < CAPACITY; i++)
		keys[i] = data(10 * i, 10 * i + 5, 100 + i);
	add_set(keys, CAPACITY);
	check_ok(load(&info), &why);
	assert_int_equal(dmbc_nodekeys_count(&n).live, CAPACITY);
	expect_data(10 * (CAPACITY - 1), 100 + CAPACITY - 1, 0, 10 * (CAPACITY - 1) + 5);

	start(true);
	for (i = 0; i < BYTES / 512; i++, at += 20) {
		struct dmbc_key set[20];
		__u32 j;

		for (j = 0; j < 20; j++)
			set[j] = keys[(at + j) * 7 % 1280 / 20 + 64 * j];
		add_set(set, 20);
	}
	memcpy(buffer, image, BYTES);
	info.ptr_word = PTR_WORD;
	check_ok(dmbc_nodekeys_load(&n, &g, buffer, BYTES, &info, scratch, &why), &why);
	assert_int_equal(info.written, BYTES / 512);
	assert_true(dmbc_nodekeys_count(&n).live <= 1280);
}

/* More holes than records fit in memory, in sets of 30. */
static void full_of_holes(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key keys[2000], all;
	__u32 i, nr = 0;

	(void)state;
	start(true);
	all = data(0, 60, 10);
	add_set(&all, 1);
	for (i = 0; i < 2000; i++)
		keys[i] = hole(100 + 10 * i, 105 + 10 * i);
	add_set(keys, 1000);
	for (nr = 0; image_used + 512 <= BYTES; nr++)
		add_set(keys + random_below(1970), 30);
	check_ok(load(&info), &why);
	assert_int_equal(dmbc_nodekeys_count(&n).live, 1);
	expect_data(0, 10, 0, 60);
}

/* Sets that split without saying so twice, as bcache does: little memory to spare. */
static void splitting_holes(void **state)
{
	struct dmbc_nodekeys_image info = { .ptr_word = PTR_WORD };
	struct dmbc_key all, holes[400], after[20];
	__u32 i, round;

	(void)state;
	start(true);
	all = dmbc_key_make(1, 60000, 60000, false, dmbc_ptr_make(16 << 16, 1));
	g.bucket_sectors = 1 << 16;
	g.bucket_shift = 16;
	for (i = 0; i < 400; i++)
		holes[i] = hole(100 * i + 50, 100 * i + 60);
	for (i = 0; i < 20; i++)
		after[i] = hole(100 * i + 70, 100 * i + 80);
	add_set(&all, 1);
	add_set(holes, 400);
	add_set(after, 20);
	for (round = 0; round < 2; round++) {
		memcpy(buffer, image, BYTES);
		check_ok(dmbc_nodekeys_load(&n, &g, round ? buffer : image, BYTES, &info, scratch,
					    &why),
			 &why);
		assert_int_equal(dmbc_nodekeys_count(&n).live, 421);
		for (i = 0; i < 400; i++)
			expect_hole(100 * i + 55, 100 * i + 60);
		for (i = 0; i < 20; i++)
			expect_hole(100 * i + 75, 100 * i + 80);
		expect_data(99, 16, 99, 150);
	}
}

/* A node without a free word behind it: splits fit as long as the result does. */
static void splits_in_a_full_node(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key keys[CAPACITY], holes[30];
	const __u32 before = (BYTES - 512 - 32) / 24;
	__u32 i, splits;

	(void)state;
	start(true);
	for (i = 0; i < before; i++)
		keys[i] = data(10 * i, 10 * i + 10, 100 + i);
	for (i = 0; i < 30; i++)
		holes[i] = hole(20 * i + 4, 20 * i + 6);
	for (splits = 1; splits <= 30; splits++) {
		int r;

		start(true);
		add_set(keys, before);
		add_set(holes, splits);
		r = load(&info);
		if (before + splits < CAPACITY - 1)
			check_ok(r, &why);
		else if (before + splits > CAPACITY)
			assert_int_equal(r, -E2BIG);
		if (!r)
			assert_int_equal(dmbc_nodekeys_count(&n).live, before + splits);
	}
}

/* ---- interior ------------------------------------------------------------------------- */

static void expect_child(__u64 pos, __u64 bucket)
{
	struct dmbc_key k;

	assert_true(dmbc_nodekeys_child(&n, 0, pos, &k));
	assert_int_equal(dmbc_ptr_sector(k.ptr) >> g.bucket_shift, bucket);
	assert_int_equal(dmbc_key_size(&k), g.node_sectors);
}

static void children_are_replaced(void **state)
{
	struct dmbc_nodekeys_iter it;
	struct dmbc_key k;
	__u32 nr = 0;

	(void)state;
	start(false);
	insert(child(100, 10, 1));
	insert(child(200, 11, 1));
	seal();
	expect_child(99, 10);
	expect_child(100, 11);
	assert_false(dmbc_nodekeys_child(&n, 0, 200, &k));
	insert(child(150, 12, 1));
	insert(child(200, 13, 1));
	insert(child(0, 11, 2));
	expect_child(100, 12);
	expect_child(150, 13);
	insert(child(0, 10, 2)); /* as a union would */
	expect_child(0, 12);
	dmbc_nodekeys_iter_start(&it, &n, 0, 0);
	while (dmbc_nodekeys_iter_next(&it))
		nr++;
	assert_int_equal(nr, 6); /* gc sees every pointer */
	seal();
	assert_int_equal(dmbc_nodekeys_count(&n).live, 2);
	assert_int_equal(dmbc_nodekeys_count(&n).dead, 4);
	dmbc_nodekeys_iter_start(&it, &n, 0, 0);
	assert_int_equal(dmbc_nodekeys_copy_live(&it, NULL, NULL, scratch, 10), 2);
}

static void the_last_of_equal_children_lives(void **state)
{
	(void)state;
	start(false);
	insert(child(100, 10, 1));
	insert(child(100, 11, 1));
	assert_int_equal(n.open_words, 3);
	expect_child(0, 11);
	seal();
	insert(child(100, 12, 1));
	insert(child(100, 13, 1));
	expect_child(0, 13);
	seal();
	expect_child(0, 13);
	assert_int_equal(dmbc_nodekeys_count(&n).live, 1);
}

static void freeing_keys_in_sets(void **state)
{
	struct dmbc_nodekeys_image info = { 0 };
	struct dmbc_key a[2], b[3], c[2];

	(void)state;
	start(false);
	a[0] = child(100, 10, 255);
	a[1] = child(200, 11, 5);
	b[0] = child(0, 10, 0); /* newer than 255 */
	b[1] = child(0, 12, 7);
	b[2] = child(100, 12, 6); /* freed in the very set that names it */
	c[0] = child(0, 11, 5); /* not newer */
	c[1] = child(200, 12, 7); /* the bucket's next life */
	add_set(a, 2);
	add_set(b, 3);
	check_ok(load(&info), &why);
	expect_child(0, 11);
	add_set(c, 2);
	check_ok(load(&info), &why);
	expect_child(0, 12);
	assert_int_equal(dmbc_nodekeys_count(&n).live, 1);
	assert_int_equal(dmbc_nodekeys_count(&n).dead, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_node),
		cmocka_unit_test(newer_wins),
		cmocka_unit_test(holes_stay_until_sealed),
		cmocka_unit_test(neighbours_join),
		cmocka_unit_test(cuts_are_reported),
		cmocka_unit_test(runs_stay_few_and_merges_rare),
		cmocka_unit_test(copies_live_keys_in_order),
		cmocka_unit_test(first_set_is_the_array),
		cmocka_unit_test(later_sets_win),
		cmocka_unit_test(torn_tail),
		cmocka_unit_test(damaged_tail_is_refused),
		cmocka_unit_test(marks_are_no_keys),
		cmocka_unit_test(stray_sets_are_refused),
		cmocka_unit_test(full_nodes),
		cmocka_unit_test(full_of_holes),
		cmocka_unit_test(splitting_holes),
		cmocka_unit_test(splits_in_a_full_node),
		cmocka_unit_test(children_are_replaced),
		cmocka_unit_test(the_last_of_equal_children_lives),
		cmocka_unit_test(freeing_keys_in_sets),
	};

	return cmocka_run_group_tests_name("nodekeys", tests, NULL, NULL);
}
