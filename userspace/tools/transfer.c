// SPDX-License-Identifier: GPL-2.0
/* transfer_take() and transfer_take_words(), then transfer_open(), the command's work, transfer_end(). */
#include "transfer.h"

#include "set.h"

#include <getopt.h>
#include <json-c/json.h>

void transfer_take(struct transfer *t, int key)
{
	switch (key) {
	case TRANSFER_ORIGIN_ID: t->origin_id = optarg; break;
	case TRANSFER_FORCE: t->p.force = true; break;
	case TRANSFER_JSON: t->json = true; break;
	}
}

int transfer_take_words(struct transfer *t, const struct command *command, int argc, char **argv)
{
	int i;

	if (optind + 2 > argc)
		return tool_refuse(
			"%s: name the cache device and its disks; see dmbcache %s --help",
			command->name, command->name);
	if (t->origin_id && optind + 2 != argc)
		return tool_refuse("--origin-id: is that of one disk; name only that");
	t->p.path = argv[optind];
	for (i = optind + 1; i < argc; i++)
		if (disks_add(&t->p.disks, argv[i]) != DMBC_OK)
			return DMBC_REFUSED;
	return t->origin_id ? disks_set_id(&t->p.disks, t->origin_id) : DMBC_OK;
}

enum dmbc_result transfer_open(struct transfer *t, enum dmbc_access access, struct dmbc_error *err)
{
	enum dmbc_result r;
	unsigned int i;

	t->p.list = t->json ? json_object_new_array() : NULL;
	r = session_open(&t->s, &t->p, err);
	for (i = 0; i < t->p.disks.nr && r == DMBC_OK; i++)
		r = dmbc_device_open(t->p.disks.path[i], access, &t->disk[i], err);
	t->w = (struct dmbc_writeback){
		.set = t->s.set,
		.origin = t->s.origin,
		.disk = t->disk,
		.origins = t->s.origins,
		.findings = &t->s.out.findings,
		.progress = tool_progress,
	};
	return r;
}

int transfer_end(struct transfer *t, enum dmbc_result r, const struct dmbc_error *err)
{
	unsigned int i;

	if (r != DMBC_OK && err->text[0])
		tool_report(r, err);
	for (i = 0; i < FINDINGS_ORIGINS; i++)
		dmbc_device_close(t->disk[i]);
	session_close(&t->s);
	json_object_put(t->p.list);
	return (int)r;
}

__u64 transfer_amount(const struct transfer *t, bool dirty)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < t->s.origins; i++) {
		int slot = dmbc_set_find_slot(t->s.set, t->s.origin[i].uuid);
		const struct dmbc_check_tally *c = slot < 0 ? NULL : &t->s.report.tally[slot];

		if (c)
			sum += dirty ? c->dirty : c->sectors - c->dirty;
	}
	return sum;
}

void transfer_print_text(const struct transfer *t, const char *what)
{
	char size[32];

	dmbc_text_size(t->w.done * DMBC_SECTOR_BYTES, size, sizeof(size));
	printf("%s: %s %s\n", t->p.path, size, what);
}

struct json_object *transfer_json(const struct transfer *t)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "device", json_object_new_string(t->p.path));
	json_object_object_add(o, "verdict",
			       json_object_new_string(findings_verdict(&t->s.out.findings)));
	return o;
}

void transfer_json_disks(const struct transfer *t, struct json_object *o)
{
	struct json_object *disks = json_object_new_array();
	unsigned int i;

	for (i = 0; i < t->p.disks.nr; i++)
		json_object_array_add(disks, json_object_new_string(t->p.disks.path[i]));
	json_object_object_add(o, "disks", disks);
}

void transfer_print_json(const struct transfer *t, struct json_object *o)
{
	json_object_object_add(o, "findings", json_object_get(t->s.out.list));
	tool_print_json(o);
}
