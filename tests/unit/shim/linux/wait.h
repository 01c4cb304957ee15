/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_WAIT_H
#define SHIM_LINUX_WAIT_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

struct wait_queue_head {
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

struct wait_queue_entry {
	struct list_head entry;
	struct task_struct *task;
};
typedef struct wait_queue_entry wait_queue_entry_t;

#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = { LIST_HEAD_INIT(name.head) }
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK DECLARE_WAIT_QUEUE_HEAD
#define DEFINE_WAIT(name) struct wait_queue_entry name = { LIST_HEAD_INIT(name.entry), current }
#define init_waitqueue_head(q) INIT_LIST_HEAD(&(q)->head)

void prepare_to_wait(struct wait_queue_head *q, struct wait_queue_entry *w, int state);
#define prepare_to_wait_exclusive prepare_to_wait
void finish_wait(struct wait_queue_head *q, struct wait_queue_entry *w);
void shim_wake_up(struct wait_queue_head *q);
/* The same, and nobody steps in before. */
void shim_wake_waiters(struct wait_queue_head *q);

#define wake_up(q) shim_wake_up(q)
#define wake_up_all(q) shim_wake_up(q)
#define wake_up_nr(q, n) shim_wake_up(q)
#define wake_up_interruptible wake_up
#define wake_up_interruptible_all wake_up
#define waitqueue_active(q) (!list_empty(&(q)->head))
#define wq_has_sleeper waitqueue_active

/* Waits for @condition; @before and @after surround the sleep. The rest of @timeout, 1 at least if
 * the condition came true. */
#define shim_wait_event(q, condition, timeout, before, after)                                      \
	({                                                                                         \
		long wait_left = (timeout);                                                        \
		DEFINE_WAIT(wait_entry);                                                           \
		for (;;) {                                                                         \
			prepare_to_wait(&(q), &wait_entry, TASK_UNINTERRUPTIBLE);                  \
			if (condition) {                                                           \
				wait_left = wait_left ? wait_left : 1;                             \
				break;                                                             \
			}                                                                          \
			if (!wait_left)                                                            \
				break;                                                             \
			before;                                                                    \
			wait_left = shim_schedule(SHIM_PLACE " " #condition, wait_left);           \
			after;                                                                     \
		}                                                                                  \
		finish_wait(&(q), &wait_entry);                                                    \
		wait_left;                                                                         \
	})

#define wait_event_timeout(q, condition, timeout)                                                  \
	({                                                                                         \
		might_sleep();                                                                     \
		shim_wait_event(q, condition, timeout, , );                                        \
	})
#define wait_event(q, condition) ((void)wait_event_timeout(q, condition, MAX_SCHEDULE_TIMEOUT))
#define io_wait_event wait_event
#define wait_event_idle wait_event
#define wait_event_interruptible(q, condition) (wait_event(q, condition), 0)
#define wait_event_killable wait_event_interruptible
#define wait_event_freezable wait_event_interruptible
#define wait_event_interruptible_timeout wait_event_timeout
#define wait_event_idle_timeout wait_event_timeout
#define wait_event_lock_irq(q, condition, lock)                                                    \
	((void)shim_wait_event(q, condition, MAX_SCHEDULE_TIMEOUT, spin_unlock_irq(&(lock)),       \
			       spin_lock_irq(&(lock))))

#endif
