/* SPDX-License-Identifier: GPL-2.0 */
/* The extents that a start would serve, one by one, in order of disk and sector. */
#ifndef DMBC_EXTENTS_H
#define DMBC_EXTENTS_H

#include "set.h"

/* @k has data on the SSD. False: stop; the function has written its own line to the error. */
typedef bool (*dmbc_extents_fn)(void *ctx, const struct dmbc_key *k);

/*
 * After dmbc_check_run() has read the tables and corrected the generations. Nodes
 * that are damaged are passed over, as far as they are: the check told of them.
 * DMBC_IO: @fn said stop, or no memory.
 */
enum dmbc_result dmbc_extents_run(struct dmbc_set *set, dmbc_extents_fn fn, void *ctx,
				  struct dmbc_error *err);

#endif
