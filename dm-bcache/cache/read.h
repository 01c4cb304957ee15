/* SPDX-License-Identifier: GPL-2.0 */
/* Reads: hit, miss, fill. */
#ifndef DMBC_CACHE_READ_H
#define DMBC_CACHE_READ_H

struct dmbc_request;
struct dmbc_set;

/* What reads and writes of a set need: bio sets, the limit of memory for fills. Sleeps. 0, -ENOMEM. */
int dmbc_read_set_init(struct dmbc_set *set);
void dmbc_read_set_exit(struct dmbc_set *set);

/* Starts a read; a DM_MAPIO_* value in map(), without meaning in process context. */
int dmbc_read_start(struct dmbc_request *rq);

#endif
