// SPDX-License-Identifier: GPL-2.0
/* The table of findings.def, and handing findings on. */
#include "finding_internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
	const char *name;
	enum dmbc_severity severity;
	const char *meaning;
} rows[] = {
#define F(code, name, severity, meaning) { name, DMBC_SEVERITY_##severity, meaning },
#include "findings.def"
#undef F
};

static const char *const severities[] = { "note", "minor", "broken", "lost" };

const char *dmbc_finding_name(enum dmbc_finding_code code)
{
	return rows[code].name;
}

const char *dmbc_finding_meaning(enum dmbc_finding_code code)
{
	return rows[code].meaning;
}

enum dmbc_severity dmbc_finding_severity(enum dmbc_finding_code code)
{
	return rows[code].severity;
}

const char *dmbc_finding_severity_name(enum dmbc_severity severity)
{
	return severities[severity];
}

struct dmbc_place dmbc_finding_place(const char *format, ...)
{
	struct dmbc_place place;
	va_list args;

	va_start(args, format);
	vsnprintf(place.text, sizeof(place.text), format, args);
	va_end(args);
	return place;
}

void dmbc_finding_add(struct dmbc_findings *fs, enum dmbc_finding_code code,
		      const struct dmbc_range *range, struct dmbc_place place, const char *format,
		      ...)
{
	struct dmbc_finding f = { .code = code, .place = place, .has_range = range != NULL };
	va_list args;

	if (!fs)
		return;
	if (range)
		f.range = *range;
	f.severity = rows[code].severity;
	if (f.severity == DMBC_SEVERITY_LOST && fs->nothing_dirty)
		f.severity = DMBC_SEVERITY_BROKEN;
	va_start(args, format);
	vsnprintf(f.text, sizeof(f.text), format, args);
	va_end(args);
	fs->count[f.severity]++;
	if (fs->fn)
		fs->fn(fs->ctx, &f);
}

enum dmbc_severity dmbc_finding_worst(const struct dmbc_findings *fs)
{
	int severity = DMBC_NR_SEVERITIES - 1;

	while (severity > 0 && !fs->count[severity])
		severity--;
	return (enum dmbc_severity)severity;
}
