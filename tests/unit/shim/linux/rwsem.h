/* SPDX-License-Identifier: GPL-2.0 */
/* As in the kernel, a waiting writer keeps new readers out, so reading twice can deadlock. */
#ifndef SHIM_LINUX_RWSEM_H
#define SHIM_LINUX_RWSEM_H

#include <linux/list.h>
#include <linux/lockdep.h>

struct rw_semaphore {
	struct task_struct *writer;
	int readers;
	int writers_waiting;
	struct list_head waiters;
};

#define DECLARE_RWSEM(name) struct rw_semaphore name = { .waiters = LIST_HEAD_INIT(name.waiters) }

void init_rwsem(struct rw_semaphore *s);
void shim_down_read(struct rw_semaphore *s, const char *place);
void shim_down_write(struct rw_semaphore *s, const char *place);
bool shim_down_read_trylock(struct rw_semaphore *s, const char *place);
bool shim_down_write_trylock(struct rw_semaphore *s, const char *place);
void shim_up_read(struct rw_semaphore *s, const char *place);
void shim_up_write(struct rw_semaphore *s, const char *place);
void shim_downgrade_write(struct rw_semaphore *s, const char *place);

#define down_read(s) shim_down_read(s, SHIM_PLACE)
#define down_read_nested(s, subclass) ((void)(subclass), down_read(s))
#define down_write(s) shim_down_write(s, SHIM_PLACE)
#define down_write_nested(s, subclass) ((void)(subclass), down_write(s))
#define down_read_trylock(s) shim_down_read_trylock(s, SHIM_PLACE)
#define down_write_trylock(s) shim_down_write_trylock(s, SHIM_PLACE)
#define up_read(s) shim_up_read(s, SHIM_PLACE)
#define up_write(s) shim_up_write(s, SHIM_PLACE)
#define downgrade_write(s) shim_downgrade_write(s, SHIM_PLACE)
#define rwsem_is_locked(s) ((s)->writer || (s)->readers)

#endif
