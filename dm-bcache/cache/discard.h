/* SPDX-License-Identifier: GPL-2.0 */
/* Discard: forgets the range in the index and tells the origin. */
#ifndef DMBC_CACHE_DISCARD_H
#define DMBC_CACHE_DISCARD_H

struct dmbc_request;

/* map(): the work is done by a worker, as the range may be long. */
int dmbc_discard_start(struct dmbc_request *rq);

#endif
