// SPDX-License-Identifier: GPL-2.0
/* Open, check, and refuse what is damaged. */
#include "session.h"

#include "inplace.h"

#include <string.h>

/* A disk in place that is another one now, or was changed, is as bad as damage. */
static enum dmbc_result read_disks(struct session *s, const struct session_params *p,
				   struct dmbc_error *err)
{
	enum dmbc_result r = disks_read(&p->disks, s->set, s->origin, err);
	struct dmbc_inplace_disk disk;
	unsigned int i;

	s->origins = r == DMBC_OK ? p->disks.nr : 0;
	for (i = 0; i < s->origins && r == DMBC_OK && !p->force; i++) {
		disk = (struct dmbc_inplace_disk){ .path = s->origin[i].path,
						   .id = s->origin[i].uuid };
		if (s->origin[i].in_place)
			r = dmbc_inplace_refuse(s->set, &disk, err);
	}
	return r;
}

static enum dmbc_result check(struct session *s, const struct session_params *p,
			      struct dmbc_error *err)
{
	const struct dmbc_check_params params = {
		.level = DMBC_CHECK_ALL,
		.origin = s->origin,
		.origins = s->origins,
		.findings = &s->out.findings,
		.progress = tool_progress,
	};
	enum dmbc_result r;

	findings_start(&s->out, p->quiet ? NULL : stderr, p->list, FINDINGS_MAX);
	r = dmbc_check_run(s->set, &params, &s->report, err);
	findings_end(&s->out);
	s->verdict = dmbc_check_verdict(&s->out.findings);
	if (r != DMBC_OK || s->verdict < DMBC_BROKEN || p->force)
		return r;
	snprintf(err->text, sizeof(err->text),
		 "%s: %s: see dmbcache check, try dmbcache repair; or add --force to take what can "
		 "be read",
		 p->path, findings_verdict(&s->out.findings));
	return s->verdict;
}

enum dmbc_result session_open(struct session *s, const struct session_params *p,
			      struct dmbc_error *err)
{
	enum dmbc_result r;

	memset(s, 0, sizeof(*s));
	r = dmbc_device_open(p->path, p->writes ? DMBC_ACCESS_WRITE : DMBC_ACCESS_ALONE, &s->dev,
			     err);
	if (r == DMBC_OK)
		r = dmbc_set_open(s->dev, &s->set, err);
	if (r == DMBC_OK)
		r = read_disks(s, p, err);
	if (r == DMBC_OK && dmbc_set_is_fresh(s->set)) {
		snprintf(err->text, sizeof(err->text),
			 "%s: never started: there is nothing in it; see dmbcache show", p->path);
		return DMBC_REFUSED;
	}
	return r == DMBC_OK ? check(s, p, err) : r;
}

void session_close(struct session *s)
{
	dmbc_check_report_free(&s->report);
	dmbc_set_close(s->set);
	dmbc_device_close(s->dev);
}
