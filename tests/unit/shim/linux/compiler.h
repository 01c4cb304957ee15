/* SPDX-License-Identifier: GPL-2.0 */
/* Everything runs in one thread: barriers only stop the compiler. */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#include <linux/types.h>
#include "shim.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")
#define fallthrough __attribute__((__fallthrough__))

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)                                                                       \
	do {                                                                                       \
		*(volatile __typeof__(x) *)&(x) = (value);                                         \
	} while (0)
#define data_race(x) (x)

#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define smp_mb__before_atomic() barrier()
#define smp_mb__after_atomic() barrier()
#define smp_load_acquire(p) READ_ONCE(*(p))
#define smp_store_release(p, value) WRITE_ONCE(*(p), value)
#define smp_store_mb(x, value) WRITE_ONCE(x, value)
#define cpu_relax() sim_yield()

#endif
