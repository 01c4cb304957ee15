// SPDX-License-Identifier: GPL-2.0
/*
 * mutations SSD SSD-IMAGE HDD HDD-IMAGE FIRST-SEED COUNT [EVERY]
 *
 * Damages the cache COUNT times; each time makes a target of it, and where that
 * works reads all of it, writes a little, and removes it. Prints a line for
 * each. Status 0 if every refusal came with a reason in the kernel's log, the
 * kernel is not tainted more than before, and of each EVERY-th cache that was
 * refused `$DMBCACHE check` had not said that it starts.
 *
 * One process for all: starting dmsetup is slow in an emulated machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damage.h"
#include "dmdev.h"

#define NAME "damaged"
#define NODE DMDEV_FOLDER NAME
#define SUPER_BYTES 8192 /* of the HDD: all that matters of it */

enum { LOG_READ_CLEAR = 4 };

static const char *const modes[] = { "writeback", "writethrough", "writearound", "none" };
static const char *ssd, *hdd;
static uint64_t every;
static uint64_t sectors;
static char log_text[1 << 18];

static void *load(const char *path, size_t *bytes)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	void *p;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	p = aligned_alloc(4096, (st.st_size + 4095) & ~4095ULL);
	if (!p || read(fd, p, st.st_size) != st.st_size)
		return NULL;
	close(fd);
	*bytes = st.st_size;
	return p;
}

static int store(const char *path, const void *from, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_DIRECT), r = 0;

	if (fd < 0 || pwrite(fd, from, bytes, 0) != (ssize_t)bytes)
		r = -1;
	close(fd);
	return r;
}

static unsigned int use(uint64_t seed)
{
	static unsigned char buffer[65536] __attribute__((aligned(4096)));
	int fd = open(NODE, O_RDWR | O_DIRECT), i;
	off_t bytes = sectors * 512, at;
	unsigned int errors = 0;

	for (at = 0; at + (off_t)sizeof(buffer) <= bytes; at += sizeof(buffer))
		errors += pread(fd, buffer, sizeof(buffer), at) < 0;
	for (i = 0; i < 16; i++)
		errors += pwrite(fd, buffer, 4096,
				 (seed * 7919 + i * 104729) % (bytes / 4096) * 4096) < 0;
	errors += fsync(fd) < 0;
	if (seed % 3 == 0)
		errors += dmdev_message(NAME, "gc") + dmdev_message(NAME, "flush");
	for (i = 0; i < 16; i++)
		errors += pread(fd, buffer, 4096,
				(seed * 7919 + i * 104729) % (bytes / 4096) * 4096) < 0;
	close(fd);
	return errors;
}

/* The first line of the kernel's log that says why. */
static const char *reason(void)
{
	int bytes = klogctl(LOG_READ_CLEAR, log_text, sizeof(log_text) - 1);
	char *line;

	log_text[bytes > 0 ? bytes : 0] = '\0';
	for (line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n")) {
		char *text = strstr(line, "bcache: ");

		if (text && !strstr(text, ": loaded, ") && !strstr(text, ": new, "))
			return text;
	}
	return NULL;
}

static unsigned long taint(void)
{
	FILE *f = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long value = 0;

	if (!f || fscanf(f, "%lu", &value) != 1)
		value = ~0UL;
	if (f)
		fclose(f);
	return value;
}

/* Whether check expects that the cache starts: it finds nothing, or nothing that matters. */
static bool said_to_start(void)
{
	char line[256];
	int status;

	snprintf(line, sizeof(line), "${DMBCACHE:?} check %s --backing %s >/run/check.out 2>&1",
		 ssd, hdd);
	status = system(line);
	return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 5);
}

static int try(uint64_t seed, int *refused)
{
	bool starts = every && seed % every == 0 && said_to_start();
	const char *why;
	char line[256];

	reason();
	snprintf(line, sizeof(line), "%s %s %s", ssd, hdd, modes[seed % 4]);
	if (!dmdev_create(NAME, sectors, line)) {
		printf("served, %u errors\n", use(seed));
		return dmdev_remove(NAME);
	}
	(*refused)++;
	why = reason();
	printf("%s%s\n", why ? why : "REFUSED WITHOUT A REASON",
	       starts ? " BUT CHECK SAYS THAT IT STARTS" : "");
	if (starts && system("cat /run/check.out") < 0)
		return -1;
	return why && !starts ? 0 : -1;
}

int main(int argc, char **argv)
{
	size_t ssd_bytes = 0, hdd_bytes = 0;
	unsigned long tainted = taint();
	uint64_t seed, first, count;
	void *image, *head;
	int refused = 0;

	if (argc < 7)
		return 2;
	every = argc > 7 ? strtoull(argv[7], NULL, 0) : 0;
	ssd = argv[1];
	hdd = argv[3];
	image = load(argv[2], &ssd_bytes);
	head = load(argv[4], &hdd_bytes);
	first = strtoull(argv[5], NULL, 0);
	count = strtoull(argv[6], NULL, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	dmdev_init();
	if (!image || !head || damage_load(image, ssd_bytes))
		return 2;
	sectors = (hdd_bytes - SUPER_BYTES) / 512;
	for (seed = first; seed < first + count; seed++) {
		printf("%llu: ", (unsigned long long)seed);
		if (store(hdd, head, SUPER_BYTES) || store(ssd, damage_do(seed), ssd_bytes))
			return 2;
		fflush(stdout);
		if (try(seed, &refused) || taint() != tainted) {
			printf("seed %llu: see the kernel's log\n", (unsigned long long)seed);
			return 1;
		}
	}
	printf("%llu damaged caches: %d refused, %llu served\n", (unsigned long long)count, refused,
	       (unsigned long long)count - refused);
	printf("tally damaged %llu\ntally refused %d\n", (unsigned long long)count, refused);
	return refused < (int)count / 10 || refused > (int)count * 9 / 10;
}
