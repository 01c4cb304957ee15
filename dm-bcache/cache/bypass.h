/* SPDX-License-Identifier: GPL-2.0 */
/* Should this request leave the SSD alone? Decided once, in map() or on retry. */
#ifndef DMBC_CACHE_BYPASS_H
#define DMBC_CACHE_BYPASS_H

#include <linux/types.h>

struct dmbc_request;
struct dmbc_set;

/* Any read: notes its stream; true if that is too long to be cached. Any context. */
bool dmbc_bypass_stream(struct dmbc_request *rq);
/* A read miss: true if there is another reason not to put it on the SSD. Any context. */
bool dmbc_bypass_miss(struct dmbc_request *rq);

/* So full that nothing new goes in; the rest is for metadata. Any context. */
bool dmbc_bypass_full(struct dmbc_set *set);

enum dmbc_write_way { DMBC_WRITE_SSD, DMBC_WRITE_BOTH, DMBC_WRITE_AROUND };

/* Where a write goes if nothing dirty lies under it. Notes the stream. Any context. */
enum dmbc_write_way dmbc_bypass_write(struct dmbc_request *rq);

#endif
