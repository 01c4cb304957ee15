// SPDX-License-Identifier: GPL-2.0
/*
 * Images of caches that the store made in memory, and what the store says to an image.
 *
 *   sim_image make FILE SEED stop|crash BUCKETS BUCKET BLOCK STEPS MAX
 *       A workload of STEPS operations of at most MAX sectors on two disks, then an orderly stop or
 *       a power cut. FILE: the SSD. FILE.hdd0, FILE.hdd1: the disks, as they are then.
 *       FILE.want0, FILE.want1: what they must hold when all that is dirty has been written back.
 *   sim_image serve FILE
 *       Starts a store on a copy of FILE. "refused: REASON" and status 1; or every cached sector as
 *       the store would serve it: disk, sector, d for dirty or c for clean, stamp.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/slab.h>

#include "lib/verify.h"
#include "shim.h"
#include "sim/sim_load.h"

#define DISKS 2
#define DATA_START 16

static char **args;
static int status;

/* ---- files --------------------------------------------------------------------------- */

static FILE *open_file(const char *name, const char *suffix, const char *mode)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", name, suffix);
	f = fopen(path, mode);
	if (!f)
		shim_die(SHIM_PLACE, "cannot open %s", path);
	return f;
}

/* As the simulated disk fills a sector of user data. */
static void put_stamp(FILE *f, u64 stamp)
{
	u8 sector[SECTOR_SIZE];

	memset(sector, 0xd7, sizeof(sector));
	memcpy(sector + 8, &stamp, sizeof(stamp));
	fwrite(sector, sizeof(sector), 1, f);
}

static void save_image(const struct sim_image *image, const char *name)
{
	FILE *f = open_file(name, "", "wb");
	u8 sector[SECTOR_SIZE];
	u64 i;

	for (i = 0; i < sim_image_sectors(image); i++) {
		sim_image_read(image, i, sector);
		fwrite(sector, sizeof(sector), 1, f);
	}
	fclose(f);
}

static struct dmbc_blockio *load_image(const char *name)
{
	FILE *f = open_file(name, "", "rb");
	struct dmbc_blockio *io;
	struct sim_image *image;
	u8 sector[SECTOR_SIZE];
	u64 sectors, i;

	fseek(f, 0, SEEK_END);
	sectors = ftell(f) / SECTOR_SIZE;
	rewind(f);
	io = sim_disk_create(sectors);
	image = sim_disk_image(io);
	dmbc_blockio_destroy(io);
	for (i = 0; i < sectors && fread(sector, sizeof(sector), 1, f) == 1; i++)
		sim_image_write(image, i, sector);
	fclose(f);
	return sim_disk_reopen(image);
}

/* ---- the disks -------------------------------------------------------------------------- */

static void disk_uuid(u32 disk, u8 *uuid)
{
	memset(uuid, 0, 16);
	uuid[0] = 0x99;
	uuid[15] = disk;
}

static void put_super(FILE *f, u32 disk)
{
	static const __u8 magic[16] = DMBC_SB_MAGIC;
	struct dmbc_disk_super sb = { 0 };
	u8 zero[DMBC_SB_SECTOR * SECTOR_SIZE] = { 0 };

	sb.offset = __cpu_to_le64(DMBC_SB_SECTOR);
	sb.version = __cpu_to_le64(DMBC_SB_BACKING);
	memcpy(sb.magic, magic, sizeof(magic));
	disk_uuid(disk, sb.uuid);
	memset(sb.set_uuid, 0x22, sizeof(sb.set_uuid));
	sb.block_size = __cpu_to_le16(strtoul(args[7], NULL, 0)); /* of "make": the SSD's */
	dmbc_sb_set_flag(&sb, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS, DMBC_STATE_DIRTY);
	dmbc_verify_super_seal(&sb);
	fwrite(zero, sizeof(zero), 1, f);
	fwrite(&sb, sizeof(sb), 1, f);
}

static void save_disk(struct sim_load *l, u32 disk, bool written_back)
{
	char suffix[16];
	FILE *f;
	u32 pos;

	snprintf(suffix, sizeof(suffix), written_back ? ".want%u" : ".hdd%u", disk);
	f = open_file(args[2], suffix, "wb");
	put_super(f, disk);
	for (pos = DATA_START; pos < l->sectors; pos++) {
		const struct sim_sector *s = sim_load_at(l, disk, pos);

		put_stamp(f, written_back && s->kind == SIM_DIRTY ? s->stamp : s->origin);
	}
	fclose(f);
}

static void add_disks(struct sim_store *s)
{
	static const u8 label[DMBC_SB_LABEL_BYTES] = "disk";
	u8 uuid[16];
	u32 i;

	for (i = 0; i < DISKS; i++) {
		disk_uuid(i, uuid);
		if (dmbc_uuids_add(s->store.uuids, uuid, label, 1) != (int)i)
			shim_die(SHIM_PLACE, "no slot %u", i);
	}
	if (dmbc_uuids_write(s->store.uuids))
		shim_die(SHIM_PLACE, "cannot write the uuids");
}

/* ---- make ------------------------------------------------------------------------------------ */

static void start(struct sim_store *s)
{
	if (sim_store_open(s))
		shim_die(SHIM_PLACE, "%s", s->why.text);
}

static void finish(struct sim_load *l, bool crash)
{
	struct sim_store *s = l->store;
	struct sim_image *image;

	if (crash)
		sim_disk_cut_now(s->store.io);
	sim_store_close(s);
	image = crash ? sim_disk_crash_image(s->store.io, 0) : sim_disk_image(s->store.io);
	dmbc_blockio_destroy(s->store.io);
	save_image(image, args[2]);
	s->store.io = sim_disk_reopen(image);
	start(s);
	if (crash)
		sim_load_recover(l);
	sim_load_check(l);
}

static void make(void *unused)
{
	struct sim_format f = {
		.nbuckets = strtoul(args[5], NULL, 0),
		.bucket_sectors = strtoul(args[6], NULL, 0),
		.block_sectors = strtoul(args[7], NULL, 0),
	};
	struct sim_store s = { .store.io = sim_disk_create(f.nbuckets * f.bucket_sectors) };
	struct sim_load l = {
		.store = &s,
		.inodes = DISKS,
		.sectors = f.nbuckets * f.bucket_sectors / 2,
		.first = DATA_START,
		.max_sectors = strtoul(args[9], NULL, 0),
		.workers = 4,
		.history = true,
	};
	u32 i;

	sim_load_init(&l);
	sim_store_format(s.store.io, &f);
	start(&s);
	add_disks(&s);
	if (!sim_load_run(&l, strtoul(args[8], NULL, 0)))
		shim_die(SHIM_PLACE, "the workload stopped");
	finish(&l, !strcmp(args[4], "crash"));
	for (i = 0; i < DISKS; i++) {
		save_disk(&l, i, false);
		save_disk(&l, i, true);
	}
	sim_store_close(&s);
	dmbc_blockio_destroy(s.store.io);
	sim_load_exit(&l);
}

/* ---- serve -------------------------------------------------------------------------------------- */

static void print_key(struct sim_store *s, const struct dmbc_key *k)
{
	u8 sector[SECTOR_SIZE] __aligned(SECTOR_SIZE);
	u64 stamp;
	u32 i;

	for (i = 0; i < dmbc_key_size(k); i++) {
		if (dmbc_blockio_read(s->store.io, dmbc_ptr_sector(k->ptr) + i, 1, sector))
			shim_die(SHIM_PLACE, "cannot read");
		memcpy(&stamp, sector + 8, sizeof(stamp));
		printf("%u %llu %c %llx\n", dmbc_key_inode(k), dmbc_key_start(k) + i,
		       dmbc_key_dirty(k) ? 'd' : 'c', stamp);
	}
}

static void serve(void *unused)
{
	struct dmbc_index_scan scan = { .end_inode = DMBC_KEY_MAX_INODE };
	struct sim_store s = { .store.io = load_image(args[2]) };
	struct dmbc_key k;
	int n;

	if (sim_store_open(&s)) {
		printf("refused: %s\n", s.why.text);
		status = 1;
	} else {
		while (!scan.done) {
			n = dmbc_index_scan(s.store.index, &scan, &k, 1);
			if (n < 0)
				shim_die(SHIM_PLACE, "scan: error %d", n);
			if (n)
				print_key(&s, &k);
		}
		sim_store_close(&s);
	}
	sim_disk_cut_now(s.store.io);
	dmbc_blockio_destroy(s.store.io);
}

int main(int argc, char **argv)
{
	args = argv;
	sim_set_quiet(true);
	if (argc == 10 && !strcmp(argv[1], "make"))
		sim_run(make, NULL, strtoull(argv[3], NULL, 0));
	else if (argc == 3 && !strcmp(argv[1], "serve"))
		sim_run(serve, NULL, 1);
	else
		return fputs("see the head of tests/images/sim_image.c\n", stderr), 2;
	return status;
}
