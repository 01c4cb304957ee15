/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_BITMAP_H
#define SHIM_LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/slab.h>

#define bitmap_zalloc(bits, gfp) ((unsigned long *)kcalloc(BITS_TO_LONGS(bits), 8, gfp))
#define bitmap_free(map) kfree(map)
#define bitmap_zero(map, bits) memset(map, 0, BITS_TO_LONGS(bits) * 8)

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int i, n = 0;

	for (i = 0; i < bits; i++)
		n += test_bit(i, map);
	return n;
}

#endif
