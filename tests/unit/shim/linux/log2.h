/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_LOG2_H
#define SHIM_LINUX_LOG2_H

#include <linux/bitops.h>

#define ilog2(x) (fls64(x) - 1)
#define is_power_of_2(x) ((x) != 0 && ((x) & ((x)-1)) == 0)
#define roundup_pow_of_two(x) (1UL << fls64((x)-1))
#define rounddown_pow_of_two(x) (1UL << (fls64(x) - 1))
#define order_base_2(x) ((x) > 1 ? fls64((x)-1) : 0)

#endif
