/* SPDX-License-Identifier: GPL-2.0 */
/* The table line: from words to a configuration and back. */
#ifndef DMBC_TARGET_TABLE_H
#define DMBC_TARGET_TABLE_H

#include <dm-bcache/format.h>

#include "cache/inplace.h"
#include "cache/volume.h"
#include "lib/options.h"

struct dm_target;
struct dmbc_origin;

struct dmbc_config {
	const char *ssd, *hdd; /* as written; the constructor's words; a volume has no hdd */
	struct dmbc_volume_ask volume; /* name: NULL, or the constructor's word */
	enum dmbc_mode mode;
	bool in_place; /* origin_id was given */
	struct dmbc_inplace_id id;
	u64 option[DMBC_NR_OPTIONS]; /* defaults where not given */
	bool given[DMBC_NR_OPTIONS];
};

/* Parses the words after the target's name. 0, or -EINVAL with the reason in @why. */
int dmbc_table_parse(struct dmbc_config *c, unsigned int argc, char **argv, struct dmbc_why *why);
/* The mode called @name, or -EINVAL with the valid ones in @why. */
int dmbc_table_mode(const char *name, struct dmbc_why *why);
/* A size in bytes, with a suffix if need be, as sectors. */
int dmbc_table_size(const char *text, u64 *sectors, struct dmbc_why *why);
const char *dmbc_table_mode_name(enum dmbc_mode mode);

/*
 * Makes a configuration the origin's. Options of the origin that are not given
 * go back to their defaults; those of the set, which others may have set, stay.
 */
void dmbc_table_apply(const struct dmbc_config *c, struct dmbc_origin *origin);
/* What the origin is set to now, as a configuration; for the table line. */
void dmbc_table_read(struct dmbc_config *c, struct dmbc_origin *origin);

#endif
