// SPDX-License-Identifier: GPL-2.0
/* Names and ids of disks into what a check takes. */
#include "disks.h"

int disks_add(struct disks *d, const char *path)
{
	if (d->nr == FINDINGS_ORIGINS)
		return tool_refuse("more than %d disks; leave some out", FINDINGS_ORIGINS);
	d->path[d->nr++] = path;
	return DMBC_OK;
}

int disks_set_id(struct disks *d, const char *text)
{
	unsigned int last = d->nr - 1;

	if (!d->nr || d->in_place[last])
		return tool_refuse("--origin-id %s: of which disk? use --backing DEV --origin-id "
				   "UUID",
				   text);
	if (uuid_parse(text, d->id[last]))
		return tool_refuse("--origin-id %s: not a UUID; give that of the table line", text);
	d->in_place[last] = true;
	return DMBC_OK;
}

enum dmbc_result disks_read(const struct disks *d, const struct dmbc_set *set,
			    struct dmbc_check_origin *origin, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	unsigned int i;

	for (i = 0; i < d->nr && r == DMBC_OK; i++)
		r = d->in_place[i]
			    ? dmbc_check_read_in_place(set, d->id[i], d->path[i], &origin[i], err)
			    : dmbc_check_read_origin(d->path[i], &origin[i], err);
	return r;
}
