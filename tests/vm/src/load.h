/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>

/*
 * Writers, and one that disturbs them, on a cached disk whose contents are shadowed
 * (shadow.h). Chances are of 1000 operations.
 */
struct load {
	const char *name;
	unsigned int writers;
	unsigned int operations; /* of all writers */
	unsigned int sectors; /* of a usual write, at most */
	unsigned int large; /* chance of one sixteen times as large */
	unsigned int flush, fua, discard, read;
	unsigned int pause; /* us between disturbances; 0: none */
	const char *const *disturbances; /* messages; "reload" loads the table again */
};

#define LOAD_NAME "cut"
#define LOAD_NODE "/run/cut"

struct load_target {
	uint64_t sectors;
	uint32_t block; /* sectors */
	unsigned int percent; /* of the load's operations are done */
	int (*disturb)(const char *what);
};

extern const struct load loads[];
extern const unsigned int nr_loads;
/* The first ones; in those after them the disk leaves its SSD. */
extern const unsigned int nr_attached_loads;

/* All of the device; 0, or -1 after a message. */
int load_read_all(unsigned char *data, uint64_t sectors);
/* 0, or -1 after a message: the cache did not do what it must. */
int load_run(const struct load *load, uint64_t seed, const struct load_target *target);

#endif
