/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic, container_of, messages and assertions. WARN_ON aborts: a test must not pass over it. */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include_next <linux/kernel.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_SECTORS_SHIFT (PAGE_SHIFT - 9)
#define PAGE_SECTORS (1U << PAGE_SECTORS_SHIFT)
#define SECTOR_SHIFT 9
#define SECTOR_SIZE 512
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)

#define U8_MAX ((u8)~0U)
#define U16_MAX ((u16)~0U)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)
#define S32_MAX ((s32)(U32_MAX >> 1))
#define S64_MAX ((s64)(U64_MAX >> 1))
#define SZ_1K 1024
#define SZ_4K 4096
#define SZ_1M (1 << 20)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - __builtin_offsetof(type, member)))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (size_t)(n))
#define array_size(a, b) ((size_t)(a) * (size_t)(b))

#define min(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a = (a);                                                         \
		__typeof__(b) min_b = (b);                                                         \
		(void)(&min_a == &min_b);                                                          \
		min_a < min_b ? min_a : min_b;                                                     \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a = (a);                                                         \
		__typeof__(b) max_b = (b);                                                         \
		(void)(&max_a == &max_b);                                                          \
		max_a > max_b ? max_a : max_b;                                                     \
	})
#define min_t(type, a, b)                                                                          \
	({                                                                                         \
		type mint_a = (a), mint_b = (b);                                                   \
		mint_a < mint_b ? mint_a : mint_b;                                                 \
	})
#define max_t(type, a, b)                                                                          \
	({                                                                                         \
		type maxt_a = (a), maxt_b = (b);                                                   \
		maxt_a > maxt_b ? maxt_a : maxt_b;                                                 \
	})
#define min3(a, b, c) min(min(a, b), c)
#define clamp_t(type, x, low, high) min_t(type, max_t(type, x, low), high)
#define clamp(x, low, high) clamp_t(__typeof__(x), x, low, high)
#define clamp_val clamp
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_a = (a);                                                        \
		(a) = (b);                                                                         \
		(b) = swap_a;                                                                      \
	} while (0)

#ifdef roundup
#undef roundup
#endif
#define roundup(x, y) (((x) + (y)-1) / (y) * (y))
#define rounddown(x, y) ((x) / (y) * (y))
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y)-1)))
#define ALIGN(x, a) round_up(x, a)
#define ALIGN_DOWN(x, a) round_down(x, a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), a))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((unsigned long long)(n), d)
#define DIV_ROUND_UP_SECTOR_T DIV_ROUND_UP_ULL

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#define static_assert _Static_assert

#define BUG() shim_die(SHIM_PLACE, "BUG")
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (unlikely(condition))                                                           \
			shim_die(SHIM_PLACE, "BUG_ON(%s)", #condition);                            \
	} while (0)
#define WARN(condition, ...)                                                                       \
	({                                                                                         \
		if (unlikely(condition))                                                           \
			shim_die(SHIM_PLACE, "WARN: " __VA_ARGS__);                                \
		0;                                                                                 \
	})
#define WARN_ON(condition) WARN(condition, "%s", #condition)
#define WARN_ON_ONCE WARN_ON
#define WARN_ONCE WARN
#define VM_WARN_ON_ONCE WARN_ON

#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define printk(...)                                                                                \
	do {                                                                                       \
		if (!shim_quiet)                                                                   \
			fprintf(stderr, __VA_ARGS__);                                              \
	} while (0)
#define pr_err(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_warn pr_err
#define pr_notice pr_err
#define pr_info pr_err
#define pr_debug(format, ...)                                                                      \
	do {                                                                                       \
		if (0)                                                                             \
			pr_err(format, ##__VA_ARGS__);                                             \
	} while (0)
#define pr_err_ratelimited pr_err
#define pr_warn_ratelimited pr_err
#define pr_err_once pr_err
#define pr_warn_once pr_err

#define might_sleep() shim_might_sleep(SHIM_PLACE)
#define might_sleep_if(condition)                                                                  \
	do {                                                                                       \
		if (condition)                                                                     \
			might_sleep();                                                             \
	} while (0)

#define scnprintf(buffer, size, ...)                                                               \
	({                                                                                         \
		int scn_wrote = snprintf(buffer, size, __VA_ARGS__);                               \
		scn_wrote < (int)(size) ? scn_wrote : (int)(size)-1;                               \
	})

#endif
