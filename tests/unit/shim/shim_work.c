// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues, kernel threads, memory and shrinkers.
 *
 * In time order for a work item: queue_work() lists it and sees that a worker
 * fiber runs; worker_main() takes items that no other worker runs, until none
 * is left. The item may be freed by its own function: nothing touches it after.
 */
#include <stdarg.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "shim_internal.h"

struct workqueue_struct {
	char name[TASK_COMM_LEN];
	u32 max_active;
	u32 workers;
	struct list_head pending;
	struct wait_queue_head wait; /* an item ended */
};

struct worker {
	struct list_head list;
	struct workqueue_struct *wq;
	struct work_struct *work;
};

static LIST_HEAD(workers);
static LIST_HEAD(cancelling); /* struct cancel: items that may not be queued now */
static struct workqueue_struct *system_queue;

struct cancel {
	struct list_head list;
	struct work_struct *work;
};

struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active,
					 ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	va_list args;

	(void)flags;
	if (!wq)
		return NULL;
	va_start(args, max_active);
	vsnprintf(wq->name, sizeof(wq->name), format, args);
	va_end(args);
	wq->max_active = max_active ? max_active : 256;
	INIT_LIST_HEAD(&wq->pending);
	init_waitqueue_head(&wq->wait);
	return wq;
}

struct workqueue_struct *shim_system_wq(void)
{
	if (!system_queue)
		system_queue = alloc_workqueue("events", 0, 0);
	return system_queue;
}

void shim_work_exit(void)
{
	kfree(system_queue);
	system_queue = NULL;
}

static struct worker *running(const struct work_struct *w)
{
	struct worker *k;

	list_for_each_entry(k, &workers, list)
		if (k->work == w)
			return k;
	return NULL;
}

static struct work_struct *take_work(struct workqueue_struct *wq)
{
	struct work_struct *w;

	list_for_each_entry(w, &wq->pending, entry) {
		if (running(w))
			continue;
		list_del_init(&w->entry);
		w->pending = false;
		return w;
	}
	return NULL;
}

static void worker_main(void *arg)
{
	struct worker k = { .wq = arg };

	list_add(&k.list, &workers);
	while ((k.work = take_work(k.wq))) {
		k.work->func(k.work);
		k.work = NULL;
		wake_up_all(&k.wq->wait);
	}
	list_del(&k.list);
	shim_fiber()->atomic++; /* the queue may go when nobody works on it */
	k.wq->workers--;
	wake_up_all(&k.wq->wait);
	shim_fiber()->atomic--;
}

static void start_work(struct workqueue_struct *wq, struct work_struct *w)
{
	w->wq = wq;
	list_add_tail(&w->entry, &wq->pending);
	if (wq->workers == wq->max_active)
		return;
	wq->workers++;
	sim_spawn(worker_main, wq, wq->name);
}

static bool may_queue(struct work_struct *w)
{
	struct cancel *c;

	shim_preempt();
	if (w->pending)
		return false;
	list_for_each_entry(c, &cancelling, list)
		if (c->work == w)
			return false;
	w->pending = true;
	return true;
}

void shim_init_work(struct work_struct *w, work_func_t fn)
{
	w->pending = false;
	INIT_LIST_HEAD(&w->entry);
	w->wq = NULL;
	w->func = fn;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	if (!w->func)
		shim_die("queue_work", "work item is not initialised");
	if (!may_queue(w))
		return false;
	start_work(wq, w);
	return true;
}

static bool work_idle(const struct work_struct *w)
{
	return list_empty(&w->entry) && !running(w);
}

bool flush_work(struct work_struct *w)
{
	bool waited = !work_idle(w);

	might_sleep();
	if (waited)
		wait_event(w->wq->wait, work_idle(w));
	return waited;
}

bool cancel_work_sync(struct work_struct *w)
{
	struct cancel c = { .work = w };
	bool was = w->pending;

	might_sleep();
	if (!list_empty(&w->entry))
		list_del_init(&w->entry);
	w->pending = false;
	list_add(&c.list, &cancelling);
	flush_work(w);
	list_del(&c.list);
	return was;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	wait_event(wq->wait, list_empty(&wq->pending) && !wq->workers);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kfree(wq);
}

/* ---- delayed work ---------------------------------------------------------------- */

static void delay_over(struct timer_list *t)
{
	struct delayed_work *w = container_of(t, struct delayed_work, timer);

	start_work(w->wq, &w->work);
}

void shim_init_delayed_work(struct delayed_work *w, work_func_t fn)
{
	shim_init_work(&w->work, fn);
	timer_setup(&w->timer, delay_over, 0);
}

static void delay_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long delay)
{
	w->wq = wq;
	if (delay)
		mod_timer(&w->timer, jiffies + delay);
	else
		start_work(wq, &w->work);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long delay)
{
	if (!may_queue(&w->work))
		return false;
	delay_work(wq, w, delay);
	return true;
}

bool cancel_delayed_work(struct delayed_work *w)
{
	bool was = w->work.pending;

	timer_delete_sync(&w->timer);
	if (!list_empty(&w->work.entry))
		list_del_init(&w->work.entry);
	w->work.pending = false;
	return was;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long delay)
{
	bool was = cancel_delayed_work(w);

	queue_delayed_work(wq, w, delay);
	return was;
}

bool flush_delayed_work(struct delayed_work *w)
{
	if (timer_delete_sync(&w->timer))
		start_work(w->wq, &w->work);
	return flush_work(&w->work);
}

bool cancel_delayed_work_sync(struct delayed_work *w)
{
	bool was = cancel_delayed_work(w);

	return cancel_work_sync(&w->work) || was;
}

/* ---- threads ------------------------------------------------------------------------ */

static void thread_main(void *arg)
{
	struct fiber *f = shim_fiber();

	f->result = f->task.should_stop && !f->started ? -EINTR : f->thread_fn(arg);
	if (!f->task.should_stop)
		shim_die(f->task.comm, "thread ended before kthread_stop()");
}

struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *format, ...)
{
	char name[TASK_COMM_LEN];
	struct fiber *f;
	va_list args;

	might_sleep();
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	f = shim_fiber_create(thread_main, data, name);
	f->thread_fn = fn;
	f->joinable = true;
	f->task.__state = TASK_UNINTERRUPTIBLE;
	return &f->task;
}

int kthread_stop(struct task_struct *t)
{
	struct fiber *f = (struct fiber *)t;
	int result;

	might_sleep();
	t->should_stop = true;
	shim_wake(t);
	wait_event(f->exit_wait, f->ended);
	result = f->result;
	shim_fiber_free(f);
	return result;
}

/* ---- shrinkers ---------------------------------------------------------------------------- */

static LIST_HEAD(shrinkers);
static int shrinking; /* fibers in sim_shrink() */

int dmbc_shrinker_register(struct dmbc_shrinker *shrinker, const char *name,
			   dmbc_shrink_count_fn count, dmbc_shrink_scan_fn scan, void *private)
{
	(void)name;
	shrinker->count = count;
	shrinker->scan = scan;
	shrinker->private = private;
	list_add(&shrinker->list, &shrinkers);
	return 0;
}

void dmbc_shrinker_unregister(struct dmbc_shrinker *shrinker)
{
	if (shrinker->scan)
		list_del(&shrinker->list);
	shrinker->scan = NULL;
	while (shrinking)
		sim_yield();
}

void sim_shrink(unsigned long nr)
{
	struct dmbc_shrinker *k, *next;

	shrinking++;
	list_for_each_entry_safe(k, next, &shrinkers, list)
		if (k->count(k->private))
			k->scan(k->private, nr);
	shrinking--;
}

/* ---- memory ---------------------------------------------------------------------------- */

static u32 fail_one_in;
static u64 fail_after;
static bool fail_done;

void sim_fail_allocations(u32 one_in)
{
	fail_one_in = one_in;
}

bool sim_fail_allocation(u64 n)
{
	bool done = fail_done;

	fail_after = n;
	fail_done = false;
	return done;
}

static bool fails_now(void)
{
	if (fail_after && !--fail_after) {
		fail_done = true;
		return true;
	}
	return fail_one_in && !sim_random_below(fail_one_in);
}

#define RECLAIM_ONE_IN 256 /* allocations that may sleep call the shrinkers */

/* Sizes that are powers of two are aligned to themselves, as the kernel guarantees. */
void *shim_kmalloc(size_t bytes, gfp_t gfp, const char *place)
{
	size_t align = 16;
	void *p;

	if (gfp & __GFP_DIRECT_RECLAIM) {
		shim_might_sleep(place);
		if (!list_empty(&shrinkers) && !sim_random_below(RECLAIM_ONE_IN))
			sim_shrink(RECLAIM_ONE_IN);
	}
	shim_preempt();
	if (!(gfp & __GFP_NOFAIL) && fails_now())
		return NULL;
	if (!(bytes & (bytes - 1)) && bytes > align)
		align = bytes;
	if (align > PAGE_SIZE || bytes > 2 * PAGE_SIZE)
		align = PAGE_SIZE;
	if (posix_memalign(&p, align, bytes ? bytes : 1))
		return NULL;
	memset(p, gfp & __GFP_ZERO ? 0 : 0xa5, bytes);
	return p;
}

void kfree(const void *p)
{
	free((void *)p);
}

void *kmemdup(const void *p, size_t bytes, gfp_t gfp)
{
	void *copy = kmalloc(bytes, gfp);

	if (copy)
		memcpy(copy, p, bytes);
	return copy;
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int bytes, unsigned int align,
				     unsigned int flags, void (*constructor)(void *object))
{
	struct kmem_cache *c = kmalloc(sizeof(*c), GFP_KERNEL);

	(void)name;
	(void)align;
	(void)flags;
	BUG_ON(constructor);
	if (c)
		c->bytes = bytes;
	return c;
}
