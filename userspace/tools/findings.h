/* SPDX-License-Identifier: GPL-2.0 */
/* Findings of a check, for people and as JSON; of the commands that check first. */
#ifndef DMBC_FINDINGS_H
#define DMBC_FINDINGS_H

#include "check.h"
#include "tool.h"

#define FINDINGS_MAX 100 /* told unless --max says otherwise */
#define FINDINGS_ORIGINS 64

struct findings_out {
	struct dmbc_findings findings;
	FILE *text; /* NULL: none */
	struct json_object *list; /* NULL: none */
	__u64 max, told;
};

/* Findings go to @text, or to @list where that is not NULL. */
void findings_start(struct findings_out *out, FILE *text, struct json_object *list, __u64 max);
/* "12 more" where there were more than max. */
void findings_end(struct findings_out *out);
/* Fields disk, start, to_disk, end. */
void findings_add_range(struct json_object *object, const struct dmbc_range *range);
/* "sound", "minor damage", "broken", "data lost" */
const char *findings_verdict(const struct dmbc_findings *fs);

#endif
