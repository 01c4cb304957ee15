// SPDX-License-Identifier: GPL-2.0
/*
 * pingpong SSD-IMAGE HDD-IMAGE SEED ROUNDS
 *
 * One cache in two hands: mainline bcache and dm-bcache. Each round one of them,
 * by chance, opens it, gets a load (load.h) and is cut off somewhere in it, as when
 * a machine is killed whose disks stay in power. Then both open a copy of what is
 * left: every sector must be what the shadow allows, and both must read the same.
 * The second one's copy is where the next round begins.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmdev.h"
#include "draw.h"
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

static const struct engine engines[2] = {
	{ "mainline", theirs_start, mainline_message, mainline_stop },
	{ "dm-bcache", ours_start, ours_disturb, ours_stop },
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

static int same(const unsigned char *a, const unsigned char *b)
{
	unsigned int bad = 0;
	uint64_t s;

	for (s = 0; s < sectors; s++)
		if (memcmp(a + s * SHADOW_SECTOR, b + s * SHADOW_SECTOR, SHADOW_SECTOR) &&
		    bad++ < 8)
			printf("  sector %llu: write %lld for one, %lld for the other\n",
			       (unsigned long long)s,
			       (long long)shadow_number(a + s * SHADOW_SECTOR, s),
			       (long long)shadow_number(b + s * SHADOW_SECTOR, s));
	return bad ? -1 : 0;
}

static int round_of(unsigned int number, uint32_t block, unsigned char *data[2])
{
	unsigned int writer = draw(&random_state, 2), first = draw(&random_state, 2);
	const struct load *load = &loads[draw(&random_state, nr_loads)];
	const struct engine *e = &engines[writer];
	struct load_target target = { .sectors = sectors, .block = block, .disturb = e->disturb };
	uint64_t count, at;
	int r;

	recorder_begin(draw_next(&random_state), 0);
	if (e->start() || load_run(load, draw_next(&random_state), &target) || e->stop()) {
		printf("round %u: %s fails under load '%s'\n", number, e->name, load->name);
		return -1;
	}
	recorder_end();
	recorder_log(&count);
	at = count / 2 + draw(&random_state, count / 2);
	recorder_replay(at, shadow_event);
	r = open_copy(&engines[first], at, data[0]);
	if (!r)
		r = open_copy(&engines[!first], at, data[1]);
	if (!r)
		r = same(data[0], data[1]);
	printf("round %u: %s, '%s', cut off at event %llu of %llu, opened by %s first%s\n", number,
	       e->name, load->name, (unsigned long long)at, (unsigned long long)count,
	       engines[first].name, r ? ": FAILED" : "");
	cut_off[writer]++;
	shadow_settle(data[1]);
	recorder_keep();
	return r;
}

int main(int argc, char **argv)
{
	unsigned char *data[2];
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	dmdev_init();
	if (argc != 5 || recorder_start(argv[1], argv[2]))
		return 2;
	random_state = strtoull(argv[3], NULL, 0);
	sectors = recorder_data_sectors();
	shadow_start(sectors);
	for (i = 0; i < 2; i++)
		data[i] = aligned_alloc(4096, sectors * SHADOW_SECTOR);
	for (i = 0; i < strtoul(argv[4], NULL, 0); i++)
		if (round_of(i + 1, recorder_block(), data))
			return 1;
	printf("%u caches of mainline and %u of dm-bcache, cut off, opened by both\n", cut_off[0],
	       cut_off[1]);
	return 0;
}
