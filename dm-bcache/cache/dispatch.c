// SPDX-License-Identifier: GPL-2.0
/*
 * The top of the I/O path: takes a bio from dm, sorts it by kind, hands it to
 * the file that owns that kind; and hands completions to the stage that waits
 * for them.
 */
#include <linux/device-mapper.h>

#include "cache/cache.h"
#include "cache/context.h"
#include "cache/discard.h"
#include "cache/flush.h"
#include "cache/read.h"
#include "cache/request.h"
#include "cache/write.h"

unsigned int dmbc_cache_request_bytes(void)
{
	return sizeof(struct dmbc_request);
}

int dmbc_cache_map(struct dmbc_origin *origin, struct bio *bio, void *request, u64 sector)
{
	struct dmbc_request *rq = request;

	dmbc_request_init(rq, origin, bio, sector + origin->data_offset);
	if (bio->bi_opf & REQ_PREFLUSH)
		return dmbc_flush_start(rq);
	atomic_inc(&origin->requests);
	switch (bio_op(bio)) {
	case REQ_OP_READ: return dmbc_read_start(rq);
	case REQ_OP_WRITE: return dmbc_write_start(rq);
	case REQ_OP_DISCARD: return dmbc_discard_start(rq);
	default: return DM_MAPIO_KILL;
	}
}

int dmbc_cache_end_io(struct bio *bio, void *request, blk_status_t *error)
{
	return dmbc_request_end_io(request, error);
}
