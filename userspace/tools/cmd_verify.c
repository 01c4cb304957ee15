// SPDX-License-Identifier: GPL-2.0
/* dmbcache verify: clean data of a cache against its disks, without the kernel module. */
#include "transfer.h"

static const struct option_row options[] = {
	TRANSFER_ORIGIN_ID_ROW,
	TRANSFER_FORCE_ROW,
	TRANSFER_JSON_ROW,
	{ NULL, 0, NULL, NULL },
};

static void print_json(const struct transfer *t)
{
	struct json_object *o = transfer_json(t);

	tool_json_number(o, "compared_bytes", t->w.done * DMBC_SECTOR_BYTES);
	transfer_json_disks(t, o);
	transfer_print_json(t, o);
}

static enum dmbc_result work(struct transfer *t, struct dmbc_error *err)
{
	enum dmbc_result r;

	t->w.total = transfer_amount(t, false);
	r = dmbc_writeback_verify(&t->w, err);
	findings_end(&t->s.out);
	if (r != DMBC_OK)
		return r;
	if (t->json)
		print_json(t);
	else
		transfer_print_text(t, "of clean data compared");
	err->text[0] = '\0';
	r = dmbc_check_verdict(&t->s.out.findings);
	return r < DMBC_BROKEN ? DMBC_OK : r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct transfer t = { .json = false };
	struct dmbc_error err;
	enum dmbc_result r;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1)
		transfer_take(&t, key);
	if (transfer_take_words(&t, command, argc, argv) != DMBC_OK)
		return DMBC_REFUSED;
	r = transfer_open(&t, DMBC_ACCESS_READ, &err);
	if (r >= DMBC_BROKEN && t.json)
		print_json(&t);
	if (r == DMBC_OK)
		r = work(&t, &err);
	return transfer_end(&t, r, &err);
}

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "[OPTION...] SSD DISK...",
	.summary = "Compare clean data with the disks.",
	.example = "dmbcache verify /dev/nvme0n1p3 /dev/sdb",
	.options = options,
	.run = run,
};
