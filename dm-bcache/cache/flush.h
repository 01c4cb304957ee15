/* SPDX-License-Identifier: GPL-2.0 */
/* PREFLUSH: everything acknowledged so far becomes durable on both devices. */
#ifndef DMBC_CACHE_FLUSH_H
#define DMBC_CACHE_FLUSH_H

struct dmbc_request;

/* map() only (dm sends flushes as empty bios). Returns a DM_MAPIO_* value. */
int dmbc_flush_start(struct dmbc_request *rq);

#endif
