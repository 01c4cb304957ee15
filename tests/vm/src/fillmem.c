// SPDX-License-Identifier: GPL-2.0
/*
 * fillmem MIB ROUNDS: fills that much memory with a pattern of its own for each
 * page and round, reads all of it back in another order, and says so. Whatever
 * of it does not fit the memory goes through the swap device twice a round.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096
#define WORDS (PAGE / sizeof(uint64_t))
#define STRIDE 7919 /* a prime: all pages, not in their order */

static uint64_t word_of(uint64_t page, uint64_t round, uint64_t i)
{
	return (page * WORDS + i) * 0x9e3779b97f4a7c15ULL + round;
}

static void fill(uint64_t *memory, uint64_t pages, uint64_t round)
{
	for (uint64_t p = 0; p < pages; p++)
		for (uint64_t i = 0; i < WORDS; i++)
			memory[p * WORDS + i] = word_of(p, round, i);
}

static int check(const uint64_t *memory, uint64_t pages, uint64_t round)
{
	for (uint64_t n = 0, p = 0; n < pages; n++, p = (p + STRIDE) % pages)
		for (uint64_t i = 0; i < WORDS; i++)
			if (memory[p * WORDS + i] != word_of(p, round, i)) {
				printf("round %lu page %lu word %lu: wrong\n", round, p, i);
				return 1;
			}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t pages = argc == 3 ? strtoull(argv[1], NULL, 10) * (1 << 20) / PAGE : 0;
	uint64_t rounds = pages ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t *memory;

	if (!rounds || pages % STRIDE == 0) {
		fprintf(stderr, "usage: fillmem MIB ROUNDS\n");
		return 2;
	}
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("fillmem: mmap");
		return 1;
	}
	for (uint64_t round = 1; round <= rounds; round++) {
		fill(memory, pages, round);
		if (check(memory, pages, round))
			return 1;
	}
	printf("%lu pages, %lu rounds\n", pages, rounds);
	return 0;
}
