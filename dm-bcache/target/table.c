// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the meaning of the table line's words:
 *
 *   <SSD> <HDD> <mode> [<#words> <name> <value> ...]
 *   <SSD> volume <uuid or label> [<#words> <name> <value> ...]
 *
 * dmbc_table_parse() when a table is loaded; dmbc_table_apply() when it becomes
 * the live one; dmbc_table_read() for the way back. Names and values of options
 * are lib/options.c's business.
 */
#include "target/table.h"

#include <linux/blkdev.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uuid.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"
#include "lib/port.h"

static const char *const mode_names[] = { DMBC_MODE_NAMES };

int dmbc_table_mode(const char *name, struct dmbc_why *why)
{
	int mode;

	for (mode = 0; mode < DMBC_NR_MODES; mode++)
		if (!strcmp(name, mode_names[mode]))
			return mode;
	dmbc_explain(why, "unknown mode '%.32s': use %s, %s, %s or %s", name, mode_names[0],
		     mode_names[1], mode_names[2], mode_names[3]);
	return -EINVAL;
}

int dmbc_table_size(const char *text, u64 *sectors, struct dmbc_why *why)
{
	char *end;
	u64 bytes = memparse(text, &end);

	*sectors = bytes >> SECTOR_SHIFT;
	if (end != text && !*end && *sectors && !(bytes & (SECTOR_SIZE - 1)))
		return 0;
	dmbc_explain(why, "size '%.24s': use bytes, a multiple of 512, or a number with K, M, G, T",
		     text);
	return -EINVAL;
}

const char *dmbc_table_mode_name(enum dmbc_mode mode)
{
	return mode < DMBC_NR_MODES ? mode_names[mode] : "?";
}

static int given_twice(const char *name, struct dmbc_why *why)
{
	dmbc_explain(why, "option %s is given twice", name);
	return -EINVAL;
}

static int parse_id(struct dmbc_config *c, const char *text, struct dmbc_why *why)
{
	uuid_t uuid;

	if (c->in_place)
		return given_twice(DMBC_ARG_ORIGIN_ID, why);
	if (uuid_parse(text, &uuid) || uuid_is_null(&uuid)) {
		dmbc_explain(why, "origin_id '%.40s' is not a uuid: choose one with uuidgen", text);
		return -EINVAL;
	}
	c->in_place = true;
	export_uuid(c->id.uuid, &uuid);
	return 0;
}

static int parse_mismatch(struct dmbc_config *c, const char *text, struct dmbc_why *why)
{
	c->id.forget = !strcmp(text, "forget");
	if (c->id.forget || !strcmp(text, "refuse"))
		return 0;
	dmbc_explain(why, "origin_mismatch '%.32s': use refuse or forget", text);
	return -EINVAL;
}

/* Of a volume: its size, should it not exist yet. */
static int parse_create(struct dmbc_config *c, const char *text, struct dmbc_why *why)
{
	if (!c->volume.name) {
		dmbc_explain(why, "create is for volumes");
		return -EINVAL;
	}
	return dmbc_table_size(text, &c->volume.sectors, why);
}

static int parse_option(struct dmbc_config *c, const char *name, const char *text,
			struct dmbc_why *why)
{
	int which;

	if (!strcmp(name, DMBC_ARG_CREATE))
		return parse_create(c, text, why);
	if (!strcmp(name, DMBC_ARG_ORIGIN_ID) && !c->volume.name)
		return parse_id(c, text, why);
	if (!strcmp(name, DMBC_ARG_ORIGIN_MISMATCH))
		return parse_mismatch(c, text, why);
	which = dmbc_option_find(name, why);

	if (which < 0)
		return which;
	if (c->given[which])
		return given_twice(name, why);
	c->given[which] = true;
	return dmbc_option_parse(which, text, &c->option[which], why);
}

/* @argv[0]: the number of words that follow. */
static int parse_options(struct dmbc_config *c, unsigned int argc, char **argv,
			 struct dmbc_why *why)
{
	unsigned int nr, i;
	int r = 0;

	if (!argc)
		return 0;
	if (kstrtouint(argv[0], 10, &nr) || nr != argc - 1) {
		dmbc_explain(why, "'%.16s' must be the number of words after it: %u", argv[0],
			     argc - 1);
		return -EINVAL;
	}
	if (nr % 2) {
		dmbc_explain(why, "%u words after '%s' are not pairs: add the missing value", nr,
			     argv[0]);
		return -EINVAL;
	}
	for (i = 1; i < argc && !r; i += 2)
		r = parse_option(c, argv[i], argv[i + 1], why);
	return r;
}

int dmbc_table_parse(struct dmbc_config *c, unsigned int argc, char **argv, struct dmbc_why *why)
{
	unsigned int i;
	int mode;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < DMBC_NR_OPTIONS; i++)
		c->option[i] = dmbc_option_rows[i].def;
	if (argc < 3) {
		dmbc_explain(why,
			     "%u words are too few: use <SSD> <HDD> <mode> [<#words> <name> "
			     "<value> ...]",
			     argc);
		return -EINVAL;
	}
	c->ssd = argv[0];
	if (!strcmp(argv[1], DMBC_ARG_VOLUME)) {
		c->volume.name = argv[2];
		c->mode = DMBC_WRITEBACK;
		return parse_options(c, argc - 3, argv + 3, why);
	}
	c->hdd = argv[1];
	mode = dmbc_table_mode(argv[2], why);
	if (mode < 0)
		return mode;
	c->mode = mode;
	return parse_options(c, argc - 3, argv + 3, why);
}

void dmbc_table_apply(const struct dmbc_config *c, struct dmbc_origin *origin)
{
	unsigned int i;

	dmbc_origin_set_mode(origin, c->mode);
	for (i = 0; i < DMBC_NR_OPTIONS; i++)
		if (c->given[i] || dmbc_option_rows[i].scope == DMBC_SCOPE_ORIGIN)
			dmbc_origin_set_option(origin, i, c->option[i]);
}

void dmbc_table_read(struct dmbc_config *c, struct dmbc_origin *origin)
{
	unsigned int i;

	c->mode = dmbc_origin_mode(origin);
	for (i = 0; i < DMBC_NR_OPTIONS; i++)
		c->option[i] = dmbc_origin_option(origin, i);
}
