// SPDX-License-Identifier: GPL-2.0
/*
 * flushorder SSD-IMAGE HDD-IMAGE
 *
 * A flush is not acknowledged while what it covers still depends on an earlier
 * flush that has not ended. In each mode, and for each disk: a write is finished;
 * a first flush begins, and the disk does not answer; a second one begins. When
 * the second ends, a power cut that spares nothing volatile must leave the write.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmdev.h"
#include "examine.h"
#include "recorder.h"
#include "shadow.h"

#define NAME "order"
#define HELD_MS 1500 /* long enough for a second flush that waits for nothing */

struct flush {
	pthread_t thread;
	unsigned int number;
	int fd;
	atomic_bool ended;
};

static uint64_t sectors;

static void *flush_thread(void *arg)
{
	struct flush *f = arg;

	recorder_note(EVENT_USER_FLUSH, f->number);
	if (fsync(f->fd))
		perror("fsync");
	recorder_note(EVENT_USER_FLUSHED, f->number);
	f->ended = true;
	return NULL;
}

static void flush_start(struct flush *f, unsigned int number, int fd)
{
	memset(f, 0, sizeof(*f));
	f->number = number;
	f->fd = fd;
	if (pthread_create(&f->thread, NULL, flush_thread, f))
		abort();
}

static uint64_t promises(int disk)
{
	return recorder_seen(disk, EVENT_FLUSH) + recorder_seen(disk, EVENT_WRITE);
}

/* Some rounds of write, flush and flush again; the log tells whether each second one kept its promise. */
static int load(int held)
{
	static unsigned char data[4096] __attribute__((aligned(4096)));
	int fd = open(DMDEV_FOLDER NAME, O_RDWR | O_DIRECT), round, ms;
	struct flush first, second;
	uint64_t number, before;

	for (round = 0; round < 3; round++) {
		number = shadow_begin(round * 64, 8, SHADOW_WRITE);
		shadow_fill(data, number);
		if (pwrite(fd, data, sizeof(data), round * 64 * 512) != sizeof(data))
			return -1;
		shadow_finished(number);
		before = promises(held);
		recorder_hold(held, true);
		flush_start(&first, 0, fd);
		for (ms = 0; ms < HELD_MS && promises(held) == before; ms++)
			usleep(1000);
		flush_start(&second, 1, fd);
		for (ms = 0; ms < HELD_MS && !second.ended; ms++)
			usleep(1000);
		recorder_hold(held, false);
		pthread_join(first.thread, NULL);
		pthread_join(second.thread, NULL);
	}
	close(fd);
	return 0;
}

static int open_and_judge(const char *mode, unsigned char *seen)
{
	char table[128];
	int fd, r;

	snprintf(table, sizeof(table), "%s %s %s", recorder_node(DISK_SSD), recorder_node(DISK_HDD),
		 mode);
	if (dmdev_create(NAME, sectors, table))
		return -1;
	fd = open(DMDEV_FOLDER NAME, O_RDONLY | O_DIRECT);
	r = pread(fd, seen, 1 << 20, 0) == 1 << 20 && !shadow_judge(seen) ? 0 : -1;
	close(fd);
	return dmdev_remove(NAME) ? -1 : r;
}

static int try(const char *mode, int held, unsigned char *seen)
{
	const struct event *log;
	uint64_t count, i;
	char table[128];
	int r = 0;

	snprintf(table, sizeof(table), "%s %s %s", recorder_node(DISK_SSD), recorder_node(DISK_HDD),
		 mode);
	recorder_begin(1, 0);
	if (dmdev_create(NAME, sectors, table) || load(held) || dmdev_remove(NAME))
		return -1;
	recorder_end();
	log = recorder_log(&count);
	for (i = 0; i < count; i++) {
		if (log[i].type != EVENT_USER_FLUSHED)
			continue;
		recorder_replay(i + 1, shadow_event);
		recorder_cut(SURVIVE_NOTHING, 0);
		r |= open_and_judge(mode, seen);
	}
	r |= examine();
	printf("%s %s, %s does not answer\n", r ? "FAILED" : "ok", mode, held ? "disk" : "SSD");
	shadow_settle(seen, NULL, false);
	recorder_keep();
	return r;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "writeback", "writethrough", "writearound", "none" };
	unsigned char *seen;
	unsigned int i;
	int bad = 0;

	dmdev_init();
	if (argc != 3 || recorder_start(argv[1], argv[2]))
		return 2;
	sectors = recorder_data_sectors();
	seen = aligned_alloc(4096, sectors * SHADOW_SECTOR);
	memset(seen, 0, sectors * SHADOW_SECTOR);
	shadow_start(1 << 11);
	for (i = 0; i < 8; i++)
		bad |= try(modes[i / 2], i % 2 ? DISK_HDD : DISK_SSD, seen);
	return bad ? 1 : 0;
}
