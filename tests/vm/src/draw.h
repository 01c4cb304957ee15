/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DRAW_H
#define DRAW_H

#include <stdint.h>

/* Numbers that follow from a seed. */
static inline uint64_t draw_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint64_t draw(uint64_t *state, uint64_t below)
{
	return draw_next(state) % below;
}

#endif
