// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged images: the metadata of a store that lost power is changed at random,
 * half of the time with checksums set right again, and the store is brought up.
 * It must refuse with a reason, or serve: look up everything, change things,
 * collect garbage, stop. It must never crash, hang or warn.
 *
 *   mutate_store [IMAGES [SEED]]    SEED: only this one
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <linux/slab.h>

#include "lib/checksum.h"
#include "shim.h"
#include "sim/sim_load.h"

#define IMAGES_PER_SEED 100
#define MAX_OBJECTS 4096
#define SECONDS_PER_IMAGE 20

enum type { SUPER, JSET, BSET, PSET, UUIDS, NR_TYPES };

/* A structure found on the image. */
struct object {
	enum type type;
	u64 sector;
	u32 bytes; /* up to the end of its keys or fields */
	u64 seed; /* of the checksum */
};

struct run {
	u64 seed, images;
	u64 refused, served;
	struct dmbc_geometry g;
	struct sim_image *base;
	struct object object[MAX_OBJECTS];
	u32 nr;
	u32 sectors; /* of each inode */
	u8 buf[1 << 20];
};

/* ---- what is there ----------------------------------------------------------------- */

static void load(const struct sim_image *image, u64 sector, void *to, u32 bytes)
{
	u32 at;

	for (at = 0; at < bytes; at += SECTOR_SIZE)
		sim_image_read(image, sector + at / SECTOR_SIZE, (u8 *)to + at);
}

static void store(struct sim_image *image, u64 sector, const void *from, u32 bytes)
{
	u32 at;

	for (at = 0; at < bytes; at += SECTOR_SIZE)
		sim_image_write(image, sector + at / SECTOR_SIZE, (const u8 *)from + at);
}

static void found(struct run *run, enum type type, u64 sector, u32 bytes, u64 seed)
{
	if (run->nr < MAX_OBJECTS)
		run->object[run->nr++] = (struct object){ type, sector, bytes, seed };
}

static u32 rounded(const struct run *run, u32 bytes)
{
	return round_up(bytes, run->g.block_sectors * SECTOR_SIZE);
}

static void find_uuids(struct run *run, const struct dmbc_disk_jset *j)
{
	struct dmbc_key k;

	if (dmbc_verify_unpack_key(j->uuid_bucket.word, DMBC_KEY_PADDED_WORDS, &k))
		found(run, UUIDS, dmbc_ptr_sector(k.ptr), 4096, 0);
}

/* Entries from @from on; older ones nobody reads. Returns the newest one's last_seq. */
static u64 find_journal(struct run *run, u64 from)
{
	u64 newest = 0, last = 0;
	u32 b, at, used, size = run->g.bucket_sectors * SECTOR_SIZE;

	for (b = 0; b < run->g.njournal; b++) {
		u64 sector = dmbc_geometry_sector(&run->g, run->g.first_bucket + b);
		const struct dmbc_disk_jset *j;

		load(run->base, sector, run->buf, size);
		for (at = 0; at < size; at += used) {
			j = (const void *)(run->buf + at);
			if (dmbc_verify_jset(&run->g, j, size - at, &used, NULL))
				break;
			if (__le64_to_cpu(j->seq) > newest) {
				newest = __le64_to_cpu(j->seq);
				last = __le64_to_cpu(j->last_seq);
			}
			if (__le64_to_cpu(j->seq) < from)
				continue;
			found(run, JSET, sector + at / SECTOR_SIZE,
			      sizeof(*j) + 8 * __le32_to_cpu(j->keys), ~0ULL);
			find_uuids(run, j);
		}
	}
	return last;
}

/* The generation of the pointer to the node is not in the node: all are tried. */
static bool find_seed(const struct dmbc_disk_bset *set, u64 sector, u64 *seed)
{
	u32 gen, bytes = sizeof(*set) - 8 + 8 * __le32_to_cpu(set->keys);

	for (gen = 0; gen < 256; gen++) {
		*seed = dmbc_ptr_make(sector, gen);
		if (__le64_to_cpu(set->csum) ==
		    dmbc_checksum_seeded(*seed, (const u8 *)set + 8, bytes))
			return true;
	}
	return false;
}

static void find_sets(struct run *run, u64 sector, u32 size)
{
	const struct dmbc_disk_bset *first = (const void *)run->buf, *set;
	u64 seed;
	u32 at, bytes;

	if (8 * __le32_to_cpu(first->keys) > size || !find_seed(first, sector, &seed))
		return;
	for (at = 0; at < size; at += rounded(run, bytes)) {
		set = (const void *)(run->buf + at);
		bytes = sizeof(*set) + 8 * __le32_to_cpu(set->keys);
		if (set->seq != first->seq || bytes > size - at)
			return;
		found(run, BSET, sector + at / SECTOR_SIZE, bytes, seed);
	}
}

static void find_buckets(struct run *run)
{
	u32 node = run->g.node_sectors * SECTOR_SIZE, meta = run->g.meta_sectors * SECTOR_SIZE;
	u64 b;

	for (b = dmbc_geometry_first_free(&run->g); b < run->g.nbuckets; b++) {
		u64 sector = dmbc_geometry_sector(&run->g, b);
		u64 magic;

		load(run->base, sector, run->buf, SECTOR_SIZE);
		magic = __le64_to_cpu(((__le64 *)run->buf)[1]) ^ run->g.set_magic;
		load(run->base, sector, run->buf, max(node, meta));
		if (magic == DMBC_BSET_MAGIC)
			find_sets(run, sector, node);
		else if (magic == DMBC_PSET_MAGIC)
			found(run, PSET, sector, meta, ~0ULL);
	}
}

/* ---- damage -------------------------------------------------------------------------------- */

static u64 odd_value(u64 old, const struct run *run)
{
	static const u64 odd[] = { 0, 1, ~0ULL, 1ULL << 63, 0xffffffff, 0x7fffffff, 0xffff };

	switch (sim_random_below(6)) {
	case 0: return sim_random();
	case 1: return old ^ 1ULL << sim_random_below(64);
	case 2: return old + 1 - sim_random_below(3);
	case 3: return odd[sim_random_below(ARRAY_SIZE(odd))];
	case 4: /* a pointer to somewhere */
		return dmbc_ptr_make(sim_random() % (run->g.nbuckets * run->g.bucket_sectors),
				     sim_random());
	default: return old ^ (u64)(u8)sim_random() << 8 * sim_random_below(8);
	}
}

static void damage_words(const struct run *run, u8 *buf, u32 bytes)
{
	u32 words = bytes / 8, header = min(words, 30U), n = 1 + sim_random_below(3), i;
	u64 value;

	while (n--) {
		i = sim_random_below(sim_random_below(2) ? words : header);
		memcpy(&value, buf + 8 * i, 8);
		value = odd_value(value, run);
		memcpy(buf + 8 * i, &value, 8);
	}
}

static u64 checksum(const struct object *o, const u8 *buf)
{
	return ~crc64_be(o->seed, buf + 8, o->bytes - 8);
}

/* A newer length goes with the checksum, as far as the object's place allows. */
static void seal(struct object o, u8 *buf, u32 room)
{
	const struct dmbc_disk_jset *j = (const void *)buf;
	const struct dmbc_disk_bset *b = (const void *)buf;
	u64 bytes = o.bytes, csum;

	if (o.type == UUIDS)
		return;
	if (o.type == JSET)
		bytes = sizeof(*j) + 8ULL * __le32_to_cpu(j->keys);
	if (o.type == BSET)
		bytes = sizeof(*b) + 8ULL * __le32_to_cpu(b->keys);
	if (bytes <= room)
		o.bytes = bytes;
	csum = checksum(&o, buf);
	memcpy(buf, &csum, 8);
}

static void damage(struct run *run, struct sim_image *image)
{
	enum type type = sim_random_below(NR_TYPES);
	const struct object *o;
	u32 room, tries = 0;

	do
		o = &run->object[sim_random_below(run->nr)];
	while (o->type != type && tries++ < 10000);
	room = rounded(run, o->bytes);
	if (o->type == JSET || o->type == BSET)
		room += min(sim_random_below(4), 3U) * run->g.block_sectors * SECTOR_SIZE;
	room = min((u64)room, (sim_image_sectors(image) - o->sector) * SECTOR_SIZE);
	load(image, o->sector, run->buf, room);
	damage_words(run, run->buf, o->bytes);
	if (sim_random_below(2))
		seal(*o, run->buf, room);
	store(image, o->sector, run->buf, room);
}

/* ---- serving it ------------------------------------------------------------------------------- */

static void look_up_all(struct run *run, struct sim_store *s)
{
	struct dmbc_index_scan scan = { .end_inode = DMBC_KEY_MAX_INODE };
	struct dmbc_fragment f;
	struct dmbc_key keys[64];
	u32 inode, pos;

	for (inode = 0; inode < 3; inode++) {
		for (pos = 0; pos < run->sectors; pos = f.end) {
			if (dmbc_index_lookup(s->store.index, inode, pos, run->sectors - pos, true,
					      &f))
				return;
			if (f.kind != DMBC_FRAGMENT_HOLE)
				dmbc_bucket_unpin(&s->store.buckets, f.ptr);
		}
	}
	while (!scan.done)
		if (dmbc_index_scan(s->store.index, &scan, keys, ARRAY_SIZE(keys)) < 0)
			return;
}

static int insert_one(struct run *run, struct sim_store *s)
{
	struct dmbc_insert op = { .how = DMBC_INSERT_SET }, *ops = &op;
	u32 inode = sim_random_below(3), pos = sim_random_below(run->sectors);
	u32 n = dmbc_alloc_sectors(s->store.alloc, sim_random_below(3), 0, 1 + sim_random_below(8),
				   &op.key.ptr);
	int r;

	if (!n) {
		op.key = dmbc_key_make_hole(inode, pos + 8, 8);
		return dmbc_index_insert(s->store.index, &ops, 1);
	}
	op.key = dmbc_key_make(inode, pos + n, n, sim_random_below(4) == 0, op.key.ptr);
	r = dmbc_index_insert(s->store.index, &ops, 1);
	dmbc_bucket_unpin(&s->store.buckets, op.key.ptr);
	return r;
}

static void serve(struct run *run, struct sim_store *s)
{
	u32 n = sim_random_below(500);
	int r = 0;

	sim_fail_allocations(sim_random_below(2) ? 0 : 20 + sim_random_below(1000));
	if (!sim_random_below(4))
		sim_disk_fail_reads(s->store.io, sim_random() % dmbc_blockio_sectors(s->store.io),
				    1 + sim_random_below(1 << sim_random_below(14)));
	look_up_all(run, s);
	sim_store_want_gc(s);
	while (n-- && !r)
		r = insert_one(run, s);
	dmbc_journal_flush(s->store.journal);
	dmbc_index_invalidate(s->store.index, sim_random_below(3), 0, run->sectors);
	look_up_all(run, s);
	sim_fail_allocations(0);
}

static void try_image(struct run *run)
{
	struct sim_image *image = sim_image_copy(run->base);
	struct sim_store s = { 0 };
	u32 n = 1 + sim_random_below(3);

	alarm(SECONDS_PER_IMAGE);
	while (n--)
		damage(run, image);
	s.store.io = sim_disk_reopen(image);
	if (sim_store_open(&s)) {
		run->refused++;
	} else {
		run->served++;
		serve(run, &s);
		sim_store_close(&s);
	}
	sim_disk_cut_now(s.store.io);
	dmbc_blockio_destroy(s.store.io);
}

/* ---- the whole and sound image ------------------------------------------------------------------- */

static void make_base(struct run *run)
{
	struct sim_format f = {
		.block_sectors = sim_random_below(2) ? 1 : 8,
		.bucket_sectors = 32 << sim_random_below(2),
		.nbuckets = 600,
	};
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	struct sim_load l = {
		.store = &s,
		.inodes = 3,
		.sectors = 3000,
		.max_sectors = 1 << sim_random_below(5),
		.workers = 4,
	};

	sim_load_init(&l);
	sim_store_format(s.store.io, &f);
	if (sim_store_open(&s))
		shim_die(SHIM_PLACE, "%s", s.why.text);
	sim_load_run(&l, 2000 + sim_random_below(20000));
	run->g = s.store.g;
	run->sectors = l.sectors;
	sim_disk_cut_now(s.store.io);
	run->base = sim_disk_crash_image(s.store.io, 0);
	run->nr = 0;
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
	sim_load_exit(&l);
}

static void mutate(void *arg)
{
	struct run *run = arg;
	u64 i;

	make_base(run);
	found(run, SUPER, DMBC_SB_SECTOR, DMBC_SB_FIXED_BYTES + 8 * run->g.njournal, ~0ULL);
	find_journal(run, find_journal(run, ~0ULL));
	find_buckets(run);
	printf("seed %llu: %u structures\n", run->seed, run->nr);
	fflush(stdout);
	for (i = 0; i < run->images; i++)
		try_image(run);
	sim_image_free(run->base);
}

int main(int argc, char **argv)
{
	u64 images = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	struct run *run = calloc(1, sizeof(*run));
	u64 done;

	sim_set_quiet(true);
	for (done = 0; done < images; done += run->images, seed++) {
		run->seed = seed;
		run->images = argc > 2 ? images : IMAGES_PER_SEED;
		sim_run(mutate, run, seed);
	}
	printf("%llu images: %llu refused, %llu served\n", done, run->refused, run->served);
	free(run);
	return 0;
}
