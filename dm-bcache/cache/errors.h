/* SPDX-License-Identifier: GPL-2.0 */
/* Errors, as far as the life of a set is concerned; the I/O path's share is in origin.h. */
#ifndef DMBC_CACHE_ERRORS_H
#define DMBC_CACHE_ERRORS_H

#include <linux/types.h>

struct dmbc_origin;
struct dmbc_set;

void dmbc_errors_init(struct dmbc_set *set);
/*
 * All dirty data of @origin was copied to it and flushed although its SSD has
 * failed: it may go on alone. Sleeps. False: "stale" could not be written.
 */
bool dmbc_errors_let_go(struct dmbc_origin *origin);

#endif
