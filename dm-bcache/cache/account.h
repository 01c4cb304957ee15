/* SPDX-License-Identifier: GPL-2.0 */
/* Each piece of a request is counted as what became of it. */
#ifndef DMBC_CACHE_ACCOUNT_H
#define DMBC_CACHE_ACCOUNT_H

#include "cache/request.h"
#include "cache/stats.h"

/* Any context: the piece @rq is of this kind. What is done again later counts once. */
static inline void dmbc_account_note(struct dmbc_request *rq, enum dmbc_kind kind)
{
	if (rq->counted)
		return;
	rq->counted = true;
	dmbc_count(rq->origin, requests[kind]);
	dmbc_count_add(rq->origin, sectors[kind], rq->sectors);
}

/* Any context: the piece went past the cache, for the reason in rq->bypass if there is one. */
void dmbc_account_bypass(struct dmbc_request *rq);

#endif
