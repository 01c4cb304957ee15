/* SPDX-License-Identifier: GPL-2.0 */
/* A task is a fiber. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_IDLE 3
#define TASK_COMM_LEN 32
#define MAX_SCHEDULE_TIMEOUT LONG_MAX

/* The beginning of every fiber; shim_sched.c has the rest. */
struct task_struct {
	int __state;
	int pid;
	char comm[TASK_COMM_LEN];
	bool should_stop; /* kthread_stop() was called */
};

#define current shim_current

#define set_current_state(state)                                                                   \
	do {                                                                                       \
		shim_preempt();                                                                    \
		current->__state = (state);                                                        \
	} while (0)
#define __set_current_state(state) (current->__state = (state))

long shim_schedule(const char *place, long timeout);
#define schedule() ((void)shim_schedule(SHIM_PLACE, MAX_SCHEDULE_TIMEOUT))
#define io_schedule schedule
#define schedule_timeout(jiffies) shim_schedule(SHIM_PLACE, jiffies)
#define schedule_timeout_uninterruptible(jiffies)                                                  \
	(__set_current_state(TASK_UNINTERRUPTIBLE), schedule_timeout(jiffies))
#define schedule_timeout_interruptible schedule_timeout_uninterruptible
#define schedule_timeout_idle schedule_timeout_uninterruptible

int wake_up_process(struct task_struct *t);

static inline int cond_resched(void)
{
	might_sleep();
	shim_preempt();
	return 0;
}

#define need_resched() false
#define in_interrupt() false
#define signal_pending(t) false

/* Allocations made in between must not start I/O; nothing to do here. */
static inline unsigned int memalloc_noio_save(void)
{
	return 0;
}

#define memalloc_noio_restore(flags) ((void)(flags))
#define memalloc_nofs_save memalloc_noio_save
#define memalloc_nofs_restore memalloc_noio_restore

#endif
