/* SPDX-License-Identifier: GPL-2.0 */
/* What writeback and verify share: a cache and its disks on the command line, opened, and data between them. */
#ifndef DMBC_TRANSFER_H
#define DMBC_TRANSFER_H

#include "session.h"
#include "writeback.h"

/* Keys and rows of the options that both have. */
enum transfer_key { TRANSFER_ORIGIN_ID = 256, TRANSFER_FORCE, TRANSFER_JSON, TRANSFER_KEYS };

#define TRANSFER_ORIGIN_ID_ROW                                                                     \
	{                                                                                          \
		"origin-id", TRANSFER_ORIGIN_ID, "UUID",                                           \
			"of the one disk, which is cached in place"                                \
	}
#define TRANSFER_FORCE_ROW                                                                         \
	{                                                                                          \
		"force", TRANSFER_FORCE, NULL, "of a damaged cache: what can be read"              \
	}
#define TRANSFER_JSON_ROW                                                                          \
	{                                                                                          \
		"json", TRANSFER_JSON, NULL, "print the result as JSON"                            \
	}

struct transfer {
	struct session_params p;
	const char *origin_id; /* of the only disk; NULL: none was given */
	bool json;

	struct session s;
	struct dmbc_device *disk[FINDINGS_ORIGINS];
	struct dmbc_writeback w;
};

/* Takes an option that has a key of enum transfer_key. */
void transfer_take(struct transfer *t, int key);
/* Takes the words behind the options. DMBC_REFUSED after a message. */
int transfer_take_words(struct transfer *t, const struct command *command, int argc, char **argv);
/* Opens and checks the cache, opens the disks and fills in t->w. To be ended with transfer_end(). */
enum dmbc_result transfer_open(struct transfer *t, enum dmbc_access access, struct dmbc_error *err);
/* Tells @r, closes all; returns @r. */
int transfer_end(struct transfer *t, enum dmbc_result r, const struct dmbc_error *err);
/* Sectors of the disks that are dirty, or are not. */
__u64 transfer_amount(const struct transfer *t, bool dirty);
/* "SSD: 3 MiB WHAT" of what was done. */
void transfer_print_text(const struct transfer *t, const char *what);
/* The beginning of the result: device, verdict. */
struct json_object *transfer_json(const struct transfer *t);
/* Its disks. */
void transfer_json_disks(const struct transfer *t, struct json_object *o);
/* The end: its findings. Prints and frees @o. */
void transfer_print_json(const struct transfer *t, struct json_object *o);

#endif
