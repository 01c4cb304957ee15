/* SPDX-License-Identifier: GPL-2.0 */
/* Between the refill thread (refill.c) and its choice of victims (refill_pick.c). */
#ifndef DMBC_STORE_REFILL_INTERNAL_H
#define DMBC_STORE_REFILL_INTERNAL_H

#include <linux/types.h>
#include <linux/wait.h>

#include "store/refill.h"

#define DMBC_REFILL_SCORES 128

struct task_struct;

struct dmbc_refill {
	struct dmbc_alloc *a;
	struct dmbc_buckets *bs;
	struct dmbc_gens *gens;
	struct task_struct *thread; /* NULL while stopped */
	wait_queue_head_t wait;
	bool kicked; /* something may have become reclaimable */
	enum dmbc_replacement policy;
	void (*want_gc)(void *ctx);
	void *want_gc_ctx;
	void (*on_free)(void *ctx, __u64 bucket);
	void *on_free_ctx;

	/* the thread's own */
	__u64 *pending; /* invalidated buckets */
	__u32 max_pending;
	__u32 nr_pending;
	__u32 nr_durable; /* the first so many have durable generations and wait for pins */
	unsigned long written; /* jiffies of the last generation write */
	bool near_limit; /* a victim's generation comes near DMBC_BUCKET_MAX_SPAN */
	__u64 unused_hand, hand; /* next bucket to look at */
	__u32 random;
	__u32 histogram[DMBC_REFILL_SCORES];
};

/* Invalidates victims until @target buckets are pending or none can be found. May reschedule. */
void dmbc_refill_pick(struct dmbc_refill *r, __u32 target);
/* The same for UNUSED ones only. */
void dmbc_refill_pick_unused(struct dmbc_refill *r, __u32 target);

#endif
