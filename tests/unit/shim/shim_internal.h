/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the sources of the shim only. */
#ifndef DMBC_SHIM_INTERNAL_H
#define DMBC_SHIM_INTERNAL_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/wait.h>

#define SHIM_MAX_HELD 32

struct shim_held {
	const void *lock;
	enum shim_held_kind kind;
	const char *place;
};

struct fiber {
	struct task_struct task; /* first */
	void *sp; /* while switched away */
	void *fake_stack; /* the sanitizer's */
	char *stack;
	struct list_head all;
	bool queued; /* in the run queue */
	bool started;
	const char *place; /* where it sleeps */
	struct timer_list timeout;

	int atomic; /* spinlocks held */
	int rcu; /* sections entered */
	struct shim_held held[SHIM_MAX_HELD];
	int nr_held;

	void (*fn)(void *arg);
	void *arg;
	/* kthreads */
	int (*thread_fn)(void *arg);
	int result;
	bool joinable, ended;
	struct wait_queue_head exit_wait;
};

static inline struct fiber *shim_fiber(void)
{
	return (struct fiber *)shim_current;
}

/* A fiber that is not queued yet. */
struct fiber *shim_fiber_create(void (*fn)(void *arg), void *arg, const char *name);
void shim_fiber_free(struct fiber *f);

/* RCU callbacks that may run now; called between two fibers. */
void shim_rcu_run(void);
/* End of a run: nothing may be left. */
void shim_rcu_exit(void);
void shim_work_exit(void);

#endif
