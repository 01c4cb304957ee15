/* SPDX-License-Identifier: GPL-2.0 */
/* What a check finds: kinds, places and consequences (findings.def), and who is told. */
#ifndef DMBC_FINDING_H
#define DMBC_FINDING_H

#include <linux/types.h>
#include <stdbool.h>

enum dmbc_severity {
	DMBC_SEVERITY_NOTE,
	DMBC_SEVERITY_MINOR,
	DMBC_SEVERITY_BROKEN,
	DMBC_SEVERITY_LOST,
	DMBC_NR_SEVERITIES,
};

enum dmbc_finding_code {
#define F(code, name, severity, meaning) DMBC_FINDING_##code,
#include "findings.def"
#undef F
	DMBC_NR_FINDINGS,
};

/* Sectors [start, end) of the disk in slot @inode; up to another slot where @to_inode differs. */
struct dmbc_range {
	__u32 inode, to_inode;
	__u64 start, end;
};

struct dmbc_place {
	char text[96];
};

struct dmbc_finding {
	enum dmbc_finding_code code;
	enum dmbc_severity severity;
	struct dmbc_place place;
	char text[200];
	bool has_range;
	struct dmbc_range range;
};

/* Collects findings; @fn hears of each. Zero-initialised but for @fn and @ctx. */
struct dmbc_findings {
	void (*fn)(void *ctx, const struct dmbc_finding *finding);
	void *ctx;
	bool nothing_dirty; /* every disk says so: damage cannot lose more than clean data */
	__u64 count[DMBC_NR_SEVERITIES];
};

/* "node-leaf"; "lost"; what it means for the cache. */
const char *dmbc_finding_name(enum dmbc_finding_code code);
const char *dmbc_finding_meaning(enum dmbc_finding_code code);
const char *dmbc_finding_severity_name(enum dmbc_severity severity);
/* Of a row in findings.def. */
enum dmbc_severity dmbc_finding_severity(enum dmbc_finding_code code);

/* The worst so far; NOTE also when there is none. */
enum dmbc_severity dmbc_finding_worst(const struct dmbc_findings *fs);

#endif
