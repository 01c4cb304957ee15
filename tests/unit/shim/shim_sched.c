// SPDX-License-Identifier: GPL-2.0
/*
 * Fibers, virtual time and the choice of who runs next.
 *
 * In time order: sim_run() creates the first fiber and switches to it;
 * sim_spawn() and shim_fiber_create() add others; each runs until it blocks
 * (shim_schedule), is preempted (shim_preempt_slow) or ends; pick_next() takes
 * a random runnable one, expiring timers first and moving the time on when
 * nobody can run; when the last has ended, sim_run() returns.
 */
#include <stdarg.h>
#include <sys/mman.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

#include "shim_internal.h"

#define STACK_BYTES (256 * 1024)
#define SWITCHES_PER_JIFFY 4096 /* time passes for busy fibers as well */
#define POOL 64

int shim_preempt_left = 1;
bool shim_quiet;
struct task_struct *shim_current;
unsigned long jiffies;

static struct {
	u64 random;
	u32 preemption; /* mean distance of preemptions */
	struct fiber **runnable;
	u32 nr_runnable, room;
	struct list_head all;
	struct list_head timers;
	struct fiber *zombie; /* ended; its stack is still in use while it switches away */
	char *pool[POOL];
	u32 pooled;
	bool picking; /* the current fiber has stopped running */
	u64 switches;
	int last_pid;
	/* the context of sim_run() */
	void *host_sp, *host_fake;
	const void *host_stack;
	size_t host_bytes;
} s = { .random = 1, .preemption = 16, .timers = LIST_HEAD_INIT(s.timers) };

u64 sim_random(void)
{
	s.random ^= s.random >> 12;
	s.random ^= s.random << 25;
	s.random ^= s.random >> 27;
	return s.random * 0x2545F4914F6CDD1DULL;
}

u32 sim_random_below(u32 n)
{
	return (sim_random() >> 32) * n >> 32;
}

void sim_set_preemption(u32 n)
{
	s.preemption = n;
}

void sim_set_quiet(bool quiet)
{
	shim_quiet = quiet;
}

/* ---- reports ------------------------------------------------------------------ */

static void print_fiber(const struct fiber *f)
{
	int i;

	fprintf(stderr, "  %c %d %s: %s\n", &f->task == shim_current ? '*' : ' ', f->task.pid,
		f->task.comm,
		f->place     ? f->place
		: f->started ? "runnable"
			     : "not started");
	for (i = 0; i < f->nr_held; i++)
		fprintf(stderr, "        holds %p (%s) from %s\n", f->held[i].lock,
			f->held[i].kind == SHIM_HELD_SPIN    ? "spin"
			: f->held[i].kind == SHIM_HELD_MUTEX ? "mutex"
			: f->held[i].kind == SHIM_HELD_READ  ? "read"
							     : "write",
			f->held[i].place);
}

void shim_die(const char *place, const char *format, ...)
{
	struct fiber *f;
	va_list args;

	fprintf(stderr, "%s: ", place);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nfibers at jiffy %lu (* running):\n", jiffies);
	if (s.all.next)
		list_for_each_entry(f, &s.all, all)
			print_fiber(f);
	fflush(NULL);
	__sanitizer_print_stack_trace();
	abort();
}

/* ---- switching ------------------------------------------------------------------ */

/* Saves the callee's registers and the stack pointer in *@from and goes on at @to. */
void shim_switch(void **from, void *to);
__asm__(".text\n"
	".globl shim_switch\n"
	".type shim_switch, @function\n"
	"shim_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size shim_switch, . - shim_switch\n");

static char *stack_get(void)
{
	char *stack;

	if (s.pooled)
		return s.pool[--s.pooled];
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stack == MAP_FAILED || mprotect(stack, 4096, PROT_NONE))
		abort();
	return stack;
}

static void stack_put(char *stack)
{
	ASAN_UNPOISON_MEMORY_REGION(stack + 4096, STACK_BYTES - 4096);
	if (s.pooled < POOL)
		s.pool[s.pooled++] = stack;
	else
		munmap(stack, STACK_BYTES);
}

void shim_fiber_free(struct fiber *f)
{
	free(f);
}

/* First thing after coming back from a switch, or on a new stack. */
static void switched(void *fake_stack, const void **bottom, size_t *bytes)
{
	struct fiber *z = s.zombie;

	__sanitizer_finish_switch_fiber(fake_stack, bottom, bytes);
	if (!z)
		return;
	s.zombie = NULL;
	stack_put(z->stack);
	z->stack = NULL;
	if (!z->joinable)
		shim_fiber_free(z);
}

/* @next NULL: back to sim_run(). */
static void switch_to(struct fiber *next, bool ending)
{
	struct fiber *f = shim_fiber();
	void *unused;

	if (f == next)
		return;
	if (ending)
		s.zombie = f;
	shim_current = next ? &next->task : NULL;
	__sanitizer_start_switch_fiber(ending ? NULL : &f->fake_stack,
				       next ? next->stack : s.host_stack,
				       next ? STACK_BYTES : s.host_bytes);
	shim_switch(ending ? &unused : &f->sp, next ? next->sp : s.host_sp);
	switched(f->fake_stack, NULL, NULL);
}

static void make_runnable(struct fiber *f)
{
	if (f->queued)
		return;
	if (s.nr_runnable == s.room) {
		s.room = s.room ? 2 * s.room : 64;
		s.runnable = realloc(s.runnable, s.room * sizeof(*s.runnable));
	}
	f->queued = true;
	s.runnable[s.nr_runnable++] = f;
}

/* Timer functions run between two fibers, as in an interrupt: they must not sleep. */
static void expire_timers(void)
{
	struct fiber *f = shim_fiber();
	struct timer_list *t;

	while (!list_empty(&s.timers)) {
		t = list_first_entry(&s.timers, struct timer_list, entry);
		if (time_after(t->expires, jiffies))
			return;
		list_del_init(&t->entry);
		f->atomic++;
		t->function(t);
		f->atomic--;
	}
}

/* NULL: every fiber has ended. */
static struct fiber *pick_next(void)
{
	struct fiber *f;
	u32 i;

	if (++s.switches % SWITCHES_PER_JIFFY == 0)
		jiffies++;
	s.picking = true;
	for (;;) {
		shim_rcu_run();
		expire_timers();
		if (s.nr_runnable || list_empty(&s.all))
			break;
		if (list_empty(&s.timers))
			shim_die("shim", "deadlock: nobody can run and no timer is set");
		jiffies = list_first_entry(&s.timers, struct timer_list, entry)->expires;
	}
	s.picking = false;
	if (!s.nr_runnable)
		return NULL;
	i = sim_random_below(s.nr_runnable);
	f = s.runnable[i];
	s.runnable[i] = s.runnable[--s.nr_runnable];
	f->queued = false;
	return f;
}

void shim_preempt_slow(void)
{
	struct fiber *f = shim_fiber();

	shim_preempt_left = 1 + sim_random_below(2 * s.preemption);
	if (!f || f->atomic)
		return;
	make_runnable(f);
	switch_to(pick_next(), false);
}

void sim_yield(void)
{
	shim_might_sleep("sim_yield");
	make_runnable(shim_fiber());
	switch_to(pick_next(), false);
}

void shim_might_sleep(const char *place)
{
	struct fiber *f = shim_fiber();

	if (!f)
		return;
	if (f->atomic)
		shim_die(place, "may sleep, but holds a spinlock");
	if (f->rcu)
		shim_die(place, "may sleep, but is in an RCU section");
	if (f->task.__state != TASK_RUNNING)
		shim_die(place, "may sleep while it waits already (state is not TASK_RUNNING)");
}

/* ---- sleeping and waking ----------------------------------------------------------- */

void shim_wake(struct task_struct *t)
{
	struct fiber *f = (struct fiber *)t;

	if (f->ended)
		shim_die("shim_wake", "%s has ended", t->comm);
	t->__state = TASK_RUNNING;
	if (t != shim_current || s.picking)
		make_runnable(f);
}

int wake_up_process(struct task_struct *t)
{
	bool slept = t->__state != TASK_RUNNING || !((struct fiber *)t)->started;

	shim_wake(t);
	return slept;
}

static void timed_out(struct timer_list *t)
{
	shim_wake(&container_of(t, struct fiber, timeout)->task);
}

long shim_schedule(const char *place, long timeout)
{
	struct fiber *f = shim_fiber();
	unsigned long end = jiffies + timeout;

	if (f->atomic || f->rcu)
		shim_die(place, "sleeps under a spinlock or in an RCU section");
	if (f->task.__state == TASK_RUNNING)
		make_runnable(f);
	else if (timeout != MAX_SCHEDULE_TIMEOUT)
		mod_timer(&f->timeout, end);
	f->place = place;
	switch_to(pick_next(), false);
	f->place = NULL;
	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return timeout;
	timer_delete_sync(&f->timeout);
	return time_after(end, jiffies) ? (long)(end - jiffies) : 0;
}

bool shim_block(const char *place, unsigned long timeout)
{
	long left;

	shim_current->__state = TASK_UNINTERRUPTIBLE;
	left = shim_schedule(place, timeout == SHIM_FOREVER ? MAX_SCHEDULE_TIMEOUT : (long)timeout);
	return left != 0;
}

void sim_sleep(unsigned int n)
{
	unsigned long end = jiffies + n;

	shim_might_sleep("sim_sleep");
	while (time_before(jiffies, end))
		shim_block("sim_sleep", end - jiffies);
}

void timer_setup(struct timer_list *t, void (*fn)(struct timer_list *t), unsigned int flags)
{
	(void)flags;
	INIT_LIST_HEAD(&t->entry);
	t->function = fn;
}

int mod_timer(struct timer_list *t, unsigned long expires)
{
	int pending = timer_delete_sync(t);
	struct list_head *after = s.timers.prev;

	t->expires = expires;
	while (after != &s.timers &&
	       time_after(list_entry(after, struct timer_list, entry)->expires, expires))
		after = after->prev;
	list_add(&t->entry, after);
	return pending;
}

int timer_delete_sync(struct timer_list *t)
{
	int pending = timer_pending(t);

	if (pending)
		list_del_init(&t->entry);
	return pending;
}

/* ---- life of a fiber ------------------------------------------------------------------ */

static void fiber_main(void)
{
	struct fiber *f = shim_fiber();

	/* the first fiber of a run learns where the host's stack is */
	if (s.host_stack)
		switched(NULL, NULL, NULL);
	else
		switched(NULL, &s.host_stack, &s.host_bytes);
	f->fn(f->arg);
	if (f->nr_held || f->rcu || f->atomic)
		shim_die("shim", "%s ends with a lock held", f->task.comm);
	list_del_init(&f->all);
	f->atomic++; /* nobody steps in until the stack is left */
	f->ended = true;
	if (f->joinable)
		wake_up_all(&f->exit_wait);
	f->task.__state = TASK_UNINTERRUPTIBLE;
	switch_to(pick_next(), true);
	abort();
}

struct fiber *shim_fiber_create(void (*fn)(void *arg), void *arg, const char *name)
{
	struct fiber *f = calloc(1, sizeof(*f));
	void **sp;

	if (!f)
		abort();
	snprintf(f->task.comm, sizeof(f->task.comm), "%s", name);
	f->task.pid = ++s.last_pid;
	f->fn = fn;
	f->arg = arg;
	timer_setup(&f->timeout, timed_out, 0);
	init_waitqueue_head(&f->exit_wait);
	list_add_tail(&f->all, &s.all);
	f->stack = stack_get();
	/* as shim_switch() leaves it: six registers and where to go; aligned as after a call */
	sp = (void **)(f->stack + STACK_BYTES);
	*--sp = NULL;
	*--sp = (void *)fiber_main;
	sp -= 6;
	memset(sp, 0, 6 * sizeof(*sp));
	f->sp = sp;
	return f;
}

void sim_spawn(void (*fn)(void *arg), void *arg, const char *name)
{
	struct fiber *f = shim_fiber_create(fn, arg, name);

	f->started = true;
	make_runnable(f);
}

void sim_run(void (*fn)(void *arg), void *arg, u64 seed)
{
	struct fiber host = { .task = { .comm = "host" } };
	struct fiber *f;

	if (shim_current)
		abort();
	INIT_LIST_HEAD(&s.all);
	jiffies = -300UL * HZ; /* as in the kernel: wrapping is met early */
	s.host_stack = NULL;
	s.random = seed * 2 + 1;
	sim_random();
	sim_random();
	shim_preempt_left = 1;
	sim_spawn(fn, arg, "first");
	shim_current = &host.task;
	f = pick_next();
	shim_current = &f->task;
	__sanitizer_start_switch_fiber(&s.host_fake, f->stack, STACK_BYTES);
	shim_switch(&s.host_sp, f->sp);
	switched(s.host_fake, NULL, NULL);
	shim_current = &host.task;
	shim_work_exit();
	shim_rcu_exit();
	shim_current = NULL;
	free(s.runnable);
	s.runnable = NULL;
	s.nr_runnable = s.room = 0;
}
