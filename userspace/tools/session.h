/* SPDX-License-Identifier: GPL-2.0 */
/* A cache opened and checked, and its disks: how the commands begin that need a sound one. */
#ifndef DMBC_SESSION_H
#define DMBC_SESSION_H

#include "check.h"
#include "disks.h"

struct session {
	struct dmbc_device *dev;
	struct dmbc_set *set;
	struct dmbc_check_origin origin[FINDINGS_ORIGINS];
	unsigned int origins;
	struct dmbc_check_report report;
	struct findings_out out;
	enum dmbc_result verdict; /* of the check */
};

struct session_params {
	const char *path;
	struct disks disks;
	bool force; /* go on with damage */
	bool writes; /* to the cache, too */
	bool quiet; /* do not tell minor findings */
	struct json_object *list; /* findings go there; NULL: to standard error */
};

/*
 * Opens the cache, reads its disks and checks. Findings go to standard error.
 * DMBC_REFUSED where the cache is damaged and force is not given. To be ended
 * with session_close() after success and failure.
 */
enum dmbc_result session_open(struct session *s, const struct session_params *p,
			      struct dmbc_error *err);
void session_close(struct session *s);

#endif
