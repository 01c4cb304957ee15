/* SPDX-License-Identifier: GPL-2.0 */
/* No fiber is switched away from under a spinlock: a taken one can only be one's own. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <linux/kernel.h>
#include <linux/lockdep.h>

typedef struct {
	struct task_struct *owner;
} spinlock_t;
typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                                                                 \
	{                                                                                          \
		NULL                                                                               \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

void shim_spin_lock(spinlock_t *l, const char *place);
void shim_spin_unlock(spinlock_t *l, const char *place);

#define spin_lock_init(l) ((l)->owner = NULL)
#define spin_lock(l) shim_spin_lock(l, SHIM_PLACE)
#define spin_unlock(l) shim_spin_unlock(l, SHIM_PLACE)
#define spin_trylock(l) ((l)->owner ? false : (spin_lock(l), true))
#define spin_lock_nested(l, subclass) spin_lock(l)
#define spin_lock_irq spin_lock
#define spin_unlock_irq spin_unlock
#define spin_lock_bh spin_lock
#define spin_unlock_bh spin_unlock
#define spin_lock_irqsave(l, flags)                                                                \
	do {                                                                                       \
		(flags) = 0;                                                                       \
		spin_lock(l);                                                                      \
	} while (0)
#define spin_unlock_irqrestore(l, flags)                                                           \
	do {                                                                                       \
		(void)(flags);                                                                     \
		spin_unlock(l);                                                                    \
	} while (0)
#define spin_is_locked(l) ((l)->owner != NULL)
#define assert_spin_locked lockdep_assert_held

#endif
