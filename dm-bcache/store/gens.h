/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generations and priorities on the medium: a chain of prio sets in freshly
 * allocated buckets, last to first, then a journal entry that names the first,
 * then the old chain is dead (format sections 6 and 9, rules 3 and 4).
 */
#ifndef DMBC_STORE_GENS_H
#define DMBC_STORE_GENS_H

#include <linux/types.h>

#include "lib/port.h"
#include "store/bucket.h"

struct dmbc_alloc;
struct dmbc_blockio;
struct dmbc_gens;
struct dmbc_journal;
struct dmbc_why;

struct dmbc_gens *dmbc_gens_create(struct dmbc_blockio *io, struct dmbc_buckets *bs,
				   struct dmbc_alloc *a, struct dmbc_journal *j);
void dmbc_gens_destroy(struct dmbc_gens *g);

/*
 * Loads the chain that starts at @bucket (from the newest journal entry) into
 * the bucket array and marks its buckets as metadata. A damaged chain is an
 * error with its reason. Sleeps.
 */
int dmbc_gens_load(struct dmbc_gens *g, __u64 bucket, struct dmbc_why *why);
/*
 * Writes all generations as of now and makes them durable (waits for the
 * journal). Takes its buckets from RESERVE_PRIO without waiting: -ENOSPC if they
 * are not there, with nothing changed. On any other error nothing may be reused.
 * Sleeps; one caller at a time: start-up, then the refill.
 */
int dmbc_gens_write(struct dmbc_gens *g);
/* A replay is under way, in which the journal's room should be spared. */
bool dmbc_gens_replaying(const struct dmbc_gens *g);

#endif
