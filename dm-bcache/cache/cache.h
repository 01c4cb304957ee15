/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What target/ may ask of the cache. Sets and origins are opaque to it.
 * All functions sleep unless they say otherwise.
 */
#ifndef DMBC_CACHE_CACHE_H
#define DMBC_CACHE_CACHE_H

#include <linux/bio.h>
#include <linux/types.h>

#include <dm-bcache/format.h>

#include "cache/counters.h"
#include "cache/inplace.h"
#include "cache/range.h"
#include "cache/status.h"
#include "cache/volume.h"
#include "lib/options.h"
#include "lib/verify.h"
#include "lib/window.h"

struct block_device;
struct dmbc_origin;
struct dmbc_set;

/* ---- life (cache.c, startup.c) ---------------------------------------------- */

/* Reads and verifies the super block of @bdev; writes nothing. ERR_PTR with a reason in @why. */
struct dmbc_set *dmbc_set_create(struct block_device *bdev, struct dmbc_why *why);
/* Stops everything in order, leaves the medium consistent, frees. No origins left. Never writes
 * data back. */
void dmbc_set_destroy(struct dmbc_set *set);

/* What an origin is made of. */
struct dmbc_origin_ask {
	struct block_device *bdev; /* NULL: a volume */
	const struct dmbc_inplace_id *id; /* of a disk that has no super block, or NULL */
	struct dmbc_volume_ask volume; /* without a disk */
};

/* The same for the backing device; checks that it can belong to @set. */
struct dmbc_origin *dmbc_origin_create(struct dmbc_set *set, const struct dmbc_origin_ask *ask,
				       struct dmbc_why *why);
bool dmbc_origin_is_in_place(const struct dmbc_origin *origin);
const u8 *dmbc_origin_uuid(const struct dmbc_origin *origin);
/* Of one that is suspended or was never resumed. */
void dmbc_origin_destroy(struct dmbc_origin *origin);
u64 dmbc_origin_sectors(struct dmbc_origin *origin); /* usable: device less data offset; of a
						      * volume U64_MAX before the first resume */
u64 dmbc_origin_data_offset(struct dmbc_origin *origin); /* sectors */
u32 dmbc_origin_block_bytes(struct dmbc_origin *origin); /* smallest request it may get */

/*
 * First preresume and every later one: loads the index if that was not done
 * yet (once per set), attaches the origin if it is not (once), starts its
 * threads, opens it for I/O. May fail and be called again. The reason is in @why.
 */
int dmbc_origin_resume(struct dmbc_origin *origin, struct dmbc_why *why);
/* After postsuspend: no bios in flight; stops its writeback, journal flushed. */
void dmbc_origin_suspend(struct dmbc_origin *origin);

/* ---- I/O (dispatch.c) ---------------------------------------------------------- */

/* Bytes of per-bio data. */
unsigned int dmbc_cache_request_bytes(void);
/* map(): no sleep, no I/O wait. @request: per-bio data; @sector: from the start of the target. */
int dmbc_cache_map(struct dmbc_origin *origin, struct bio *bio, void *request, u64 sector);
/* end_io(): any context. */
int dmbc_cache_end_io(struct bio *bio, void *request, blk_status_t *error);

/* ---- control (cache.c) ----------------------------------------------------------- */

void dmbc_origin_set_mode(struct dmbc_origin *origin, enum dmbc_mode mode);
enum dmbc_mode dmbc_origin_mode(struct dmbc_origin *origin);
/* Range was checked against the row; SET rows go to the origin's set. Takes effect at once,
 * node_memory when the set is next loaded. */
void dmbc_origin_set_option(struct dmbc_origin *origin, enum dmbc_option o, u64 value);
u64 dmbc_origin_option(struct dmbc_origin *origin, enum dmbc_option o);
void dmbc_origin_flush(struct dmbc_origin *origin); /* start writing everything back; returns */
/* A suspend is coming, or after all not: what takes long ends early. Any context. */
void dmbc_origin_hurry(struct dmbc_origin *origin, bool on);
/* @fn is called from a worker when the state has changed; NULL: not any more, waits. */
void dmbc_origin_listen(struct dmbc_origin *origin, void (*fn)(void *ctx), void *ctx);
/* Does one of range.h to a range in sectors from the target's start on; 0 sectors: up to the end. */
struct dmbc_range_ask {
	u64 start, sectors;
};
typedef int (*dmbc_range_fn)(struct dmbc_origin *o, u64 start, u64 end,
			     struct dmbc_range_result *r);
int dmbc_origin_range(struct dmbc_origin *origin, dmbc_range_fn fn,
		      const struct dmbc_range_ask *ask, struct dmbc_range_result *result,
		      struct dmbc_why *why);
/* Starts to write everything back, after which the origin is a plain disk; returns. -EBUSY. */
int dmbc_origin_detach(struct dmbc_origin *origin, struct dmbc_why *why);
/* After a detach: cached again. -EBUSY, or what an attach may say. */
int dmbc_origin_attach(struct dmbc_origin *origin, struct dmbc_why *why);
/* The label on both super blocks, at most DMBC_SB_LABEL_BYTES. */
int dmbc_origin_set_label(struct dmbc_origin *origin, const char *label, struct dmbc_why *why);
void dmbc_origin_get_label(struct dmbc_origin *origin, char label[DMBC_SB_LABEL_BYTES + 1]);
void dmbc_origin_gc(struct dmbc_origin *origin); /* start a gc pass of its set; returns */
void dmbc_origin_clear_stats(struct dmbc_origin *origin);
/* @window: enum dmbc_window, or since the last clear. */
#define DMBC_COUNTERS_TOTAL DMBC_NR_WINDOWS
void dmbc_origin_get_counters(struct dmbc_origin *origin, int window, struct dmbc_counters *c);

/* More than status tells; a look at every bucket. 0, -ENOMEM. */
int dmbc_origin_get_internal(struct dmbc_origin *origin, struct dmbc_internal *in);
void dmbc_origin_get_status(struct dmbc_origin *origin, struct dmbc_status *st);

#endif
