/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_COMPLETION_H
#define SHIM_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	struct wait_queue_head wait;
};

#define DECLARE_COMPLETION(name) struct completion name = { 0, { LIST_HEAD_INIT(name.wait.head) } }
#define DECLARE_COMPLETION_ONSTACK DECLARE_COMPLETION

static inline void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

#define reinit_completion(c) ((c)->done = 0)
#define completion_done(c) ((c)->done != 0)

/* As soon as `done` is seen, the completion may be gone from the waiter's stack. */
static inline void complete(struct completion *c)
{
	shim_preempt();
	if (c->done != UINT_MAX)
		c->done++;
	shim_wake_waiters(&c->wait);
}

static inline void complete_all(struct completion *c)
{
	shim_preempt();
	c->done = UINT_MAX;
	shim_wake_waiters(&c->wait);
}

static inline void shim_completion_take(struct completion *c)
{
	if (c->done != UINT_MAX)
		c->done--;
}

static inline bool try_wait_for_completion(struct completion *c)
{
	if (!c->done)
		return false;
	shim_completion_take(c);
	return true;
}

#define wait_for_completion(c)                                                                     \
	do {                                                                                       \
		wait_event((c)->wait, (c)->done);                                                  \
		shim_completion_take(c);                                                           \
	} while (0)
#define wait_for_completion_io wait_for_completion
#define wait_for_completion_timeout(c, timeout)                                                    \
	({                                                                                         \
		unsigned long wfc_left = wait_event_timeout((c)->wait, (c)->done, timeout);        \
		if (wfc_left)                                                                      \
			shim_completion_take(c);                                                   \
		wfc_left;                                                                          \
	})

#endif
