/* SPDX-License-Identifier: GPL-2.0 */
/* Changes a few bytes of the metadata of a cache in use: super block, journal, index, generations or uuids. */
#ifndef DMBC_TESTS_DAMAGE_H
#define DMBC_TESTS_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

/* @bytes: the whole device, stays the caller's. -1: no cache in use. */
int damage_load(const void *bytes, size_t nr);
/* A damaged copy, until the next call; prints what was done. Odd seeds leave right checksums. */
const void *damage_do(uint64_t seed);

#endif
