/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_TIMER_H
#define SHIM_LINUX_TIMER_H

#include <linux/jiffies.h>
#include <linux/list.h>

struct timer_list {
	struct list_head entry; /* by expiry; empty: not pending */
	unsigned long expires;
	void (*function)(struct timer_list *t); /* must not sleep */
};

void timer_setup(struct timer_list *t, void (*fn)(struct timer_list *t), unsigned int flags);
int mod_timer(struct timer_list *t, unsigned long expires);
int timer_delete_sync(struct timer_list *t);
#define timer_delete timer_delete_sync
#define timer_shutdown_sync timer_delete_sync
#define timer_pending(t) (!list_empty(&(t)->entry))
#define timer_container_of(object, t, member) container_of(t, __typeof__(*object), member)

#endif
