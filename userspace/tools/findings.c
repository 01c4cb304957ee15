// SPDX-License-Identifier: GPL-2.0
/* Printing what a check finds. */
#include "findings.h"

#include <json-c/json.h>
#include <string.h>

static void print_range(FILE *out, const struct dmbc_range *r)
{
	if (r->to_inode != r->inode)
		fprintf(out, "        from disk %u, sector %llu, to disk %u, sector %llu\n",
			r->inode, r->start, r->to_inode, r->end);
	else
		fprintf(out, "        disk %u, sectors %llu to %llu\n", r->inode, r->start, r->end);
}

void findings_add_range(struct json_object *object, const struct dmbc_range *range)
{
	tool_json_number(object, "disk", range->inode);
	tool_json_number(object, "start", range->start);
	tool_json_number(object, "to_disk", range->to_inode);
	tool_json_number(object, "end", range->end);
}

static struct json_object *finding_json(const struct dmbc_finding *f)
{
	struct json_object *o = json_object_new_object();
	const char *severity = dmbc_finding_severity_name(f->severity);

	json_object_object_add(o, "finding", json_object_new_string(dmbc_finding_name(f->code)));
	json_object_object_add(o, "severity", json_object_new_string(severity));
	json_object_object_add(o, "place", json_object_new_string(f->place.text));
	json_object_object_add(o, "text", json_object_new_string(f->text));
	json_object_object_add(o, "meaning", json_object_new_string(dmbc_finding_meaning(f->code)));
	if (f->has_range)
		findings_add_range(o, &f->range);
	return o;
}

static void tell(void *ctx, const struct dmbc_finding *f)
{
	struct findings_out *out = ctx;

	if (out->told++ >= out->max)
		return;
	if (out->list) {
		json_object_array_add(out->list, finding_json(f));
		return;
	}
	if (!out->text)
		return;
	tool_progress(NULL, 0, 0);
	fprintf(out->text, "%-6s  %s: %s: %s\n        %s\n",
		dmbc_finding_severity_name(f->severity), dmbc_finding_name(f->code), f->place.text,
		f->text, dmbc_finding_meaning(f->code));
	if (f->has_range)
		print_range(out->text, &f->range);
}

void findings_start(struct findings_out *out, FILE *text, struct json_object *list, __u64 max)
{
	memset(out, 0, sizeof(*out));
	out->findings.fn = tell;
	out->findings.ctx = out;
	out->text = text;
	out->list = list;
	out->max = max;
}

void findings_end(struct findings_out *out)
{
	tool_progress(NULL, 0, 0);
	if (out->text && out->told > out->max)
		fprintf(out->text, "%llu more; add --max %llu to see them\n", out->told - out->max,
			out->told);
}

const char *findings_verdict(const struct dmbc_findings *fs)
{
	static const char *const verdicts[] = { "sound", "minor damage", "broken", "data lost" };

	return verdicts[dmbc_finding_worst(fs)];
}
