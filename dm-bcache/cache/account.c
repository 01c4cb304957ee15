// SPDX-License-Identifier: GPL-2.0
/* Owns the reasons under which bypasses are counted. */
#include "cache/account.h"

static enum dmbc_bypass reason_of(const struct dmbc_request *rq)
{
	if (rq->bypass == DMBC_BYPASS_DETACHED)
		return rq->bypass;
	if (rq->ssd_failed || READ_ONCE(rq->origin->set->state) != DMBC_SET_RUNNING)
		return DMBC_BYPASS_FAILED;
	return rq->bypass ? rq->bypass : DMBC_BYPASS_SPACE;
}

void dmbc_account_bypass(struct dmbc_request *rq)
{
	enum dmbc_bypass reason = reason_of(rq);

	if (rq->counted)
		return;
	if (op_is_write(bio_op(rq->bio))) {
		dmbc_count(rq->origin, bypass_writes[reason]);
		dmbc_account_note(rq, DMBC_WRITE_BYPASS);
	} else {
		dmbc_count(rq->origin, bypass_reads[reason]);
		dmbc_account_note(rq, DMBC_READ_BYPASS);
	}
}
