/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is to be written back next: dirty keys of one origin in the order of the
 * disk, from where the last turn was left. Used by the writeback thread alone.
 */
#ifndef DMBC_CACHE_WRITEBACK_SCAN_H
#define DMBC_CACHE_WRITEBACK_SCAN_H

#include "lib/key.h"

struct dmbc_origin;

#define DMBC_WRITEBACK_KEYS 500

struct dmbc_writeback_scan {
	struct dmbc_origin *origin;
	u64 pos; /* where the index is read on */
	bool ended; /* what is in keys is the last of this turn */
	u32 nr, at; /* keys; the next one */
	struct dmbc_key *keys;
};

int dmbc_writeback_scan_init(struct dmbc_writeback_scan *s, struct dmbc_origin *origin);
void dmbc_writeback_scan_exit(struct dmbc_writeback_scan *s);
/*
 * The next key, or NULL: the end of the disk was reached (the next call begins
 * a new turn) or, with *@error set, the index could not be read. Sleeps.
 */
const struct dmbc_key *dmbc_writeback_scan_next(struct dmbc_writeback_scan *s, int *error);

#endif
