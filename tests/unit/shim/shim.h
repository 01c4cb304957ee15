/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the kernel that store/ runs on, in one userspace thread: every
 * task is a fiber, and a seed decides who runs next. A run is therefore
 * repeatable, and many seeds try many interleavings.
 *
 * A fiber may be switched away from wherever kernel code may be preempted:
 * at locks, atomic operations, allocations and wake-ups, but never under a
 * spinlock. Time is virtual: jiffies jump to the next timer when nobody can run.
 *
 * What kernel code must not do aborts with the place: sleeping under a spinlock
 * or in an RCU section, taking a lock twice, unlocking another's, WARN_ON, a
 * deadlock (nobody can run and no timer is set: every fiber's place is printed).
 *
 * This header is for tests; the headers in linux/ use its lower half.
 */
#ifndef DMBC_SHIM_H
#define DMBC_SHIM_H

#include <linux/types.h>

struct task_struct;

/* ---- for tests -------------------------------------------------------------- */

/* Runs fn(arg) as the first fiber, until it and everything it started has ended. */
void sim_run(void (*fn)(void *arg), void *arg, u64 seed);
/* Starts a fiber that nobody needs to join. */
void sim_spawn(void (*fn)(void *arg), void *arg, const char *name);
/* Another fiber may run now. */
void sim_yield(void);
/* Virtual time passes. */
void sim_sleep(unsigned int jiffies);
/* From the run's own seed, so that a run stays repeatable. */
u64 sim_random(void);
u32 sim_random_below(u32 n);

/* One of @one_in allocations that may fail does; 0: none. */
void sim_fail_allocations(u32 one_in);
/* The @n-th from now fails, once; 0: none. True: what an earlier call asked for has happened. */
bool sim_fail_allocation(u64 n);
/* A switch happens on average at each n-th place where it may; default 16. */
void sim_set_preemption(u32 n);
/* pr_* messages go to stderr or nowhere. */
void sim_set_quiet(bool quiet);

/* ---- for the headers in linux/ ------------------------------------------------ */

#define SHIM_STRING_(x) #x
#define SHIM_STRING(x) SHIM_STRING_(x)
#define SHIM_PLACE __FILE__ ":" SHIM_STRING(__LINE__)

extern int shim_preempt_left;
extern bool shim_quiet;
extern struct task_struct *shim_current;

void shim_preempt_slow(void);

static inline void shim_preempt(void)
{
	if (--shim_preempt_left <= 0)
		shim_preempt_slow();
}

/* Prints the message, the fiber and a list of all fibers, and aborts. */
void shim_die(const char *place, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

enum shim_held_kind { SHIM_HELD_SPIN = 1, SHIM_HELD_MUTEX, SHIM_HELD_READ, SHIM_HELD_WRITE };

/* What the running fiber holds. */
void shim_hold(const void *lock, enum shim_held_kind kind, const char *place);
void shim_drop(const void *lock, enum shim_held_kind kind, const char *place);
/* 0, or the kind in which the running fiber holds @lock. */
int shim_held(const void *lock);

/* Sleeps until woken; @place is shown if that never happens. True: woken, false: time is up. */
#define SHIM_FOREVER (~0UL)
bool shim_block(const char *place, unsigned long jiffies);
void shim_wake(struct task_struct *t);
void shim_might_sleep(const char *place);

#endif
