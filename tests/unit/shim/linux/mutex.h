/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MUTEX_H
#define SHIM_LINUX_MUTEX_H

#include <linux/list.h>
#include <linux/lockdep.h>

struct mutex {
	struct task_struct *owner;
	struct list_head waiters;
};

#define DEFINE_MUTEX(name) struct mutex name = { NULL, LIST_HEAD_INIT(name.waiters) }

void mutex_init(struct mutex *m);
void mutex_destroy(struct mutex *m);
void shim_mutex_lock(struct mutex *m, const char *place);
void shim_mutex_unlock(struct mutex *m, const char *place);
bool shim_mutex_trylock(struct mutex *m, const char *place);

#define mutex_lock(m) shim_mutex_lock(m, SHIM_PLACE)
#define mutex_lock_nested(m, subclass) mutex_lock(m)
#define mutex_lock_io mutex_lock
#define mutex_unlock(m) shim_mutex_unlock(m, SHIM_PLACE)
#define mutex_trylock(m) shim_mutex_trylock(m, SHIM_PLACE)
#define mutex_is_locked(m) ((m)->owner != NULL)

#endif
