/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Index changes of the I/O path, gathered: completions hand them in from any
 * context, one worker applies what has come together in one go.
 */
#ifndef DMBC_CACHE_PUT_H
#define DMBC_CACHE_PUT_H

#include <linux/llist.h>

#include "store/index.h"

struct dmbc_origin;
struct dmbc_set;
struct work_struct;

struct dmbc_put {
	struct llist_node node;
	struct dmbc_origin *origin;
	struct dmbc_insert insert;
	/* called by the worker when applied; insert.error tells how it went */
	void (*done)(struct dmbc_put *put);
};

/* Any context. put->origin, put->insert and put->done are filled. */
void dmbc_put_queue(struct dmbc_set *set, struct dmbc_put *put);
/* The worker. */
void dmbc_put_work(struct work_struct *work);

#endif
