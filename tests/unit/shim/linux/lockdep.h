/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_LOCKDEP_H
#define SHIM_LINUX_LOCKDEP_H

#include <linux/kernel.h>

struct lock_class_key {
	int unused;
};

#define lockdep_is_held(lock) (shim_held(lock) != 0)
#define lockdep_assert(condition) WARN_ON(!(condition))
#define lockdep_assert_held(lock) lockdep_assert(shim_held(lock))
#define lockdep_assert_held_write(lock) lockdep_assert(shim_held(lock) == SHIM_HELD_WRITE)
#define lockdep_assert_held_read(lock) lockdep_assert(shim_held(lock) == SHIM_HELD_READ)
#define lockdep_assert_not_held(lock) lockdep_assert(!shim_held(lock))
#define lockdep_set_class(lock, key) ((void)(key))
#define lockdep_set_subclass(lock, subclass) ((void)(subclass))
#define SINGLE_DEPTH_NESTING 1

#endif
