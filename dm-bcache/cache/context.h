/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two central objects, visible inside cache/ only.
 *
 * struct dmbc_set: one SSD: the store's components, workqueues, threads.
 * struct dmbc_origin: one cached disk on that set: a uuid slot (its inode in
 * the index), mode and tunables, what is in flight, its writeback.
 *
 * Life: target/registry creates a set with the first target that names its SSD
 * and drops it with the last; an origin likewise, and both survive a table
 * reload. startup.c brings a set up in the first preresume.
 *
 * Locks, outermost first: dirty_gate, lock, then those of the store.
 */
#ifndef DMBC_CACHE_CONTEXT_H
#define DMBC_CACHE_CONTEXT_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <dm-bcache/format.h>

#include "cache/counters.h"
#include "lib/congested.h"
#include "lib/options.h"
#include "lib/seq.h"
#include "store/store.h"

struct dmbc_blockio;
struct dmbc_detach;
struct dmbc_gc;
struct dmbc_inplace;
struct dmbc_notes;
struct dmbc_volume;
struct dmbc_windows;
struct dmbc_writeback;

enum dmbc_set_state {
	DMBC_SET_NEW, /* super block read, index not loaded */
	DMBC_SET_RUNNING,
	DMBC_SET_FAILED, /* the SSD failed: nothing new is put on it */
	DMBC_SET_STOPPED,
};

struct dmbc_set {
	struct block_device *bdev; /* the SSD; open as long as a target lives */
	char name[BDEVNAME_SIZE];
	struct dmbc_store store; /* io is made with the set, the rest by startup.c */
	struct dmbc_notes *notes; /* on disks without super blocks */
	struct dmbc_gc *gc;

	enum dmbc_set_state state; /* WRITE_ONCE; changes under lock */
	struct mutex lock; /* bring-up, attach, uuid slots, super block, list of origins */
	struct list_head origins; /* changes under lock and settle_lock; either is enough to read */

	u64 option[DMBC_NR_OPTIONS]; /* SET rows; READ_ONCE/WRITE_ONCE */
	struct dmbc_set_counters __percpu *counters;

	/* bypass.c */
	spinlock_t congested_lock; /* irqsave; taken only with a threshold set */
	struct dmbc_congested congested; /* under it */

	/* request path */
	struct workqueue_struct *wq; /* deferred requests, fills: may wait for anything */
	struct workqueue_struct *insert_wq; /* index inserts: may wait for journal and alloc */
	struct workqueue_struct *store_wq; /* given to journal and nodes */
	struct work_struct insert_work;
	/*
	 * Read side: the insert worker while it checks dirty_marked and inserts
	 * dirty keys. Write side: dmbc_origin_mark_clean(). Outside set->lock.
	 */
	struct rw_semaphore dirty_gate;
	struct llist_head insert_list; /* of struct dmbc_put */
	struct bio_set split_bs; /* parts of deferred bios, front pad struct dmbc_part */
	struct bio_set clone_bs; /* second copy of a write, SSD bios of fills */
	atomic_t fill_pages; /* in use by fills */
	u32 fill_pages_max;

	/* settle.c */
	struct mutex settle_lock; /* innermost but for spinlocks; flushes of origins under it */
	bool unsettled; /* an origin's is up */

	/* errors.c */
	atomic_t ssd_errors;
	spinlock_t weight_lock; /* irqsave */
	u64 error_weight; /* errors, less by half for each halflife; under weight_lock */
	u64 weighed_at; /* requests to the SSD by then; under weight_lock */
	bool store_failed; /* a metadata write was lost */
	bool failed_settled; /* FAILED, and what can be let go at once is */
	wait_queue_head_t failed_wait; /* for that */
	struct work_struct failed_work;
};

enum dmbc_tie {
	DMBC_TIE_ATTACHED, /* or on the way there in the first resume */
	DMBC_TIE_LEAVING, /* nothing new goes to the SSD */
	DMBC_TIE_PLAIN, /* requests pass it by unseen */
	DMBC_TIE_JOINING, /* nothing goes to the SSD yet */
};

struct dmbc_inflight {
	spinlock_t lock; /* irqsave: taken in map() and in completions */
	struct rb_root_cached ranges; /* under lock */
	unsigned int nr_writes, nr_fills,
		nr_copies; /* changed under lock, read without as a hint */
};

struct dmbc_origin {
	struct dmbc_set *set;
	struct list_head link; /* set->origins */
	struct block_device *bdev; /* the HDD; NULL: a volume on the SSD alone */
	struct dmbc_blockio *io; /* for its super block and flushes */
	char name[BDEVNAME_SIZE];
	struct dmbc_super super; /* changes under set->lock */
	struct dmbc_volume *volume; /* NULL: it has a disk */
	struct dmbc_inplace *inplace; /* NULL: it has a super block of its own */
	u64 data_offset; /* sectors */
	u32 inode; /* uuid slot */
	bool attached; /* slot found or made */
	bool suspended;
	enum dmbc_tie tie; /* READ_ONCE; changes under set->lock */
	struct dmbc_detach *detach;

	enum dmbc_mode mode; /* READ_ONCE/WRITE_ONCE */
	u64 option[DMBC_NR_OPTIONS]; /* ORIGIN rows */

	/*
	 * The backing super block says "dirty" durably: required before the
	 * first dirty key is acknowledged. Set by dmbc_origin_mark_dirty().
	 */
	bool dirty_marked;

	/* settle.c */
	spinlock_t flush_lock; /* irqsave */
	unsigned int flushes; /* of the origin under way; under flush_lock */
	bool unflushed; /* writes reached the origin since a flush was sent; put up without the lock */
	bool unsettled; /* the index holds clean keys of unflushed data that may not be durable yet */

	struct dmbc_inflight inflight;
	atomic_t dropping; /* walks that make holes which are not durable yet */
	struct dmbc_seq seq; /* under seq_lock (irqsave) */
	spinlock_t seq_lock;

	struct dmbc_counters __percpu *counters;
	atomic_t origin_errors;
	struct dmbc_writeback *writeback;
	wait_queue_head_t writeback_wait; /* its thread sleeps here */
	bool writeback_kicked; /* there is news */
	atomic_t requests; /* recently seen user I/O: idle detection of the rate */
	atomic_t origin_reads; /* of users, under way at the disk: writeback lets them go first */
	unsigned long origin_used; /* jiffies of the last request of a user for the disk */

	struct dmbc_windows *windows; /* of them: stats.c */
	struct dmbc_counters cleared; /* what the counters said at the last clear_stats */

	struct mutex event_lock; /* event.c: what follows */
	void (*event_fn)(void *ctx);
	void *event_ctx;
	struct work_struct event_work;

	bool hurried; /* a suspend is coming: what takes long ends */
	atomic64_t verified, differing; /* sectors, by verify */
	bool let_go; /* errors.c: the failed SSD is not needed any more, durably so */
};

#endif
