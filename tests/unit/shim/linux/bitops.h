/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#include <linux/compiler.h>
#include <linux/types.h>

#define BITS_PER_BYTE 8
#ifndef BITS_PER_LONG
#define BITS_PER_LONG 64
#endif
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define GENMASK_ULL(high, low) (((~0ULL) << (low)) & (~0ULL >> (63 - (high))))
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

static inline bool test_bit(unsigned long n, const volatile unsigned long *map)
{
	return map[n / BITS_PER_LONG] >> (n % BITS_PER_LONG) & 1;
}

static inline void __set_bit(unsigned long n, volatile unsigned long *map)
{
	map[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned long n, volatile unsigned long *map)
{
	map[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

static inline bool __test_and_set_bit(unsigned long n, volatile unsigned long *map)
{
	bool was = test_bit(n, map);

	__set_bit(n, map);
	return was;
}

static inline bool __test_and_clear_bit(unsigned long n, volatile unsigned long *map)
{
	bool was = test_bit(n, map);

	__clear_bit(n, map);
	return was;
}

/* The atomic ones: another fiber may step in before. */
#define set_bit(n, map) (shim_preempt(), __set_bit(n, map))
#define clear_bit(n, map) (shim_preempt(), __clear_bit(n, map))
#define test_and_set_bit(n, map) (shim_preempt(), __test_and_set_bit(n, map))
#define test_and_clear_bit(n, map) (shim_preempt(), __test_and_clear_bit(n, map))
#define test_and_set_bit_lock test_and_set_bit
#define clear_bit_unlock clear_bit

static inline unsigned long shim_find_bit(const unsigned long *map, unsigned long bits,
					  unsigned long from, bool value)
{
	while (from < bits && test_bit(from, map) != value)
		from++;
	return from;
}

#define find_next_bit(map, bits, from) shim_find_bit(map, bits, from, true)
#define find_next_zero_bit(map, bits, from) shim_find_bit(map, bits, from, false)
#define find_first_bit(map, bits) find_next_bit(map, bits, 0)
#define find_first_zero_bit(map, bits) find_next_zero_bit(map, bits, 0)
#define for_each_set_bit(bit, map, bits)                                                           \
	for ((bit) = find_first_bit(map, bits); (bit) < (bits);                                    \
	     (bit) = find_next_bit(map, bits, (bit) + 1))

#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define ffs(x) __builtin_ffs(x)
#define hweight32(x) ((unsigned int)__builtin_popcount(x))
#define hweight64(x) ((unsigned int)__builtin_popcountll(x))

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

#endif
