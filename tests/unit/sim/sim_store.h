/* SPDX-License-Identifier: GPL-2.0 */
/* A whole store on a simulated disk, and what cache/ is to it in the kernel: hooks and a gc thread. */
#ifndef DMBC_SIM_STORE_H
#define DMBC_SIM_STORE_H

#include <linux/wait.h>

#include "sim/sim_disk.h"
#include "store/alloc.h"
#include "store/bucket.h"
#include "store/gens.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/node.h"
#include "store/refill.h"
#include "store/store.h"
#include "store/super.h"
#include "store/uuids.h"

struct sim_format {
	u32 block_sectors, bucket_sectors;
	u64 nbuckets;
	enum dmbc_replacement policy;
};

struct sim_store {
	/* set by the caller, zero the rest */
	struct dmbc_store store; /* its io: stays open */
	u64 node_memory;
	u32 gc_delay; /* jiffies from a wish for gc to the pass */
	u8 first_gen; /* of all buckets of a fresh set */

	bool failed; /* a write failed: the set is lost for writing */
	struct dmbc_why why; /* of a failed open */
	struct workqueue_struct *wq;

	struct task_struct *gc;
	struct wait_queue_head gc_wait;
	bool gc_wanted;
	u32 gc_passes;
};

/* Writes a super block as a tool would: never used. Sleeps. */
void sim_store_format(struct dmbc_blockio *io, const struct sim_format *f);
/* Brings the store up; on failure it is down again, with the reason in s->why. Sleeps. */
int sim_store_open(struct sim_store *s);
/* Stops everything and frees it, also after the power was cut. Sleeps. */
void sim_store_close(struct sim_store *s);
void sim_store_want_gc(struct sim_store *s);

#endif
