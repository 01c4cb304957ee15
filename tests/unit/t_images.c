// SPDX-License-Identifier: GPL-2.0
/*
 * What mainline left in the reference images: every journal entry, node and
 * prio set must verify, and index, generations and journal together must give
 * the volume that mainline served from them (IMAGES: tests/images/mainline).
 */
#include "lib_fixture.h"

#include <unistd.h>

static struct dmbc_geometry g;
static struct dmbc_why why;

#define IMAGE_BYTES (200 << 20)

static char *read_image(const char *name)
{
	char command[256];
	char *image;
	size_t got;
	FILE *f;

	snprintf(command, sizeof(command), "xzcat %s/%s.img.xz", IMAGES, name);
	f = popen(command, "r");
	image = malloc(IMAGE_BYTES);
	if (!f || !image)
		fail_msg("no pipe or memory");
	got = fread(image, 1, IMAGE_BYTES, f);
	pclose(f);
	if (got != IMAGE_BYTES)
		fail_msg("%s.img.xz is not complete", name);
	return image;
}

/* The newest journal entry; every one met on the way must verify. */
static const struct dmbc_disk_jset *newest_entry(const char *image, __u32 *entries)
{
	const __u32 bucket_bytes = g.bucket_sectors * 512;
	const struct dmbc_disk_jset *newest = NULL;
	__u32 b, at, used;

	for (b = 0; b < g.njournal; b++)
		for (at = 0; at < bucket_bytes; at += used) {
			const void *p = image + (__u64)(g.first_bucket + b) * bucket_bytes + at;
			const struct dmbc_disk_jset *j = p;
			int r = dmbc_verify_jset(&g, p, bucket_bytes - at, &used, &why);

			if (r == -ENOENT)
				break;
			check_ok(r, &why);
			if (!newest || __le64_to_cpu(j->seq) > __le64_to_cpu(newest->seq))
				newest = j;
			++*entries;
		}
	return newest;
}

/* Where each sector of the one volume lies, as the index and the journal say. */
struct walk {
	char *image;
	__u8 *gen; /* of all buckets */
	__u64 *source; /* per sector of the origin: pointer word; 0: the origin itself */
	__u32 nodes, leaf_keys;
};

#define ORIGIN_SECTORS (IMAGE_BYTES / 512)

static void note_gen(struct walk *w, const struct dmbc_key *k)
{
	__u64 bucket = dmbc_geometry_bucket(&g, dmbc_ptr_sector(k->ptr));

	if (dmbc_key_has_ptr(k) && dmbc_gen_ahead(w->gen[bucket], dmbc_ptr_gen(k->ptr)) < 0)
		w->gen[bucket] = dmbc_ptr_gen(k->ptr);
}

static void map_key(struct walk *w, const struct dmbc_key *k)
{
	__u64 s;

	if (dmbc_key_inode(k) || k->low > ORIGIN_SECTORS)
		fail_msg("a key of another volume");
	for (s = dmbc_key_start(k); s < k->low; s++)
		w->source[s] = dmbc_key_has_ptr(k) ? k->ptr + ((s - dmbc_key_start(k)) << 8) : 0;
}

static void walk_node(struct walk *w, const struct dmbc_key *ptr, __u32 level)
{
	__u32 bytes = g.node_sectors * 512, capacity = dmbc_nodekeys_capacity(bytes);
	struct dmbc_nodekeys_image info = { .ptr_word = ptr->ptr };
	struct dmbc_bset_tree_entry *tree = calloc(capacity, sizeof(*tree));
	struct dmbc_key *keys = calloc(capacity, 24), *scratch = calloc(capacity, 24);
	const struct dmbc_key *k;
	struct dmbc_nodekeys_iter it;
	struct dmbc_nodekeys n;

	dmbc_nodekeys_init(&n, keys, capacity, tree, !level, g.bucket_shift);
	check_ok(dmbc_nodekeys_load(&n, &g, w->image + dmbc_ptr_sector(ptr->ptr) * 512, bytes,
				    &info, scratch, &why),
		 &why);
	w->nodes++;
	dmbc_nodekeys_iter_start(&it, &n, 0, 0);
	while ((k = dmbc_nodekeys_iter_next(&it))) {
		note_gen(w, k);
		if (!level) {
			w->leaf_keys++;
			map_key(w, k);
		} else if (dmbc_key_size(k) && !dmbc_key_is_zero(k)) {
			walk_node(w, k, level - 1);
		}
	}
	free(tree);
	free(keys);
	free(scratch);
}

static void read_gens(struct walk *w, const struct dmbc_disk_jset *j)
{
	__u64 per = (g.meta_sectors * 512 - 40) / 3, bucket = __le64_to_cpu(j->prio_bucket[0]);
	__u64 b;

	for (b = 0; b < g.nbuckets; b++) {
		const struct dmbc_disk_prio_set *p =
			(const void *)(w->image + bucket * g.bucket_sectors * 512);

		if (b % per == 0)
			check_ok(dmbc_verify_prio_set(&g, p, &why), &why);
		w->gen[b] = p->data[b % per].gen;
		if (b % per == per - 1)
			bucket = __le64_to_cpu(p->next_bucket);
	}
}

static void replay_entry(struct walk *w, const struct dmbc_disk_jset *j)
{
	__u32 words = __le32_to_cpu(j->keys), at = 0;
	struct dmbc_key k;

	while (at < words) {
		at += dmbc_verify_unpack_key(&j->d[at], words - at, &k);
		note_gen(w, &k);
		map_key(w, &k);
	}
}

/* All entries from newest.last_seq on, in order of their numbers. */
static void replay_journal(struct walk *w, const struct dmbc_disk_jset *newest)
{
	const __u32 bucket_bytes = g.bucket_sectors * 512;
	__u64 seq = __le64_to_cpu(newest->last_seq);
	__u32 b, at, used;

	for (; seq <= __le64_to_cpu(newest->seq); seq++)
		for (b = 0; b < g.njournal; b++)
			for (at = 0; at < bucket_bytes; at += used) {
				const struct dmbc_disk_jset *j =
					(void *)(w->image +
						 (__u64)(g.first_bucket + b) * bucket_bytes + at);

				if (dmbc_verify_jset(&g, j, bucket_bytes - at, &used, NULL))
					break;
				if (__le64_to_cpu(j->seq) == seq)
					replay_entry(w, j);
			}
}

/* What mainline served: before and after 60 writes of 0x5a (images/README). */
#define MD5_BEFORE "99ef907d6b8f9a13f16eb0117baa443e"
#define MD5_AFTER "a5010ade12fea803f36a11ce177f71d4"

/* The volume as the cache and the origin make it, as md5sum prints it. */
static void volume_md5(const struct walk *w, const char *origin, __u64 data_offset, char *md5)
{
	char command[] = "md5sum >/tmp/dmbc-t-verify.XXXXXX";
	FILE *f;
	__u64 s;
	int fd = mkstemp(command + strlen("md5sum >"));

	assert_true(fd >= 0);
	close(fd);
	f = popen(command, "w");
	for (s = data_offset; s < ORIGIN_SECTORS; s++) {
		__u64 ptr = w->source[s];
		__u8 now = w->gen[dmbc_geometry_bucket(&g, dmbc_ptr_sector(ptr))];
		bool cached = ptr && dmbc_gen_ahead(now, dmbc_ptr_gen(ptr)) <= 0;

		fwrite(cached ? w->image + dmbc_ptr_sector(ptr) * 512 : origin + s * 512, 512, 1,
		       f);
	}
	pclose(f);
	f = fopen(command + strlen("md5sum >"), "r");
	assert_true(f && fread(md5, 1, 32, f) == 32);
	fclose(f);
	unlink(command + strlen("md5sum >"));
	md5[32] = 0;
}

static void rebuild(const char *cache, const char *backing, const char *indexed,
		    const char *replayed)
{
	struct walk w = { .image = read_image(cache) };
	char *origin = read_image(backing);
	const struct dmbc_disk_jset *j;
	__u64 data_offset = 0;
	struct dmbc_key root;
	__u32 entries = 0;
	char md5[33];

	check_ok(dmbc_verify_backing_super((void *)(origin + 4096), ORIGIN_SECTORS, &data_offset,
					   &why),
		 &why);
	check_ok(dmbc_verify_cache_super((void *)(w.image + 4096), ORIGIN_SECTORS, &g, &why), &why);
	w.gen = calloc(g.nbuckets, 1);
	w.source = calloc(ORIGIN_SECTORS, 8);
	j = newest_entry(w.image, &entries);
	assert_non_null(j);
	read_gens(&w, j);
	assert_true(dmbc_verify_unpack_key(j->btree_root.word, 8, &root));
	g.node_sectors = dmbc_key_size(&root);
	walk_node(&w, &root, __le16_to_cpu(j->btree_level));
	print_message("%s: %u journal entries, %u nodes, %u leaf keys\n", cache, entries, w.nodes,
		      w.leaf_keys);
	volume_md5(&w, origin, data_offset, md5);
	assert_string_equal(md5, indexed);
	replay_journal(&w, j);
	volume_md5(&w, origin, data_offset, md5);
	assert_string_equal(md5, replayed);
	free(w.image);
	free(w.gen);
	free(w.source);
	free(origin);
}

static void image_c(void **state)
{
	(void)state;
	rebuild("fC_c", "fC_b", MD5_AFTER, MD5_AFTER);
}

static void image_d(void **state)
{
	(void)state;
	rebuild("fD_c", "fD_b", MD5_BEFORE, MD5_AFTER);
}

static void image_backing(void **state)
{
	static const char *const names[] = { "fC_b", "fD_b" };
	__u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char *image = read_image(names[i]);
		__u64 offset;

		check_ok(dmbc_verify_backing_super((void *)(image + 4096), IMAGE_BYTES / 512,
						   &offset, &why),
			 &why);
		free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_c),
		cmocka_unit_test(image_d),
		cmocka_unit_test(image_backing),
	};

	return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
