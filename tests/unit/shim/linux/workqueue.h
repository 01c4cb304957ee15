/* SPDX-License-Identifier: GPL-2.0 */
/* Each running work item has a fiber; one item never runs twice at a time. */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/timer.h>

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	bool pending;
	struct list_head entry;
	struct workqueue_struct *wq;
	work_func_t func;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};

#define WQ_UNBOUND BIT(1)
#define WQ_FREEZABLE BIT(2)
#define WQ_MEM_RECLAIM BIT(3)
#define WQ_HIGHPRI BIT(4)
#define WQ_CPU_INTENSIVE BIT(5)
#define WQ_SYSFS BIT(6)
#define WQ_PERCPU 0

struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active,
					 ...);
#define alloc_ordered_workqueue(format, flags, ...) alloc_workqueue(format, flags, 1, ##__VA_ARGS__)
void destroy_workqueue(struct workqueue_struct *wq);
void flush_workqueue(struct workqueue_struct *wq);
#define drain_workqueue flush_workqueue

extern struct workqueue_struct *shim_system_wq(void);
#define system_wq shim_system_wq()
#define system_percpu_wq system_wq
#define system_unbound_wq system_wq
#define system_long_wq system_wq

void shim_init_work(struct work_struct *w, work_func_t fn);
void shim_init_delayed_work(struct delayed_work *w, work_func_t fn);
#define INIT_WORK shim_init_work
#define INIT_WORK_ONSTACK shim_init_work
#define destroy_work_on_stack(w)
#define INIT_DELAYED_WORK shim_init_delayed_work

bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
bool flush_work(struct work_struct *w);
bool cancel_work_sync(struct work_struct *w);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long delay);
bool flush_delayed_work(struct delayed_work *w);
bool cancel_delayed_work(struct delayed_work *w);
bool cancel_delayed_work_sync(struct delayed_work *w);

#define schedule_work(w) queue_work(system_wq, w)
#define schedule_delayed_work(w, delay) queue_delayed_work(system_wq, w, delay)
#define work_pending(w) ((w)->pending)
#define delayed_work_pending(w) ((w)->work.pending)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)

#endif
