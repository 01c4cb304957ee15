/* SPDX-License-Identifier: GPL-2.0 */
/* What lib/ needs from its surroundings: the kernel's headers or the C library's. */
#ifndef DMBC_LIB_PORT_H
#define DMBC_LIB_PORT_H

#ifdef __KERNEL__

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>

#define dmbc_div_u64(a, b) div64_u64(a, b)
#define dmbc_div_s64(a, b) div64_s64(a, b)

#else

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define dmbc_div_u64(a, b) ((__u64)(a) / (__u64)(b))
#define dmbc_div_s64(a, b) ((__s64)(a) / (__s64)(b))

#endif

/* Writes the reason of a failure for people; @why is a struct dmbc_why * or NULL. */
#define dmbc_explain(why, ...)                                                                     \
	do {                                                                                       \
		if (why)                                                                           \
			snprintf((why)->text, sizeof((why)->text), __VA_ARGS__);                   \
	} while (0)

#endif
