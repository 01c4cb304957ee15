/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_KTHREAD_H
#define SHIM_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *format, ...)
	__printf(3, 4);
int kthread_stop(struct task_struct *t);

#define kthread_run(fn, data, ...)                                                                 \
	({                                                                                         \
		struct task_struct *kthread_t = kthread_create(fn, data, __VA_ARGS__);             \
		if (!IS_ERR(kthread_t))                                                            \
			wake_up_process(kthread_t);                                                \
		kthread_t;                                                                         \
	})
#define kthread_should_stop() (shim_preempt(), READ_ONCE(current->should_stop))
#define set_user_nice(t, nice)
#define set_freezable()

#endif
