/* SPDX-License-Identifier: GPL-2.0 */
/* An origin leaves its SSD, with everything on it, and joins it again. */
#ifndef DMBC_CACHE_DETACH_H
#define DMBC_CACHE_DETACH_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_request;
struct dmbc_why;

/* Memory, for as long as the origin lives; both sleep. 0, -ENOMEM. */
int dmbc_detach_create(struct dmbc_origin *origin);
void dmbc_detach_destroy(struct dmbc_origin *origin);

/* From now on nothing new goes to the SSD; the caller starts a flush. Process context. -EBUSY with
 * the reason. */
int dmbc_detach_start(struct dmbc_origin *origin, struct dmbc_why *why);
/* The writeback thread's, while detaching, when nothing is dirty: waits for the last writes to
 * the SSD. Sleeps. */
void dmbc_detach_drain(struct dmbc_origin *origin);
/* The writeback thread's, after that: the origin is a plain disk from here on. False: its super
 * block cannot be written. Sleeps. */
bool dmbc_detach_finish(struct dmbc_origin *origin);
/* A detached origin is cached again, beginning with nothing. Process context. */
int dmbc_detach_undo(struct dmbc_origin *origin, struct dmbc_why *why);

/* Any context: may this write go to the SSD alone? If so, dmbc_detach_leave() when its key is in
 * the index or it was given up. */
bool dmbc_detach_enter(struct dmbc_origin *origin);
void dmbc_detach_leave(struct dmbc_origin *origin);
/* map(), of a detached origin: sends it to the disk, true with what map() returns in *@r; false: it
 * is being cached again. */
bool dmbc_detach_pass(struct dmbc_request *rq, int *r);

#endif
