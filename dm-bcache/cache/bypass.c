// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the policy of what is worth caching: mode, sequential streams, and how
 * full the cache is. The numbers are bcache's (bcache-features.md section 6).
 */
#include "cache/bypass.h"
#include "cache/context.h"
#include "cache/request.h"
#include "store/alloc.h"

#define CACHE_ADD_PERCENT 95 /* above this share in use nothing new goes in */

bool dmbc_bypass_stream(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;
	u64 cutoff = READ_ONCE(o->option[DMBC_OPT_SEQUENTIAL_CUTOFF]);
	unsigned long flags;
	u64 bytes;

	if (!cutoff)
		return false;
	spin_lock_irqsave(&o->seq_lock, flags);
	bytes = dmbc_seq_note(&o->seq, rq->start, rq->sectors, jiffies);
	spin_unlock_irqrestore(&o->seq_lock, flags);
	return bytes > cutoff;
}

static bool no_caching(struct dmbc_request *rq)
{
	struct dmbc_origin *o = rq->origin;

	return READ_ONCE(o->mode) == DMBC_NONE || READ_ONCE(o->set->state) != DMBC_SET_RUNNING ||
	       rq->ssd_failed;
}

bool dmbc_bypass_full(struct dmbc_set *set)
{
	return dmbc_alloc_in_use_percent(set->alloc) > CACHE_ADD_PERCENT;
}

bool dmbc_bypass_miss(struct dmbc_request *rq)
{
	return no_caching(rq) || dmbc_bypass_full(rq->origin->set);
}

static bool worth_writing_back(struct dmbc_request *rq, u32 in_use)
{
	struct dmbc_set *set = rq->origin->set;

	if (in_use > READ_ONCE(set->option[DMBC_OPT_CUTOFF_WRITEBACK_SYNC]))
		return false;
	return in_use <= READ_ONCE(set->option[DMBC_OPT_CUTOFF_WRITEBACK]) ||
	       (rq->bio->bi_opf & (REQ_SYNC | REQ_META | REQ_PRIO));
}

enum dmbc_write_way dmbc_bypass_write(struct dmbc_request *rq)
{
	enum dmbc_mode mode = READ_ONCE(rq->origin->mode);
	u32 in_use;

	if (dmbc_bypass_stream(rq) || no_caching(rq) || mode == DMBC_WRITEAROUND)
		return DMBC_WRITE_AROUND;
	in_use = dmbc_alloc_in_use_percent(rq->origin->set->alloc);
	if (in_use > CACHE_ADD_PERCENT)
		return DMBC_WRITE_AROUND;
	if (mode == DMBC_WRITEBACK && worth_writing_back(rq, in_use))
		return DMBC_WRITE_SSD;
	return DMBC_WRITE_BOTH;
}
