/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by repair.c and repair_search.c only. */
#ifndef DMBC_REPAIR_INTERNAL_H
#define DMBC_REPAIR_INTERNAL_H

#include "keys.h"
#include "repair.h"
#include "walk.h"

struct dmbc_repair_span {
	struct dmbc_span span;
	bool found; /* a node with keys of it was found */
};

struct dmbc_repair {
	const struct dmbc_repair_params *p;
	struct dmbc_repair_report *report;
	struct dmbc_set *set;
	struct dmbc_keys keys; /* in the order of authority: later ones win */
	struct dmbc_repair_span *span; /* whose nodes are lost */
	size_t spans, span_room;
	unsigned char *trusted; /* bit per bucket: its generation was read */
	bool journal_lost; /* entries are missing: any clean data may be old */
	bool no_memory;
};

/* repair.c */
/* Tells of @done steps of @total, now and then. */
void dmbc_repair_tell(const struct dmbc_repair *r, __u64 done, __u64 total);
void dmbc_repair_lose(struct dmbc_repair *r, const struct dmbc_range *range, const char *why);

/* repair_search.c */
/* Without a journal: prio sets, and the table of disks by the origins' uuids. */
enum dmbc_result dmbc_repair_search_tables(struct dmbc_repair *r, struct dmbc_error *err);
/* Dirty keys of leaves that nothing names, within the lost spans. */
enum dmbc_result dmbc_repair_search_nodes(struct dmbc_repair *r, struct dmbc_error *err);

#endif
