// SPDX-License-Identifier: GPL-2.0
/*
 * race DEV SECONDS [discard]
 *
 * Does a read ever return what a finished write has replaced? Writers write
 * whole zones of 1 MiB, each time with a new number in every word (with
 * "discard" every second time the zone is discarded and must then read as
 * zeros); readers read 4 KiB anywhere meanwhile. A sector read must hold a
 * number from the newest one finished before the read began to the newest one
 * begun before it ended. After each write the writer reads samples of
 * its zone, and at the end everything is read twice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define ZONE_BYTES (1 << 20)
#define NR_ZONES 8
#define NR_WRITERS 2
#define NR_READERS 4
#define READ_BYTES 4096
#define LARGE_BYTES 65536
#define SECTOR_WORDS (512 / 8)

struct zone {
	_Atomic uint32_t begun, finished;
};

static struct zone zones[NR_ZONES];
static _Atomic unsigned long reads, writes;
static _Atomic int stop, failed;
static const char *device;
static int discards;

static uint64_t word_of(unsigned int zone, uint32_t number)
{
	if (!number || (discards && number % 2 == 0))
		return 0;
	return ((uint64_t)(zone + 1) << 32 | number) * 0x9e3779b97f4a7c15ULL;
}

static void *aligned(size_t bytes)
{
	void *p = aligned_alloc(4096, bytes);

	if (!p)
		abort();
	return p;
}

static int open_device(void)
{
	int fd = open(device, O_RDWR | O_DIRECT);

	if (fd < 0) {
		perror(device);
		exit(2);
	}
	return fd;
}

static void complain(unsigned int zone, unsigned int at, uint64_t found, uint32_t low,
		     uint32_t high, const char *who)
{
	uint32_t n;

	if (atomic_exchange(&failed, 1))
		return;
	for (n = high + 1; n-- > 0;)
		if (word_of(zone, n) == found)
			break;
	printf("%s: zone %u byte %u: holds number %d (word %#llx), allowed are %u to %u\n", who,
	       zone, at, n == UINT32_MAX ? -1 : (int)n, (unsigned long long)found, low, high);
	atomic_store(&stop, 1);
}

/* One read and its judgement. */
static void check(int fd, unsigned int zone, unsigned int at, unsigned int bytes, uint64_t *buffer,
		  const char *who)
{
	uint32_t low = atomic_load(&zones[zone].finished), high, n;
	unsigned int i;

	if (pread(fd, buffer, bytes, (off_t)zone * ZONE_BYTES + at) != bytes) {
		printf("%s: zone %u byte %u: %s\n", who, zone, at, strerror(errno));
		atomic_store(&failed, 1);
		atomic_store(&stop, 1);
		return;
	}
	atomic_fetch_add(&reads, 1);
	high = atomic_load(&zones[zone].begun);
	if (discards && high > low && (high - low > 1 || high % 2 == 0))
		return; /* a discard under way: the contents are anything */
	for (i = 0; i < bytes / 8; i++) {
		if (i % SECTOR_WORDS && buffer[i] == buffer[i - 1])
			continue;
		for (n = low; n <= high && word_of(zone, n) != buffer[i]; n++)
			;
		if (n > high)
			return complain(zone, at + i * 8, buffer[i], low, high, who);
	}
}

static int replace(int fd, unsigned int zone, uint32_t number, uint64_t *buffer)
{
	uint64_t range[2] = { (uint64_t)zone * ZONE_BYTES, ZONE_BYTES };
	unsigned int i;

	if (discards && number % 2 == 0)
		return ioctl(fd, BLKDISCARD, range);
	for (i = 0; i < ZONE_BYTES / 8; i++)
		buffer[i] = word_of(zone, number);
	return pwrite(fd, buffer, ZONE_BYTES, range[0]) == ZONE_BYTES ? 0 : -1;
}

static void *writer(void *argument)
{
	unsigned int first = (uintptr_t)argument, zone, at;
	uint64_t *buffer = aligned(ZONE_BYTES);
	int fd = open_device();
	uint32_t number;

	for (number = 1; !atomic_load(&stop); number++) {
		for (zone = first; zone < NR_ZONES && !atomic_load(&stop); zone += NR_WRITERS) {
			atomic_store(&zones[zone].begun, number);
			if (replace(fd, zone, number, buffer)) {
				printf("write %u of zone %u: %s\n", number, zone, strerror(errno));
				atomic_store(&failed, 1);
				atomic_store(&stop, 1);
				break;
			}
			atomic_store(&zones[zone].finished, number);
			atomic_fetch_add(&writes, 1);
			for (at = 0; at < ZONE_BYTES && !atomic_load(&failed);
			     at += READ_BYTES * 16)
				check(fd, zone, at, READ_BYTES, buffer, "after the write");
		}
	}
	close(fd);
	free(buffer);
	return NULL;
}

static void *reader(void *argument)
{
	unsigned int seed = 17 + (uintptr_t)argument;
	uint64_t *buffer = aligned(READ_BYTES);
	int fd = open_device();

	while (!atomic_load(&stop)) {
		unsigned int place = rand_r(&seed) % (NR_ZONES * ZONE_BYTES / READ_BYTES);

		check(fd, place * (READ_BYTES / 4) / (ZONE_BYTES / 4),
		      place * READ_BYTES % ZONE_BYTES, READ_BYTES, buffer, "beside the write");
	}
	close(fd);
	free(buffer);
	return NULL;
}

static void check_all(void)
{
	uint64_t *buffer = aligned(LARGE_BYTES);
	unsigned int zone, at;
	int fd = open_device();

	for (zone = 0; zone < NR_ZONES; zone++)
		for (at = 0; at < ZONE_BYTES && !failed; at += LARGE_BYTES)
			check(fd, zone, at, LARGE_BYTES, buffer, "at the end");
	close(fd);
	free(buffer);
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_WRITERS + NR_READERS];
	uint64_t *zeros = aligned(ZONE_BYTES);
	unsigned int i;
	int fd;

	if (argc < 3)
		return 2;
	device = argv[1];
	discards = argc > 3 && !strcmp(argv[3], "discard");
	fd = open_device();
	memset(zeros, 0, ZONE_BYTES);
	for (i = 0; i < NR_ZONES; i++)
		if (pwrite(fd, zeros, ZONE_BYTES, (off_t)i * ZONE_BYTES) != ZONE_BYTES)
			return 2;
	for (i = 0; i < NR_WRITERS; i++)
		pthread_create(&threads[i], NULL, writer, (void *)(uintptr_t)i);
	for (; i < NR_WRITERS + NR_READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)(uintptr_t)i);
	for (i = 0; i < 10 * (unsigned int)atoi(argv[2]) && !atomic_load(&stop); i++)
		usleep(100000);
	atomic_store(&stop, 1);
	for (i = 0; i < NR_WRITERS + NR_READERS; i++)
		pthread_join(threads[i], NULL);
	check_all();
	check_all();
	printf("%lu writes, %lu reads: %s\n", writes, reads,
	       failed ? "STALE DATA" : "all as they should be");
	close(fd);
	return failed;
}
