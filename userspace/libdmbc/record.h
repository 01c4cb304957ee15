/* SPDX-License-Identifier: GPL-2.0 */
/* One line of a dump: a word and named values, written and read in either form. */
#ifndef DMBC_RECORD_H
#define DMBC_RECORD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DMBC_RECORD_FIELDS 24
#define DMBC_RECORD_NAME 16
#define DMBC_RECORD_VALUE 160

struct dmbc_record {
	char type[DMBC_RECORD_NAME];
	unsigned int nr;
	struct {
		char name[DMBC_RECORD_NAME];
		char value[DMBC_RECORD_VALUE];
		bool is_text;
	} field[DMBC_RECORD_FIELDS];
};

void dmbc_record_start(struct dmbc_record *r, const char *type);
void dmbc_record_add(struct dmbc_record *r, const char *name, __u64 value);
/* Any bytes; read back as such. At most 32. */
void dmbc_record_add_bytes(struct dmbc_record *r, const char *name, const void *bytes, size_t nr);
void dmbc_record_add_text(struct dmbc_record *r, const char *name, const char *text);
void dmbc_record_write(const struct dmbc_record *r, FILE *out, bool json);

/* Takes a line apart; false: it is neither form. */
bool dmbc_record_parse(struct dmbc_record *r, char *line);
/* False: no such field, or it is no number. */
bool dmbc_record_get(const struct dmbc_record *r, const char *name, __u64 *value);
/* The text as it stands; NULL: no such field. */
const char *dmbc_record_text(const struct dmbc_record *r, const char *name);
/* Fills @bytes with zeroes behind the value. False: no such field, or longer than @nr. */
bool dmbc_record_bytes(const struct dmbc_record *r, const char *name, void *bytes, size_t nr);

#endif
