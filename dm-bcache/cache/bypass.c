// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the policy of what is worth caching. In the order in which they are
 * asked: mode, I/O priority, read-ahead, sequential streams, congestion of the
 * SSD, and how full the cache is. The numbers are bcache's (bcache-features.md
 * section 6).
 */
#include "cache/bypass.h"

#include <linux/ioprio.h>

#include "store/alloc.h"

#define CACHE_ADD_PERCENT 95 /* above this share in use nothing new goes in */

static u64 option(const struct dmbc_request *rq, enum dmbc_option which)
{
	return READ_ONCE(rq->origin->option[which]);
}

static u64 set_option(const struct dmbc_request *rq, enum dmbc_option which)
{
	return READ_ONCE(rq->origin->set->option[which]);
}

/* ---- what the request itself says ---------------------------------------------------- */

static bool low_priority(const struct dmbc_request *rq)
{
	int class = IOPRIO_PRIO_CLASS(rq->bio->bi_ioprio);

	switch (option(rq, DMBC_OPT_BYPASS_IOPRIO)) {
	case DMBC_PRIORITY_IDLE: return class == IOPRIO_CLASS_IDLE;
	case DMBC_PRIORITY_BEST_EFFORT:
		return class == IOPRIO_CLASS_BE || class == IOPRIO_CLASS_IDLE;
	default: return false;
	}
}

static bool unwanted_readahead(const struct dmbc_request *rq)
{
	blk_opf_t flags = rq->bio->bi_opf;

	return (flags & (REQ_RAHEAD | REQ_BACKGROUND)) && !(flags & (REQ_META | REQ_PRIO)) &&
	       option(rq, DMBC_OPT_READAHEAD_POLICY) == DMBC_READAHEAD_META_ONLY;
}

/* ---- streams and congestion ------------------------------------------------------------ */

static u64 cutoff_of(const struct dmbc_request *rq)
{
	bool write = op_is_write(bio_op(rq->bio));
	u64 cutoff = option(rq, write ? DMBC_OPT_SEQUENTIAL_CUTOFF_WRITE
				      : DMBC_OPT_SEQUENTIAL_CUTOFF_READ);

	return cutoff == DMBC_CUTOFF_INHERITED ? option(rq, DMBC_OPT_SEQUENTIAL_CUTOFF) : cutoff;
}

static bool watch_congestion(const struct dmbc_request *rq)
{
	return set_option(rq, DMBC_OPT_CONGESTED_READ) || set_option(rq, DMBC_OPT_CONGESTED_WRITE);
}

static u64 now_us(void)
{
	return ktime_to_us(ktime_get());
}

void dmbc_bypass_ssd_note(struct dmbc_request *rq, enum dmbc_option threshold)
{
	struct dmbc_set *set = rq->origin->set;
	u64 limit = set_option(rq, threshold);
	u64 took = div_u64(ktime_get_ns() - rq->began_ns, NSEC_PER_USEC);
	unsigned long flags;

	rq->began_ns = 0;
	if (!limit)
		return;
	spin_lock_irqsave(&set->congested_lock, flags);
	dmbc_congested_note(&set->congested, took, limit, now_us());
	spin_unlock_irqrestore(&set->congested_lock, flags);
}

u64 dmbc_bypass_congestion_limit(struct dmbc_set *set)
{
	unsigned long flags;
	u32 sectors;

	spin_lock_irqsave(&set->congested_lock, flags);
	sectors = dmbc_congested_limit(&set->congested, now_us());
	spin_unlock_irqrestore(&set->congested_lock, flags);
	return sectors == ~0U ? U64_MAX : (u64)sectors << SECTOR_SHIFT;
}

static u64 note_stream(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	bool by_task = option(rq, DMBC_OPT_SEQUENTIAL_BY_TASK) && !rq->deferred;
	unsigned long flags;
	u64 bytes;

	spin_lock_irqsave(&o->seq_lock, flags);
	bytes = dmbc_seq_note(&o->seq, rq->start, rq->sectors, by_task ? current->pid : 0, jiffies);
	spin_unlock_irqrestore(&o->seq_lock, flags);
	return bytes;
}

static enum dmbc_bypass by_stream(struct dmbc_request *rq)
{
	bool congestion = unlikely(watch_congestion(rq));
	u64 cutoff = cutoff_of(rq), bytes;

	if (!cutoff && !congestion)
		return DMBC_BYPASS_NO;
	bytes = note_stream(rq);
	if (cutoff && bytes > cutoff)
		return DMBC_BYPASS_SEQUENTIAL;
	if (congestion && bytes > dmbc_bypass_congestion_limit(rq->origin->set))
		return DMBC_BYPASS_CONGESTED;
	return DMBC_BYPASS_NO;
}

/* ---- the set ------------------------------------------------------------------------------ */

static bool no_set(const struct dmbc_request *rq)
{
	return READ_ONCE(rq->origin->tie) != DMBC_TIE_ATTACHED;
}

static bool is_failed(struct dmbc_request *rq)
{
	return rq->ssd_failed || READ_ONCE(rq->origin->set->state) != DMBC_SET_RUNNING;
}

bool dmbc_bypass_full(struct dmbc_set *set)
{
	return dmbc_alloc_in_use_percent(set->store.alloc) > CACHE_ADD_PERCENT;
}

/* ---- reads ---------------------------------------------------------------------------------- */

void dmbc_bypass_read(struct dmbc_request *rq)
{
	if (unlikely(READ_ONCE(rq->origin->mode) == DMBC_NONE))
		rq->bypass = DMBC_BYPASS_MODE;
	else if (unlikely(low_priority(rq)))
		rq->bypass = DMBC_BYPASS_PRIORITY;
	else if (unlikely(unwanted_readahead(rq)))
		rq->bypass = DMBC_BYPASS_READAHEAD;
	else
		rq->bypass = by_stream(rq);
}

void dmbc_bypass_miss(struct dmbc_request *rq)
{
	if (is_failed(rq))
		rq->bypass = DMBC_BYPASS_FAILED;
	else if (unlikely(no_set(rq)))
		rq->bypass = DMBC_BYPASS_DETACHED;
	else if (!rq->bypass && dmbc_bypass_full(rq->origin->set))
		rq->bypass = DMBC_BYPASS_FULL;
}

/* ---- writes --------------------------------------------------------------------------------- */

static bool worth_writing_back(struct dmbc_request *rq, u32 in_use)
{
	if (in_use > set_option(rq, DMBC_OPT_CUTOFF_WRITEBACK_SYNC))
		return false;
	return in_use <= set_option(rq, DMBC_OPT_CUTOFF_WRITEBACK) ||
	       (rq->bio->bi_opf & (REQ_SYNC | REQ_META | REQ_PRIO));
}

static enum dmbc_bypass write_reason(struct dmbc_request *rq, enum dmbc_mode mode, u32 in_use)
{
	if (unlikely(is_failed(rq)))
		return DMBC_BYPASS_FAILED;
	if (unlikely(no_set(rq)))
		return DMBC_BYPASS_DETACHED;
	if (mode == DMBC_NONE || mode == DMBC_WRITEAROUND)
		return DMBC_BYPASS_MODE;
	if (unlikely(low_priority(rq)))
		return DMBC_BYPASS_PRIORITY;
	if (unlikely(in_use > CACHE_ADD_PERCENT))
		return DMBC_BYPASS_FULL;
	return by_stream(rq);
}

enum dmbc_write_way dmbc_bypass_write(struct dmbc_request *rq)
{
	enum dmbc_mode mode = READ_ONCE(rq->origin->mode);
	u32 in_use = dmbc_alloc_in_use_percent(rq->origin->set->store.alloc);

	rq->bypass = write_reason(rq, mode, in_use);
	if (rq->bypass)
		return DMBC_WRITE_AROUND;
	if (mode == DMBC_WRITEBACK && worth_writing_back(rq, in_use))
		return DMBC_WRITE_SSD;
	return DMBC_WRITE_BOTH;
}
