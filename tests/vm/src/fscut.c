// SPDX-License-Identifier: GPL-2.0
/*
 * fscut SSD-IMAGE HDD-IMAGE SEED CUTS ext4|xfs
 *
 * A file system on a cached disk, writers that make files and sync them, and power
 * cuts at any moment of it (recorder.h). After each the file system must mount and
 * hold every file that was synced, byte for byte, and its checker must find nothing
 * to repair.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmdev.h"
#include "draw.h"
#include "examine.h"
#include "recorder.h"

#define NAME "fs"
#define NODE DMDEV_FOLDER NAME
#define TREE DMDEV_FOLDER "tree"
#define NR_WRITERS 2
#define NR_FILES 60 /* each */
#define MAX_BYTES 100000

static const char *const modes[] = { "writeback", "writethrough", "writearound", "none" };
static const char *kind;
static uint64_t random_state, sectors;
static unsigned int synced[NR_WRITERS]; /* at the cut */
static int failed;

static uint64_t seed_of(unsigned int writer, unsigned int number)
{
	return ((uint64_t)writer << 32 | number) * 7919;
}

static size_t content(unsigned int writer, unsigned int number, unsigned char *data)
{
	uint64_t state = seed_of(writer, number), word;
	size_t bytes = 1 + draw(&state, draw(&state, 4) ? 12000 : MAX_BYTES), i;

	for (i = 0; i < bytes; i += sizeof(word)) {
		word = draw_next(&state);
		memcpy(data + i, &word, sizeof(word));
	}
	return bytes;
}

static void path_of(char *path, size_t size, unsigned int writer, unsigned int number)
{
	snprintf(path, size, TREE "/%u/%u", writer, number);
}

static int make_file(unsigned int writer, unsigned int number, int folder)
{
	unsigned char data[MAX_BYTES + 8];
	size_t bytes = content(writer, number, data);
	char path[128];
	int fd, r = -1;

	path_of(path, sizeof(path), writer, number);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes && !fsync(fd) && !fsync(folder))
		r = 0;
	close(fd);
	/* some go again, so that their blocks are used anew */
	if (!r && number > 8 && number % 3 == 0) {
		path_of(path, sizeof(path), writer, number - 8);
		r = unlink(path);
	}
	return r;
}

static void *write_files(void *arg)
{
	unsigned int writer = (unsigned long)arg, number;
	char path[64];
	int folder;

	snprintf(path, sizeof(path), TREE "/%u", writer);
	mkdir(path, 0700);
	sync();
	folder = open(path, O_RDONLY | O_DIRECTORY);
	for (number = 1; number <= NR_FILES && !failed; number++) {
		if (make_file(writer, number, folder)) {
			perror("file");
			failed = 1;
		}
		recorder_note(EVENT_USER_FLUSHED, (uint64_t)writer << 32 | number);
	}
	close(folder);
	return NULL;
}

static int shell(const char *command)
{
	char line[256];
	int r;

	snprintf(line, sizeof(line), "%s >/run/fscut.out 2>&1", command);
	r = system(line);
	if (r && system("tail -n 20 /run/fscut.out"))
		r = -1;
	return r;
}

static int make_target(void)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %s %s", recorder_node(DISK_SSD), recorder_node(DISK_HDD),
		 modes[draw(&random_state, 4)]);
	return dmdev_create(NAME, sectors, line);
}

static int load(void)
{
	pthread_t threads[NR_WRITERS];
	unsigned long i;
	char message[64];

	if (make_target() ||
	    shell(strcmp(kind, "xfs")
			  ? "mkfs.ext4 -q -F " NODE
			  : "TEST_DIR=x TEST_DEV=x QA_CHECK_FS=x mkfs.xfs -q -f " NODE) ||
	    mount(NODE, TREE, kind, 0, NULL)) {
		perror("make");
		return -1;
	}
	for (i = 0; i < NR_WRITERS; i++)
		pthread_create(&threads[i], NULL, write_files, (void *)i);
	for (i = 0; i < 20; i++) {
		snprintf(message, sizeof(message), "cache_mode %s", modes[draw(&random_state, 4)]);
		failed |= dmdev_message(NAME, i % 3 ? message : i % 2 ? "gc" : "flush");
		usleep(100000);
	}
	for (i = 0; i < NR_WRITERS; i++)
		pthread_join(threads[i], NULL);
	if (umount(TREE) || dmdev_remove(NAME))
		failed = 1;
	return failed ? -1 : 0;
}

static void note_synced(const struct event *event)
{
	if (event->type == EVENT_USER_FLUSHED)
		synced[event->number >> 32] = (uint32_t)event->number;
}

static int gone(unsigned int number, unsigned int last)
{
	return (number + 8) % 3 == 0 && number + 8 <= last + 1;
}

static int check_file(unsigned int writer, unsigned int number)
{
	static unsigned char wanted[MAX_BYTES + 8], found[MAX_BYTES + 8];
	size_t bytes = content(writer, number, wanted);
	char path[128];
	int fd, same;

	path_of(path, sizeof(path), writer, number);
	fd = open(path, O_RDONLY);
	same = fd >= 0 && read(fd, found, sizeof(found)) == (ssize_t)bytes &&
	       !memcmp(wanted, found, bytes);
	if (!same)
		printf("  %s: %s\n", path, fd < 0 ? strerror(errno) : "other contents");
	close(fd);
	return !same;
}

static int check_tree(void)
{
	unsigned int writer, number;
	int bad = 0;

	if (mount(NODE, TREE, kind, 0, NULL)) {
		perror("  mount");
		return -1;
	}
	for (writer = 0; writer < NR_WRITERS; writer++)
		for (number = 1; number <= synced[writer]; number++)
			if (!gone(number, synced[writer]))
				bad |= check_file(writer, number);
	if (umount(TREE)) {
		perror("  umount");
		return -1;
	}
	return bad ? -1 : shell(strcmp(kind, "xfs") ? "e2fsck -fn " NODE : "xfs_repair -n " NODE);
}

static int try(uint64_t at, enum survival how, bool look)
{
	int r;

	recorder_replay(at, note_synced);
	recorder_cut(how, at);
	r = make_target();
	if (!r) {
		r = check_tree();
		if (dmdev_remove(NAME))
			return -1;
	}
	if (!r && look)
		r = examine();
	if (r)
		printf("FAILED: cut at event %llu, survival %d, synced %u and %u\n",
		       (unsigned long long)at, how, synced[0], synced[1]);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t count, first, i, cuts;
	const struct event *log;

	setvbuf(stdout, NULL, _IOLBF, 0);
	dmdev_init();
	if (argc != 6 || recorder_start(argv[1], argv[2]))
		return 2;
	random_state = strtoull(argv[3], NULL, 0);
	cuts = strtoull(argv[4], NULL, 0);
	kind = argv[5];
	sectors = recorder_data_sectors();
	mkdir(TREE, 0700);
	recorder_begin(random_state, 0);
	if (load())
		return 1;
	recorder_end();
	log = recorder_log(&count);
	for (first = 0; first < count && log[first].type != EVENT_USER_FLUSHED; first++)
		;
	for (i = 0; i < cuts; i++)
		if (try(first + (count - first) * (i + 1) / (cuts + 1),
			draw(&random_state, NR_SURVIVALS), i + 1 == cuts))
			return 1;
	printf("%s: %llu cuts of %llu events, %u and %u files synced at the last\n", kind,
	       (unsigned long long)cuts, (unsigned long long)(count - first), synced[0], synced[1]);
	return 0;
}
