/* SPDX-License-Identifier: GPL-2.0 */
/* Should this request leave the SSD alone? Decided once, in map() or on retry. */
#ifndef DMBC_CACHE_BYPASS_H
#define DMBC_CACHE_BYPASS_H

#include <linux/types.h>

struct dmbc_request;

/* A read: true if a miss is not to be put on the SSD. Notes the stream. Any context. */
bool dmbc_bypass_read(struct dmbc_request *rq);

enum dmbc_write_way { DMBC_WRITE_SSD, DMBC_WRITE_BOTH, DMBC_WRITE_AROUND };

/* Where a write goes if nothing dirty lies under it. Notes the stream. Any context. */
enum dmbc_write_way dmbc_bypass_write(struct dmbc_request *rq);

#endif
