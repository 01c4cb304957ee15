// SPDX-License-Identifier: GPL-2.0
/* Locks, wait queues and RCU over fibers. */
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "shim_internal.h"

/* ---- who holds what -------------------------------------------------------------- */

void shim_hold(const void *lock, enum shim_held_kind kind, const char *place)
{
	struct fiber *f = shim_fiber();

	if (f->nr_held == SHIM_MAX_HELD)
		shim_die(place, "too many locks held");
	f->held[f->nr_held++] = (struct shim_held){ lock, kind, place };
}

static int find_held(const void *lock)
{
	struct fiber *f = shim_fiber();
	int i;

	for (i = f->nr_held; i--;)
		if (f->held[i].lock == lock)
			return i;
	return -1;
}

void shim_drop(const void *lock, enum shim_held_kind kind, const char *place)
{
	struct fiber *f = shim_fiber();
	int i = find_held(lock);

	if (i < 0 || f->held[i].kind != kind)
		shim_die(place, "unlocks %p, which it does not hold so", lock);
	memmove(&f->held[i], &f->held[i + 1], (f->nr_held - i - 1) * sizeof(f->held[0]));
	f->nr_held--;
}

int shim_held(const void *lock)
{
	int i = find_held(lock);

	return i < 0 ? 0 : (int)shim_fiber()->held[i].kind;
}

static void refuse_recursion(const void *lock, const char *place)
{
	int i = find_held(lock);

	if (i >= 0)
		shim_die(place, "locks %p again; held from %s", lock, shim_fiber()->held[i].place);
}

/* ---- spinlocks ---------------------------------------------------------------------- */

void shim_spin_lock(spinlock_t *l, const char *place)
{
	shim_preempt();
	if (l->owner)
		shim_die(place, "spinlock %p is taken already", (void *)l);
	l->owner = shim_current;
	shim_fiber()->atomic++;
	shim_hold(l, SHIM_HELD_SPIN, place);
}

void shim_spin_unlock(spinlock_t *l, const char *place)
{
	shim_drop(l, SHIM_HELD_SPIN, place);
	l->owner = NULL;
	shim_fiber()->atomic--;
	shim_preempt();
}

/* ---- sleeping locks ------------------------------------------------------------------ */

struct lock_waiter {
	struct list_head list;
	struct task_struct *task;
};

static void lock_sleep(struct list_head *waiters, const char *place)
{
	struct lock_waiter w = { .task = shim_current };

	list_add_tail(&w.list, waiters);
	shim_block(place, SHIM_FOREVER);
	list_del(&w.list);
}

static void lock_wake(struct list_head *waiters)
{
	struct lock_waiter *w;

	list_for_each_entry(w, waiters, list)
		shim_wake(w->task);
}

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	INIT_LIST_HEAD(&m->waiters);
}

void mutex_destroy(struct mutex *m)
{
	WARN_ON(m->owner || !list_empty(&m->waiters));
}

void shim_mutex_lock(struct mutex *m, const char *place)
{
	shim_might_sleep(place);
	refuse_recursion(m, place);
	shim_preempt();
	while (m->owner)
		lock_sleep(&m->waiters, place);
	m->owner = shim_current;
	shim_hold(m, SHIM_HELD_MUTEX, place);
}

bool shim_mutex_trylock(struct mutex *m, const char *place)
{
	shim_preempt();
	if (m->owner)
		return false;
	m->owner = shim_current;
	shim_hold(m, SHIM_HELD_MUTEX, place);
	return true;
}

void shim_mutex_unlock(struct mutex *m, const char *place)
{
	shim_drop(m, SHIM_HELD_MUTEX, place);
	m->owner = NULL;
	lock_wake(&m->waiters);
	shim_preempt();
}

void init_rwsem(struct rw_semaphore *s)
{
	s->writer = NULL;
	s->readers = 0;
	s->writers_waiting = 0;
	INIT_LIST_HEAD(&s->waiters);
}

void shim_down_read(struct rw_semaphore *s, const char *place)
{
	shim_might_sleep(place);
	refuse_recursion(s, place);
	shim_preempt();
	while (s->writer || s->writers_waiting)
		lock_sleep(&s->waiters, place);
	s->readers++;
	shim_hold(s, SHIM_HELD_READ, place);
}

bool shim_down_read_trylock(struct rw_semaphore *s, const char *place)
{
	shim_preempt();
	if (s->writer || s->writers_waiting)
		return false;
	s->readers++;
	shim_hold(s, SHIM_HELD_READ, place);
	return true;
}

void shim_down_write(struct rw_semaphore *s, const char *place)
{
	shim_might_sleep(place);
	refuse_recursion(s, place);
	shim_preempt();
	s->writers_waiting++;
	while (s->writer || s->readers)
		lock_sleep(&s->waiters, place);
	s->writers_waiting--;
	s->writer = shim_current;
	shim_hold(s, SHIM_HELD_WRITE, place);
}

bool shim_down_write_trylock(struct rw_semaphore *s, const char *place)
{
	shim_preempt();
	if (s->writer || s->readers)
		return false;
	s->writer = shim_current;
	shim_hold(s, SHIM_HELD_WRITE, place);
	return true;
}

void shim_up_read(struct rw_semaphore *s, const char *place)
{
	shim_drop(s, SHIM_HELD_READ, place);
	s->readers--;
	lock_wake(&s->waiters);
	shim_preempt();
}

void shim_up_write(struct rw_semaphore *s, const char *place)
{
	shim_drop(s, SHIM_HELD_WRITE, place);
	s->writer = NULL;
	lock_wake(&s->waiters);
	shim_preempt();
}

void shim_downgrade_write(struct rw_semaphore *s, const char *place)
{
	shim_drop(s, SHIM_HELD_WRITE, place);
	s->writer = NULL;
	s->readers++;
	shim_hold(s, SHIM_HELD_READ, place);
	lock_wake(&s->waiters);
}

/* ---- wait queues ------------------------------------------------------------------------ */

void prepare_to_wait(struct wait_queue_head *q, struct wait_queue_entry *w, int state)
{
	if (list_empty(&w->entry))
		list_add_tail(&w->entry, &q->head);
	w->task->__state = state;
}

void finish_wait(struct wait_queue_head *q, struct wait_queue_entry *w)
{
	(void)q;
	w->task->__state = TASK_RUNNING;
	if (!list_empty(&w->entry))
		list_del_init(&w->entry);
}

void shim_wake_waiters(struct wait_queue_head *q)
{
	struct wait_queue_entry *w, *next;

	list_for_each_entry_safe(w, next, &q->head, entry) {
		list_del_init(&w->entry);
		shim_wake(w->task);
	}
}

void shim_wake_up(struct wait_queue_head *q)
{
	shim_preempt();
	shim_wake_waiters(q);
}

/* ---- RCU ------------------------------------------------------------------------------------ */

struct rcu_free {
	struct rcu_head head;
	void *p;
};

static int rcu_readers;
static struct rcu_head *rcu_waiting; /* with func NULL: the object to free follows */
static DECLARE_WAIT_QUEUE_HEAD(rcu_idle);

void rcu_read_lock(void)
{
	shim_fiber()->rcu++;
	rcu_readers++;
}

void rcu_read_unlock(void)
{
	if (!shim_fiber()->rcu)
		shim_die("rcu_read_unlock", "not in a section");
	rcu_readers--;
	shim_fiber()->rcu--;
	if (!rcu_readers && !list_empty(&rcu_idle.head))
		shim_wake_waiters(&rcu_idle);
	shim_preempt();
}

bool rcu_read_lock_held(void)
{
	return shim_fiber()->rcu;
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	head->func = fn;
	head->next = rcu_waiting;
	rcu_waiting = head;
}

static void free_object(struct rcu_head *head)
{
	struct rcu_free *f = container_of(head, struct rcu_free, head);

	free(f->p);
	free(f);
}

void shim_kfree_rcu(struct rcu_head *head, void *p)
{
	struct rcu_free *f = malloc(sizeof(*f));

	(void)head;
	f->p = p;
	call_rcu(&f->head, free_object);
}

void shim_rcu_run(void)
{
	struct rcu_head *head;

	if (!rcu_waiting || rcu_readers)
		return;
	shim_fiber()->atomic++;
	while ((head = rcu_waiting)) {
		rcu_waiting = head->next;
		head->func(head);
	}
	shim_fiber()->atomic--;
}

void shim_rcu_exit(void)
{
	shim_rcu_run();
	WARN_ON(rcu_readers);
}

void synchronize_rcu(void)
{
	might_sleep();
	sim_yield();
	wait_event(rcu_idle, !rcu_readers);
}

void rcu_barrier(void)
{
	while (rcu_waiting) {
		synchronize_rcu();
		sim_yield();
	}
}
