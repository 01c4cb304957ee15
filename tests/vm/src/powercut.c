// SPDX-License-Identifier: GPL-2.0
/*
 * powercut run SSD-IMAGE HDD-IMAGE SEED EPOCHS CUTS FOLDER
 * powercut replay FOLDER
 *
 * Formatted images are served as disks that record all requests in one order
 * (recorder.h). Each epoch makes a cache of them, loads it (load.h) and then tries
 * power cuts: at every flush and FUA write that was answered and at random places,
 * CUTS of them (0: all marks and a quarter as many random places). After each the
 * cache must open; every sector must be one of those the shadow allows; and once all
 * is written back the disk below must hold just what was read: what a reader saw must
 * not change by itself. The last cut's disks are the next epoch's. POWERCUT_PERCENT
 * of the load's operations are done.
 *
 * A cut that fails is saved in FOLDER; replay tries it again.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dmdev.h"
#include "draw.h"
#include "examine.h"
#include "load.h"
#include "recorder.h"
#include "shadow.h"

#define DRAIN_SECONDS 120
#define MAX_FAILURES 5

struct cut {
	uint64_t at;
	uint32_t how;
	uint32_t last; /* of its epoch */
	uint64_t seed;
};

static const char *const survivals[] = { "nothing volatile survived", "all survived",
					 "the SSD's survived",	      "the disk's survived",
					 "some requests survived",    "some sectors survived" };
static const char *const modes[] = { "writeback", "writethrough", "writearound", "none" };
static const char *folder;
static uint64_t sectors;
static uint32_t block;
static unsigned int percent = 100; /* of a load's operations */
static unsigned char *seen;
static char table[256]; /* of the target under load */
static unsigned long failures;

/* ---- a cut ------------------------------------------------------------------------ */

static int write_back(void)
{
	time_t end = time(NULL) + DRAIN_SECONDS;

	if (dmdev_message(LOAD_NAME, "flush"))
		return -1;
	while (dmdev_field(LOAD_NAME, "dirty_bytes")) {
		if (time(NULL) > end) {
			printf("  still %lld bytes dirty after %d s\n",
			       dmdev_field(LOAD_NAME, "dirty_bytes"), DRAIN_SECONDS);
			return -1;
		}
		usleep(5000);
	}
	return 0;
}

/* The disk below against what was read. */
static int compare_disk(void)
{
	const unsigned char *below = recorder_bytes(DISK_HDD) + RECORDER_DATA * SHADOW_SECTOR;
	unsigned long bad = 0;
	uint64_t s;

	for (s = 0; s < sectors; s++) {
		const unsigned char *here = seen + s * SHADOW_SECTOR;

		if (!memcmp(here, below + s * SHADOW_SECTOR, SHADOW_SECTOR) || bad++ > 8)
			continue;
		printf("  sector %llu was read as write %lld, on the disk is %lld\n",
		       (unsigned long long)s, (long long)shadow_number(here, s),
		       (long long)shadow_number(below + s * SHADOW_SECTOR, s));
	}
	if (bad)
		printf("  %lu sectors change by themselves\n", bad);
	return bad ? -1 : 0;
}

static void make_table(char *line, size_t bytes, uint64_t seed)
{
	static const unsigned int cutoffs[] = { 0, 65536, 4194304 };
	uint64_t random = seed;

	snprintf(line, bytes,
		 "%s %s %s 6 sequential_cutoff %u journal_delay_ms %u writeback_percent %u",
		 recorder_node(DISK_SSD), recorder_node(DISK_HDD), modes[draw(&random, 4)],
		 cutoffs[draw(&random, 3)], (unsigned int)(draw(&random, 3) * 20),
		 (unsigned int)(draw(&random, 2) * 10));
}

static int judge(const struct cut *cut)
{
	char line[256];
	int r;

	make_table(line, sizeof(line), cut->seed);
	if (dmdev_create(LOAD_NAME, sectors, line)) {
		printf("  the cache does not open: %s\n", line);
		return -1;
	}
	r = load_read_all(seen, sectors);
	if (!r && shadow_judge(seen))
		r = -1;
	if (!r && !cut->last)
		r = write_back();
	if (dmdev_remove(LOAD_NAME)) {
		printf("  it cannot be removed\n");
		exit(1);
	}
	if (!r && !cut->last)
		r = compare_disk();
	/* only now and then: it takes as long as the rest */
	return r || cut->seed % 16 ? r : examine();
}

static void save(const struct cut *cut)
{
	char path[512];
	FILE *f;

	recorder_cut(cut->how, cut->seed);
	recorder_save(folder, "");
	snprintf(path, sizeof(path), "%s/shadow", folder);
	if (shadow_save(path))
		perror(path);
	snprintf(path, sizeof(path), "%s/cut", folder);
	f = fopen(path, "w");
	if (!f || fwrite(cut, sizeof(*cut), 1, f) != 1 || fclose(f))
		perror(path);
}

static void print_events_before(uint64_t at)
{
	static const char *const names[] = { "write",	       "flush",		  "answered",
					     "USER write",     "USER write done", "USER flush",
					     "USER flush done" };
	uint64_t count, i;
	const struct event *log = recorder_log(&count);

	for (i = at > 40 ? at - 40 : 0; i < at; i++)
		printf("  %llu %s %s%s sector %llu + %u, number %llu\n", (unsigned long long)i,
		       log[i].type >= EVENT_USER_WRITE ? "-"
		       : log[i].disk		       ? "hdd"
						       : "ssd",
		       names[log[i].type], log[i].fua ? " fua" : "",
		       (unsigned long long)log[i].sector, log[i].sectors,
		       (unsigned long long)log[i].number);
}

static void try(const struct cut *cut)
{
	recorder_replay(cut->at, shadow_event);
	recorder_cut(cut->how, cut->seed);
	if (!judge(cut))
		return;
	printf("FAILED: cut at event %llu, %s\n", (unsigned long long)cut->at, survivals[cut->how]);
	if (getenv("POWERCUT_LOG"))
		print_events_before(cut->at);
	if (!failures)
		save(cut);
	if (++failures >= MAX_FAILURES) {
		printf("enough: the first is in %s\n", folder);
		exit(1);
	}
	recorder_cut(cut->how, cut->seed);
}

/* ---- an epoch ------------------------------------------------------------------------ */

static int by_place(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Marks are where a flush or FUA write has been answered to the cache or the user. */
static struct cut *choose(uint64_t wanted, uint64_t *random, uint64_t *nr)
{
	uint64_t count, marks = 0, i, taken = 0;
	const struct event *log = recorder_log(&count);
	struct cut *cuts;

	for (i = 0; i < count; i++)
		marks += log[i].type == EVENT_DONE || log[i].type == EVENT_USER_FLUSHED;
	*nr = wanted ? wanted : marks + marks / 4 + 1;
	cuts = calloc(*nr, sizeof(*cuts));
	/* of a few cuts half are at marks, evenly by chance */
	for (i = 0; i < count && taken < *nr; i++)
		if ((log[i].type == EVENT_DONE || log[i].type == EVENT_USER_FLUSHED) &&
		    (!wanted || draw(random, 2 * marks) < wanted))
			cuts[taken++].at = i + 1;
	while (taken < *nr)
		cuts[taken++].at = draw(random, count + 1);
	printf("%llu marks\n", (unsigned long long)marks);
	qsort(cuts, *nr, sizeof(*cuts), by_place);
	for (i = 0; i < *nr; i++) {
		cuts[i].how = draw(random, NR_SURVIVALS);
		cuts[i].seed = draw_next(random);
	}
	cuts[*nr - 1].last = 1;
	return cuts;
}

/* What is being detached or attached refuses either for the moment. */
static int disturb(const char *what)
{
	if (strstr(what, "tach")) {
		dmdev_message(LOAD_NAME, what);
		return 0;
	}
	return strcmp(what, "reload") ? dmdev_message(LOAD_NAME, what)
				      : dmdev_reload(LOAD_NAME, sectors, table);
}

/* Creates, loads and removes the cache two times: attaching and starting are in the log as well. */
static void load_epoch(const struct load *load, uint64_t *random)
{
	struct load_target target = {
		.sectors = sectors, .block = block, .percent = percent, .disturb = disturb
	};
	int phase;

	for (phase = 0; phase < 2; phase++) {
		make_table(table, sizeof(table), draw_next(random));
		if (dmdev_create(LOAD_NAME, sectors, table)) {
			printf("cannot create: %s\n", table);
			exit(1);
		}
		if (load_run(load, draw_next(random), &target)) {
			printf("FAILED under load, without a cut: %s\n", table);
			exit(1);
		}
		if (dmdev_remove(LOAD_NAME))
			exit(1);
	}
}

static uint64_t epoch(unsigned int number, uint64_t wanted, uint64_t *random)
{
	const struct load *load = &loads[number % nr_loads];
	time_t started = time(NULL), loaded;
	uint64_t nr, i, count;
	struct cut *cuts;

	recorder_begin(draw_next(random), draw(random, 2) ? 20000 : 0);
	load_epoch(load, random);
	recorder_end();
	recorder_log(&count);
	loaded = time(NULL);
	cuts = choose(wanted, random, &nr);
	for (i = 0; i < nr; i++)
		try(&cuts[i]);
	printf("epoch %u: %s, %llu events in %ld s, %llu cuts in %ld s, %lu failures\n", number,
	       load->name, (unsigned long long)count, (long)(loaded - started),
	       (unsigned long long)nr, (long)(time(NULL) - loaded), failures);
	shadow_settle(seen, NULL, false);
	recorder_keep();
	free(cuts);
	return nr;
}

static int start(const char *ssd, const char *hdd)
{
	dmdev_init();
	if (recorder_start(ssd, hdd))
		return -1;
	sectors = recorder_data_sectors();
	block = recorder_block();
	seen = aligned_alloc(4096, sectors * SHADOW_SECTOR);
	return seen ? 0 : -1;
}

static int replay(void)
{
	char ssd[512], hdd[512], shadow[512], path[512];
	struct cut cut;
	FILE *f;

	snprintf(ssd, sizeof(ssd), "%s/ssd", folder);
	snprintf(hdd, sizeof(hdd), "%s/hdd", folder);
	snprintf(shadow, sizeof(shadow), "%s/shadow", folder);
	snprintf(path, sizeof(path), "%s/cut", folder);
	f = fopen(path, "r");
	if (!f || fread(&cut, sizeof(cut), 1, f) != 1 || shadow_load(shadow) || start(ssd, hdd)) {
		perror(path);
		return 2;
	}
	cut.last = 0;
	return judge(&cut) ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t random, cuts = 0;
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "replay")) {
		folder = argv[2];
		return replay();
	}
	if (argc != 8 || strcmp(argv[1], "run"))
		return 2;
	folder = argv[7];
	if (getenv("POWERCUT_PERCENT"))
		percent = strtoul(getenv("POWERCUT_PERCENT"), NULL, 0);
	random = strtoull(argv[4], NULL, 0);
	if (start(argv[2], argv[3]))
		return 2;
	shadow_start(sectors);
	for (i = 0; i < strtoul(argv[5], NULL, 0); i++)
		cuts += epoch(i + strtoull(argv[4], NULL, 0), strtoull(argv[6], NULL, 0), &random);
	printf("%llu cuts, %lu failures\n", (unsigned long long)cuts, failures);
	return failures != 0;
}
