// SPDX-License-Identifier: GPL-2.0
/* Owns the wording of status; the names of its fields are in interface.h. */
#include "target/status.h"

#include <linux/device-mapper.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"

#define OPTION_BYTES 24 /* the longest value and its end */

/* DMEMIT adds to `result`, of `maxlen` bytes, at `sz`. */
void dmbc_status_info(struct dmbc_origin *origin, char *result, unsigned int maxlen)
{
	struct dmbc_status st;
	unsigned int sz = 0;

	dmbc_origin_get_status(origin, &st);
	DMEMIT("version=%u state=%s mode=%s set=%pUb", DMBC_STATUS_VERSION, st.state,
	       dmbc_table_mode_name(st.mode), st.set_uuid);
#define EMIT(name) DMEMIT(" " #name "=%llu", (unsigned long long)st.name);
	DMBC_STATUS_NUMBERS(EMIT)
#undef EMIT
}

void dmbc_status_table(const struct dmbc_config *c, const char *ssd, const char *hdd, char *result,
		       unsigned int maxlen)
{
	unsigned int sz = 0, words = 0, i;
	char value[OPTION_BYTES];

	DMEMIT("%s %s %s", ssd, c->hdd ? hdd : DMBC_ARG_VOLUME,
	       c->hdd ? dmbc_table_mode_name(c->mode) : hdd);
	for (i = 0; i < DMBC_NR_OPTIONS; i++)
		if (c->option[i] != dmbc_option_rows[i].def)
			words += 2;
	words += c->in_place ? 2 : 0;
	if (words)
		DMEMIT(" %u", words);
	if (c->in_place)
		DMEMIT(" " DMBC_ARG_ORIGIN_ID " %pUb", c->id.uuid);
	for (i = 0; i < DMBC_NR_OPTIONS; i++) {
		if (c->option[i] == dmbc_option_rows[i].def)
			continue;
		dmbc_option_print(i, c->option[i], value, sizeof(value));
		DMEMIT(" %s %s", dmbc_option_rows[i].name, value);
	}
}

void dmbc_status_ima(const struct dmbc_config *c, const char *ssd, const char *hdd, char *result,
		     unsigned int maxlen)
{
	unsigned int sz = strlen(result), i;
	char value[OPTION_BYTES];

	DMEMIT(",ssd=%s,%s=%s,cache_mode=%s", ssd, c->hdd ? "hdd" : DMBC_ARG_VOLUME, hdd,
	       dmbc_table_mode_name(c->mode));
	if (c->in_place)
		DMEMIT("," DMBC_ARG_ORIGIN_ID "=%pUb", c->id.uuid);
	for (i = 0; i < DMBC_NR_OPTIONS; i++) {
		dmbc_option_print(i, c->option[i], value, sizeof(value));
		DMEMIT(",%s=%s", dmbc_option_rows[i].name, value);
	}
	DMEMIT(";");
}
