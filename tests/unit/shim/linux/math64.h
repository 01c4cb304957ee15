/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#include <linux/types.h>

#define div_u64(a, b) ((u64)(a) / (u32)(b))
#define div64_u64(a, b) ((u64)(a) / (u64)(b))
#define div64_s64(a, b) ((s64)(a) / (s64)(b))
#define div_s64(a, b) ((s64)(a) / (s32)(b))
#define do_div(n, base)                                                                            \
	({                                                                                         \
		u32 do_div_rest = (n) % (u32)(base);                                               \
		(n) /= (u32)(base);                                                                \
		do_div_rest;                                                                       \
	})
#define mul_u64_u32_div(a, b, c) ((u64)((unsigned __int128)(a) * (b) / (c)))
#define mul_u64_u64_div_u64 mul_u64_u32_div

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rest)
{
	*rest = a % b;
	return a / b;
}

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

#endif
