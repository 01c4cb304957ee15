// SPDX-License-Identifier: GPL-2.0
/* dmbcache writeback: dirty data of a cache to its disks, without the kernel module. */
#include "inplace.h"
#include "transfer.h"

#include <json-c/json.h>

enum key { KEY_KEEP = TRANSFER_KEYS, KEY_DRY_RUN };

static const struct option_row options[] = {
	{ "keep", KEY_KEEP, NULL, "leave the disks attached to the cache, and dirty" },
	TRANSFER_ORIGIN_ID_ROW,
	TRANSFER_FORCE_ROW,
	{ "dry-run", KEY_DRY_RUN, NULL, "say how much there is, write nothing" },
	TRANSFER_JSON_ROW,
	{ NULL, 0, NULL, NULL },
};

struct request {
	struct transfer t;
	bool keep, dry_run;
};

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_KEEP: q->keep = true; break;
		case KEY_DRY_RUN: q->dry_run = true; break;
		default: transfer_take(&q->t, key);
		}
	}
	q->t.p.writes = q->t.origin_id && !q->dry_run;
	return transfer_take_words(&q->t, command, argc, argv);
}

static enum dmbc_result detach(const struct transfer *t, struct dmbc_error *err)
{
	const char *const *path = t->p.disks.path;
	enum dmbc_result r = DMBC_OK;
	unsigned int i;

	if (t->origin_id) {
		r = dmbc_inplace_detach(t->s.set, t->s.origin[0].uuid, err);
		if (r == DMBC_OK && !t->json)
			printf("%s: complete; the cache will drop what it has of it\n", path[0]);
		return r;
	}
	for (i = 0; i < t->p.disks.nr && r == DMBC_OK; i++) {
		r = dmbc_writeback_detach(t->disk[i], err);
		if (r == DMBC_OK && !t->json)
			printf("%s: complete and detached; its data begins at sector %llu\n",
			       path[i], t->s.origin[i].data_offset);
	}
	return r;
}

/* @detached: the disks. */
static void print_json(const struct request *q, bool detached)
{
	struct json_object *o = transfer_json(&q->t);
	__u64 bytes = q->t.w.done * DMBC_SECTOR_BYTES;

	tool_json_number(o, "written_bytes", q->dry_run ? 0 : bytes);
	if (q->dry_run)
		tool_json_number(o, "dirty_bytes", bytes);
	transfer_json_disks(&q->t, o);
	json_object_object_add(o, "detached", json_object_new_boolean(detached));
	transfer_print_json(&q->t, o);
}

static enum dmbc_result work(struct request *q, struct dmbc_error *err)
{
	struct transfer *t = &q->t;
	enum dmbc_result r;
	bool detaches;

	t->w.dry_run = q->dry_run;
	t->w.total = transfer_amount(t, true);
	r = dmbc_writeback_run(&t->w, err);
	findings_end(&t->s.out);
	if (r != DMBC_OK)
		return r;
	if (!t->json)
		transfer_print_text(t, q->dry_run ? "to be written back; nothing was written"
						  : "written back");
	r = dmbc_check_verdict(&t->s.out.findings);
	err->text[0] = '\0';
	detaches = r < DMBC_BROKEN && !q->dry_run && !q->keep;
	if (r < DMBC_BROKEN)
		r = detaches ? detach(t, err) : DMBC_OK;
	if (t->json)
		print_json(q, detaches && r == DMBC_OK);
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct request q = { .keep = false };
	struct transfer *t = &q.t;
	struct dmbc_error err;
	enum dmbc_result r;

	if (parse(command, argc, argv, &q) != DMBC_OK)
		return DMBC_REFUSED;
	r = transfer_open(t, q.dry_run ? DMBC_ACCESS_READ : DMBC_ACCESS_WRITE, &err);
	if (r >= DMBC_BROKEN && t->json)
		print_json(&q, false);
	if (r == DMBC_OK && t->p.writes)
		r = dmbc_inplace_begin(t->s.set, t->s.origin[0].uuid, &err);
	if (r == DMBC_OK)
		r = work(&q, &err);
	return transfer_end(t, r, &err);
}

const struct command cmd_writeback = {
	.name = "writeback",
	.arguments = "[OPTION...] SSD DISK...",
	.summary = "Write all dirty data to the disks, without the kernel module.",
	.example = "dmbcache writeback /dev/nvme0n1p3 /dev/sdb",
	.options = options,
	.run = run,
};
