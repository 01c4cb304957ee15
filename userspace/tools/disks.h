/* SPDX-License-Identifier: GPL-2.0 */
/* The disks of a cache, as a command line names them. */
#ifndef DMBC_DISKS_H
#define DMBC_DISKS_H

#include <uuid/uuid.h>

#include "findings.h"

/* The two options, in tables: --backing DEV and, behind it, --origin-id UUID. */
#define DISKS_BACKING_ROW(key, help)                                                               \
	{                                                                                          \
		"backing", key, "DEV", help "; repeatable"                                         \
	}
#define DISKS_ORIGIN_ID_ROW(key)                                                                   \
	{                                                                                          \
		"origin-id", key, "UUID", "of the --backing before it, which is cached in place"   \
	}

struct disks {
	const char *path[FINDINGS_ORIGINS];
	uuid_t id[FINDINGS_ORIGINS];
	bool in_place[FINDINGS_ORIGINS]; /* it has an id, and no super block */
	unsigned int nr;
};

/* One more. DMBC_REFUSED after a message: too many. */
int disks_add(struct disks *d, const char *path);
/* The last one is cached in place. DMBC_REFUSED after a message. */
int disks_set_id(struct disks *d, const char *text);
/* Reads all into @origin, of FINDINGS_ORIGINS; what they say of themselves is not judged. */
enum dmbc_result disks_read(const struct disks *d, const struct dmbc_set *set,
			    struct dmbc_check_origin *origin, struct dmbc_error *err);

#endif
