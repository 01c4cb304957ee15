/* SPDX-License-Identifier: GPL-2.0 */
/* Should this request leave the SSD alone? Decided once, in map() or on retry. */
#ifndef DMBC_CACHE_BYPASS_H
#define DMBC_CACHE_BYPASS_H

#include <linux/ktime.h>
#include <linux/types.h>

#include "cache/context.h"
#include "cache/request.h"

/* Any read: notes its stream; sets rq->bypass if it should not be cached. Any context. */
void dmbc_bypass_read(struct dmbc_request *rq);
/* A read miss: sets rq->bypass if there is another reason not to put it on the SSD. Any context. */
void dmbc_bypass_miss(struct dmbc_request *rq);

/* So full that nothing new goes in; the rest is for metadata. Any context. */
bool dmbc_bypass_full(struct dmbc_set *set);

/* Requests of longer streams find the SSD too slow; U64_MAX: it is not. Any context. */
u64 dmbc_bypass_congestion_limit(struct dmbc_set *set);

enum dmbc_write_way { DMBC_WRITE_SSD, DMBC_WRITE_BOTH, DMBC_WRITE_AROUND };

/*
 * Where a write goes if nothing dirty lies under it; rq->bypass says why it goes
 * around. Notes the stream. Any context.
 */
enum dmbc_write_way dmbc_bypass_write(struct dmbc_request *rq);

/* Any context, around a request to the SSD: how long it takes, if somebody wants to know. */
static inline void dmbc_bypass_ssd_begin(struct dmbc_request *rq, enum dmbc_option threshold)
{
	if (unlikely(READ_ONCE(rq->origin->set->option[threshold])))
		rq->began_ns = ktime_get_ns();
}

void dmbc_bypass_ssd_note(struct dmbc_request *rq, enum dmbc_option threshold);

static inline void dmbc_bypass_ssd_end(struct dmbc_request *rq, enum dmbc_option threshold)
{
	if (unlikely(rq->began_ns))
		dmbc_bypass_ssd_note(rq, threshold);
}

#endif
