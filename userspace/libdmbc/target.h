/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running caches: device-mapper targets of type bcache, through libdevmapper.
 *
 * dmbc_target_create() makes one, dmbc_target_list() finds them,
 * dmbc_target_status() reads what they say of themselves, dmbc_target_message()
 * talks to one, dmbc_target_remove() ends it. All need root, sleep, and give the
 * kernel's own reason where it refuses something.
 */
#ifndef DMBC_TARGET_H
#define DMBC_TARGET_H

#include "dmbc.h"

struct dmbc_target_spec {
	const char *name; /* of the new device, /dev/mapper/NAME */
	const char *ssd;
	const char *hdd; /* NULL: a volume */
	const char *mode; /* not of a volume */
	const char *volume; /* its name; made with this size if it does not exist */
	__u64 volume_bytes;
	const char *const *word; /* option, value, option, value, ... */
	unsigned int words;
};

/* What stands in a table: its length, and the words behind "bcache". To be freed with free(). */
enum dmbc_result dmbc_target_table(const struct dmbc_target_spec *spec, __u64 *sectors,
				   char **words, struct dmbc_error *err);
enum dmbc_result dmbc_target_create(const struct dmbc_target_spec *spec, struct dmbc_error *err);
/* DMBC_REFUSED while the device is in use. Dirty data stays on the SSD: it is safe there. */
enum dmbc_result dmbc_target_remove(const char *name, struct dmbc_error *err);

/* Calls @each for every target; a result other than DMBC_OK ends the walk and is returned. */
enum dmbc_result dmbc_target_list(enum dmbc_result (*each)(void *ctx, const char *name,
							   struct dmbc_error *err),
				  void *ctx, struct dmbc_error *err);

/* The words of a status line or of an answer to `stats`: name=value each. */
struct dmbc_fields {
	char *text; /* owned */
	unsigned int count;
	struct dmbc_field {
		const char *name, *value;
	} field[128];
};

enum dmbc_result dmbc_target_status(const char *name, struct dmbc_fields *fields,
				    struct dmbc_error *err);
/* Where the target's SSD and HDD are, "MAJOR:MINOR" or paths, as its table says. */
enum dmbc_result dmbc_target_devices(const char *name, char *ssd, char *hdd, size_t size,
				     struct dmbc_error *err);
/* Takes @text, which becomes the fields'. */
void dmbc_fields_parse(struct dmbc_fields *fields, char *text);
void dmbc_fields_free(struct dmbc_fields *fields);
/* "" and 0 where there is no such field. */
const char *dmbc_fields_text(const struct dmbc_fields *fields, const char *name);
__u64 dmbc_fields_number(const struct dmbc_fields *fields, const char *name);

/* *@reply, if there is one, is to be freed with free(); NULL for none. @reply may be NULL. */
enum dmbc_result dmbc_target_message(const char *name, const char *message, char **reply,
				     struct dmbc_error *err);

#endif
