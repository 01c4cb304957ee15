// SPDX-License-Identifier: GPL-2.0
/*
 * Contents that can be recognised, in units of 4 KiB.
 *
 *   pattern write DEV FIRST COUNT SEED       units FIRST.., the k-th holds SEED and k
 *   pattern check DEV FIRST COUNT SEED       reads them back
 *
 * Direct I/O. Prints "good N wrong N failed N" (failed: the request ended with
 * an error); status 0 if all are good.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT 4096

static void fill(uint64_t *words, uint64_t unit, uint64_t seed)
{
	uint64_t z = (unit + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xbf58476d1ce4e5b9ULL;
	unsigned int i;

	for (i = 0; i < UNIT / 8; i++) {
		z ^= z << 13;
		z ^= z >> 7;
		z ^= z << 17;
		words[i] = z;
	}
}

int main(int argc, char **argv)
{
	unsigned long good = 0, wrong = 0, failed = 0;
	uint64_t want[UNIT / 8], *have, unit, first, count, seed;
	int fd, writing;

	if (argc != 6)
		return 2;
	writing = !strcmp(argv[1], "write");
	fd = open(argv[2], O_RDWR | O_DIRECT);
	first = strtoull(argv[3], NULL, 0);
	count = strtoull(argv[4], NULL, 0);
	seed = strtoull(argv[5], NULL, 0);
	have = aligned_alloc(UNIT, UNIT);
	if (fd < 0 || !have) {
		perror(argv[2]);
		return 2;
	}
	for (unit = first; unit < first + count; unit++) {
		ssize_t done;

		fill(writing ? have : want, unit, seed);
		done = writing ? pwrite(fd, have, UNIT, unit * UNIT)
			       : pread(fd, have, UNIT, unit * UNIT);
		if (done != UNIT)
			failed++;
		else if (writing || !memcmp(have, want, UNIT))
			good++;
		else
			wrong++;
	}
	if (writing && fsync(fd))
		failed++;
	printf("good %lu wrong %lu failed %lu\n", good, wrong, failed);
	return wrong || failed;
}
