/* SPDX-License-Identifier: GPL-2.0 */
/* Writes in all modes. */
#ifndef DMBC_CACHE_WRITE_H
#define DMBC_CACHE_WRITE_H

struct dmbc_request;

/* Starts a write; a DM_MAPIO_* value in map(), without meaning in process context. */
int dmbc_write_start(struct dmbc_request *rq);

#endif
