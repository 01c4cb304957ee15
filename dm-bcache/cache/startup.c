// SPDX-License-Identifier: GPL-2.0
/*
 * Owns what a set adds to its store when it comes up and goes down: the hooks
 * through which the store calls the cache, which it does not know, and gc.
 */
#include "cache/startup.h"

#include <linux/device-mapper.h>
#include <linux/mm.h>

#include "cache/context.h"
#include "cache/gc.h"
#include "cache/origin.h"
#include "cache/settle.h"
#include "lib/port.h"
#include "store/refill.h"

#define DM_MSG_PREFIX "bcache"
#define NODE_MEMORY_SHARE 100 /* of RAM */

/* ---- hooks --------------------------------------------------------------------------- */

static void store_error(void *ctx, int error)
{
	struct dmbc_set *set = ctx;

	atomic_inc(&set->ssd_errors);
	dmbc_errors_fail_set(set);
}

static void settle(void *ctx)
{
	dmbc_settle_run(ctx);
}

static bool is_settled(void *ctx)
{
	return dmbc_settle_is_settled(ctx);
}

/* Nothing durable names the bucket any more. Only a hint to the SSD: its errors do not matter. */
static void discard_bucket(void *ctx, u64 bucket)
{
	struct dmbc_set *set = ctx;

	if (READ_ONCE(set->option[DMBC_OPT_DISCARD]) && bdev_max_discard_sectors(set->bdev))
		blkdev_issue_discard(set->bdev, dmbc_geometry_sector(&set->store.g, bucket),
				     set->store.g.bucket_sectors, GFP_NOIO);
}

static void want_gc(void *ctx)
{
	dmbc_gc_wake(ctx);
}

/* ---- up and down ----------------------------------------------------------------------- */

enum dmbc_replacement dmbc_startup_policy(const struct dmbc_set *set)
{
	u64 chosen = READ_ONCE(set->option[DMBC_OPT_REPLACEMENT_POLICY]);

	if (chosen != DMBC_REPLACEMENT_AS_FORMATTED)
		return chosen - 1;
	return dmbc_sb_flag(&set->store.super.disk, DMBC_SB_REPLACEMENT_SHIFT,
			    DMBC_SB_REPLACEMENT_BITS);
}

static u64 node_memory(const struct dmbc_set *set)
{
	u64 bytes = READ_ONCE(set->option[DMBC_OPT_NODE_MEMORY]);

	return bytes ? bytes : div_u64((u64)totalram_pages() << PAGE_SHIFT, NODE_MEMORY_SHARE);
}

static int start_store(struct dmbc_set *set, struct dmbc_why *why)
{
	struct dmbc_store_config c = {
		.wq = set->store_wq,
		.node_memory = node_memory(set),
		.journal_delay_ms = READ_ONCE(set->option[DMBC_OPT_JOURNAL_DELAY]),
		.ctx = set,
		.error = store_error,
		.is_settled = is_settled,
		.settle = settle,
		.freed = discard_bucket,
	};
	int r = dmbc_store_start(&set->store, &c, why);

	if (r)
		DMERR("SSD %s: %s", set->name, why->text);
	return r;
}

static int start_gc(struct dmbc_set *set, struct dmbc_why *why)
{
	int r = dmbc_gc_start(set);

	if (r)
		dmbc_explain(why, "cannot start gc: error %d", r);
	else
		dmbc_refill_on_want_gc(set->store.refill, want_gc, set->gc);
	return r;
}

int dmbc_startup_run(struct dmbc_set *set, struct dmbc_why *why)
{
	struct dmbc_store *store = &set->store;
	int r;

	lockdep_assert_held(&set->lock);
	set->store_failed = false;
	set->failed_settled = false;
	atomic_set(&set->ssd_errors, 0);
	set->error_weight = 0;
	r = start_store(set, why);
	if (r)
		return r;
	dmbc_refill_set_policy(store->refill, dmbc_startup_policy(set));
	r = start_gc(set, why);
	if (r) {
		dmbc_store_stop(store);
		return r;
	}
	DMINFO("SSD %s: %s, %llu buckets of %u KiB, %llu journal keys replayed", set->name,
	       store->fresh ? "new" : "loaded", (unsigned long long)store->g.nbuckets,
	       store->g.bucket_sectors / 2, (unsigned long long)store->found.keys);
	smp_store_release(&set->state, DMBC_SET_RUNNING);
	if (READ_ONCE(set->store_failed)) /* just before, when it could not show */
		dmbc_errors_fail_set(set);
	return 0;
}

/* gc waits for nothing but the store, so it ends while all of that still runs. */
void dmbc_startup_undo(struct dmbc_set *set)
{
	struct dmbc_store *store = &set->store;

	if (set->gc) {
		dmbc_refill_stop(store->refill);
		dmbc_refill_on_want_gc(store->refill, NULL, NULL);
		dmbc_gc_stop(set);
	}
	dmbc_store_stop(store);
}
