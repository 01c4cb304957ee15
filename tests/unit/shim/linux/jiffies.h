/* SPDX-License-Identifier: GPL-2.0 */
/* Virtual time. */
#ifndef SHIM_LINUX_JIFFIES_H
#define SHIM_LINUX_JIFFIES_H

#include <linux/types.h>

#define HZ 250
extern unsigned long jiffies;

#define get_jiffies_64() ((u64)jiffies)
#define msecs_to_jiffies(ms) (((unsigned long)(ms)*HZ + 999) / 1000)
#define jiffies_to_msecs(j) ((unsigned int)((j)*1000 / HZ))
#define secs_to_jiffies(s) ((unsigned long)(s)*HZ)
#define usecs_to_jiffies(us) msecs_to_jiffies(((us) + 999) / 1000)
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define time_is_before_eq_jiffies(a) time_after_eq(jiffies, a)

#define NSEC_PER_SEC 1000000000L
#define ktime_get_ns() ((u64)jiffies * (NSEC_PER_SEC / HZ))
#define ktime_get() ((ktime_t)ktime_get_ns())
#define local_clock ktime_get_ns
#define ktime_get_real_seconds() ((time64_t)(1800000000 + jiffies / HZ))
#define ktime_get_seconds() ((time64_t)(jiffies / HZ))
#define ktime_to_ns(t) (t)
#define ktime_sub(a, b) ((a) - (b))

#endif
