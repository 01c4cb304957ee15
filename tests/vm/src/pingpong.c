// SPDX-License-Identifier: GPL-2.0
/*
 * pingpong SSD-IMAGE HDD-IMAGE SEED ROUNDS [FOLDER]
 *
 * One cache in two hands: mainline bcache and dm-bcache. Each round one of them,
 * by chance, opens it, gets a load (load.h) and is cut off somewhere in it, as when
 * a machine is killed whose disks stay in power. Then both open a copy of what is
 * left: every sector must be what the shadow allows, and both must read the same.
 * The second one's copy is where the next round begins.
 *
 * Mainline makes a key clean, or drops one, without waiting for the disk or for its
 * journal: cut off, it leaves clean data that differs from the disk's, and either is
 * read until the next write. dm-bcache must never add to such sectors.
 *
 * The disks of a round that fails are left in FOLDER: as it began, and as it was cut.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmdev.h"
#include "draw.h"
#include "examine.h"
#include "load.h"
#include "mainline.h"
#include "recorder.h"
#include "shadow.h"

struct engine {
	const char *name;
	int (*start)(void);
	int (*disturb)(const char *what);
	int (*stop)(void);
};

static const char *const modes[] = { "writeback", "writethrough", "writearound", "writeback" };
static uint64_t sectors, random_state;
static unsigned int cut_off[2];
static char table[128];
static const char *folder;
static unsigned char *under, *covered; /* look_under() */

static int ours_start(void)
{
	snprintf(table, sizeof(table), "%s %s %s 2 sequential_cutoff %u", recorder_node(DISK_SSD),
		 recorder_node(DISK_HDD), modes[draw(&random_state, 4)],
		 (unsigned int)draw(&random_state, 2) * 65536);
	if (dmdev_create(LOAD_NAME, sectors, table)) {
		printf("  dm-bcache refuses: %s\n", table);
		return -1;
	}
	return 0;
}

static int ours_disturb(const char *what)
{
	return strcmp(what, "reload") ? dmdev_message(LOAD_NAME, what)
				      : dmdev_reload(LOAD_NAME, sectors, table);
}

static int ours_stop(void)
{
	return dmdev_remove(LOAD_NAME);
}

static int theirs_start(void)
{
	char mode[32];

	snprintf(mode, sizeof(mode), "cache_mode %s", modes[draw(&random_state, 4)]);
	if (mainline_start(recorder_node(DISK_SSD), recorder_node(DISK_HDD), LOAD_NODE) ||
	    mainline_message(mode) || mainline_message("set sequential_cutoff 0"))
		return -1;
	return draw(&random_state, 2) ? mainline_message("discard") : 0;
}

enum { MAINLINE, OURS };
static const struct engine engines[2] = {
	[MAINLINE] = { "mainline", theirs_start, mainline_message, mainline_stop },
	[OURS] = { "dm-bcache", ours_start, ours_disturb, ours_stop },
};

static int open_copy(const struct engine *e, uint64_t seed, unsigned char *data)
{
	int r;

	recorder_cut(SURVIVE_ALL, seed);
	if (e->start())
		return -1;
	r = load_read_all(data, sectors);
	if (!r && shadow_judge(data))
		r = -1;
	if (e->stop())
		return -1;
	if (r)
		printf("  opened by %s\n", e->name);
	return r;
}

/* What the disk below has, and where dirty data is over it. */
static int look_under(void)
{
	unsigned long long start, count;
	unsigned int dirty;
	char line[256];
	FILE *dump;

	memcpy(under, recorder_bytes(DISK_HDD) + RECORDER_DATA * SHADOW_SECTOR,
	       sectors * SHADOW_SECTOR);
	memset(covered, 0, sectors);
	snprintf(line, sizeof(line), "$DMBCACHE dump %s 2>/run/dump.err", recorder_node(DISK_SSD));
	dump = popen(line, "r");
	while (dump && fgets(line, sizeof(line), dump)) {
		if (sscanf(line, "extent disk=0 start=%llu sectors=%llu at=%*u gen=%*u dirty=%u",
			   &start, &count, &dirty) != 3)
			continue;
		if (dirty && start >= RECORDER_DATA && start + count <= RECORDER_DATA + sectors)
			memset(covered + start - RECORDER_DATA, 1, count);
	}
	if (dump && !pclose(dump))
		return 0;
	printf("  the cache cannot be dumped\n");
	if (system("cat /run/dump.err"))
		perror("dump");
	return -1;
}

/*
 * Whether one may read the SSD's clean data and the other, who has just used that
 * bucket again, the disk's.
 */
static bool may_differ(uint64_t s, const unsigned char *a, const unsigned char *b,
		       unsigned int writer)
{
	const unsigned char *disk = under + s * SHADOW_SECTOR;

	if (covered[s] || (writer != MAINLINE && shadow_certain(s)))
		return false;
	return !memcmp(a, disk, SHADOW_SECTOR) || !memcmp(b, disk, SHADOW_SECTOR);
}

static int same(const unsigned char *a, const unsigned char *b, unsigned int writer)
{
	unsigned int bad = 0;
	uint64_t s;

	for (s = 0; s < sectors; s++, a += SHADOW_SECTOR, b += SHADOW_SECTOR)
		if (memcmp(a, b, SHADOW_SECTOR) && !may_differ(s, a, b, writer) && bad++ < 8)
			printf("  sector %llu: write %lld for one, %lld for the other\n",
			       (unsigned long long)s, (long long)shadow_number(a, s),
			       (long long)shadow_number(b, s));
	return bad ? -1 : 0;
}

/* Both open what the cut has left. */
static int open_both(unsigned int first, unsigned int writer, uint64_t seed, unsigned char *data[2])
{
	recorder_cut(SURVIVE_ALL, seed);
	if (look_under() || open_copy(&engines[first], seed, data[0]) ||
	    open_copy(&engines[!first], seed, data[1]))
		return -1;
	return same(data[0], data[1], writer);
}

/* Where the next round begins: at what the second one has left. */
static int keep(const unsigned char *data, unsigned int writer)
{
	uint64_t uncertain, s;

	/* what mainline leaves when it is cut off is its own affair, and stays */
	if ((examine() && !cut_off[MAINLINE]) || look_under())
		return -1;
	for (s = 0; s < sectors; s++)
		if (covered[s])
			memcpy(under + s * SHADOW_SECTOR, data + s * SHADOW_SECTOR, SHADOW_SECTOR);
	uncertain = shadow_settle(data, under, writer == MAINLINE);
	if (uncertain)
		printf("  %llu sectors may be read as on the disk\n",
		       (unsigned long long)uncertain);
	recorder_keep();
	return 0;
}

static int round_of(unsigned int number, uint32_t block, unsigned char *data[2])
{
	unsigned int writer = draw(&random_state, 2), first = draw(&random_state, 2);
	const struct load *load = &loads[draw(&random_state, nr_attached_loads)];
	const struct engine *e = &engines[writer];
	struct load_target target = {
		.sectors = sectors, .block = block, .percent = 100, .disturb = e->disturb
	};
	uint64_t count, at;
	int r;

	recorder_begin(draw_next(&random_state), 0);
	if (folder)
		recorder_save(folder, ".began");
	if (e->start() || load_run(load, draw_next(&random_state), &target) || e->stop()) {
		printf("round %u: %s fails under load '%s'\n", number, e->name, load->name);
		return -1;
	}
	recorder_end();
	recorder_log(&count);
	at = count / 2 + draw(&random_state, count / 2);
	recorder_replay(at, shadow_event);
	r = open_both(first, writer, at, data);
	if (r) {
		recorder_cut(SURVIVE_ALL, at);
		if (folder)
			recorder_save(folder, ".cut");
	}
	printf("round %u: %s, '%s', cut off at event %llu of %llu, opened by %s first%s\n", number,
	       e->name, load->name, (unsigned long long)at, (unsigned long long)count,
	       engines[first].name, r ? ": FAILED" : "");
	cut_off[writer]++;
	return r ? r : keep(data[1], writer);
}

int main(int argc, char **argv)
{
	unsigned char *data[2];
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	dmdev_init();
	if (argc < 5 || recorder_start(argv[1], argv[2]))
		return 2;
	folder = argv[5];
	random_state = strtoull(argv[3], NULL, 0);
	sectors = recorder_data_sectors();
	shadow_start(sectors);
	for (i = 0; i < 2; i++)
		data[i] = aligned_alloc(4096, sectors * SHADOW_SECTOR);
	under = malloc(sectors * SHADOW_SECTOR);
	covered = malloc(sectors);
	if (!under || !covered)
		return 2;
	for (i = 0; i < strtoul(argv[4], NULL, 0); i++)
		if (round_of(i + 1, recorder_block(), data))
			return 1;
	printf("%u caches of mainline and %u of dm-bcache, cut off, opened by both\n",
	       cut_off[MAINLINE], cut_off[OURS]);
	printf("tally rounds %u\ntally theirs-by-us %u\ntally ours-by-them %u\n",
	       cut_off[MAINLINE] + cut_off[OURS], cut_off[MAINLINE], cut_off[OURS]);
	return 0;
}
