// SPDX-License-Identifier: GPL-2.0
/*
 * dmbcache volume: volumes that live on an SSD alone, by way of any running
 * cache or volume of that SSD. The kernel knows what is allowed.
 */
#include "online.h"

#include "dm-bcache/interface.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 512

enum key { KEY_DRY_RUN = 256, KEY_JSON };

static const struct option_row options[] = {
	{ "dry-run", KEY_DRY_RUN, NULL, "print the dmsetup line, send nothing" },
	{ "json", KEY_JSON, NULL, "of list: print a JSON array, one object for each" },
	{ NULL, 0, NULL, NULL },
};

static const struct verb {
	const char *name;
	int words; /* behind it */
	const char *usage;
} verbs[] = {
	{ "create", 3, "create NAME VOLUME SIZE" },
	{ "resize", 3, "resize NAME VOLUME SIZE" },
	{ "remove", 2, "remove NAME VOLUME" },
	{ "list", 1, "list NAME" },
};

/* ---- list ----------------------------------------------------------------------------- */

/* A line "UUID label=TEXT bytes=N used_bytes=N", cut up. The label may have blanks. */
struct volume {
	const char *uuid, *label;
	__u64 bytes, used;
};

static bool cut_up(char *line, struct volume *v)
{
	char *label = strstr(line, " label="), *bytes = NULL, *at;

	for (at = label; at && (at = strstr(at, " bytes=")); at++)
		bytes = at;
	if (!bytes)
		return false;
	*label = *bytes = '\0';
	v->uuid = line;
	v->label = label + strlen(" label=");
	v->bytes = strtoull(bytes + strlen(" bytes="), &at, 10);
	at = strstr(at, "used_bytes=");
	v->used = at ? strtoull(at + strlen("used_bytes="), NULL, 10) : 0;
	return true;
}

static void add_json(struct json_object *list, const struct volume *v)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "uuid", json_object_new_string(v->uuid));
	json_object_object_add(o, "label", json_object_new_string(v->label));
	tool_json_number(o, "bytes", v->bytes);
	tool_json_number(o, "used_bytes", v->used);
	json_object_array_add(list, o);
}

static void print_line(const struct volume *v)
{
	char bytes[32], used[32];

	dmbc_text_size(v->bytes, bytes, sizeof(bytes));
	dmbc_text_size(v->used, used, sizeof(used));
	printf("%-36s %12s %12s %s\n", v->uuid, bytes, used, v->label);
}

static int list_volumes(const char *name, bool json)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	struct dmbc_error err;
	char *reply, *line, *at;
	struct volume v;
	enum dmbc_result r = dmbc_target_message(name, DMBC_MESSAGE_VOLUME " list", &reply, &err);

	if (r != DMBC_OK) {
		json_object_put(list);
		return tool_report(r, &err);
	}
	if (!json)
		printf("%-36s %12s %12s %s\n", "UUID", "SIZE", "USED", "LABEL");
	for (line = reply ? strtok_r(reply, "\n", &at) : NULL; line;
	     line = strtok_r(NULL, "\n", &at)) {
		if (!cut_up(line, &v))
			continue;
		if (json)
			add_json(list, &v);
		else
			print_line(&v);
	}
	if (json)
		tool_print_json(list);
	free(reply);
	return DMBC_OK;
}

/* ---- all -------------------------------------------------------------------------------- */

/* @word: the verb, the cache, the volume and its size, as many as there are. */
static int send(const struct verb *verb, char **word, bool dry_run)
{
	char message[MESSAGE_BYTES];
	__u64 bytes;
	int used;

	if (verb->words == 3 && (!dmbc_text_parse_size(word[3], &bytes) || !bytes))
		return tool_refuse("%s: not a size; use a number with K, M, G or T", word[3]);
	used = snprintf(message, sizeof(message), "%s %s %s", DMBC_MESSAGE_VOLUME, verb->name,
			word[2]);
	if (verb->words == 3 && used < (int)sizeof(message))
		used += snprintf(message + used, sizeof(message) - (size_t)used, " %llu", bytes);
	if (used >= (int)sizeof(message) || !*word[2] || strpbrk(word[2], " \t\n\\"))
		return tool_refuse("'%.40s': no name for a volume; use 1 to 32 characters without "
				   "blanks",
				   word[2]);
	return online_send(word[1], message, dry_run);
}

static int run(const struct command *command, int argc, char **argv)
{
	bool dry_run = false, json = false;
	unsigned int i;
	int key;

	while ((key = tool_next_option(command, argc, argv)) != -1) {
		switch (key) {
		case KEY_DRY_RUN: dry_run = true; break;
		case KEY_JSON: json = true; break;
		}
	}
	for (i = 0; optind < argc && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *verb = &verbs[i];
		bool lists = verb->words == 1;

		if (strcmp(argv[optind], verb->name))
			continue;
		if (argc - optind - 1 != verb->words || (json && !lists) || (dry_run && lists))
			return tool_refuse("volume: use dmbcache volume %s%s", verb->usage,
					   lists ? " [--json]" : " [--dry-run]");
		return lists ? list_volumes(argv[optind + 1], json)
			     : send(verb, argv + optind, dry_run);
	}
	return tool_refuse("volume: say create, resize, remove or list; see dmbcache volume "
			   "--help");
}

const struct command cmd_volume = {
	.name = "volume",
	.arguments = "[OPTION...] create|resize|remove|list NAME [VOLUME [SIZE]]",
	.summary = "Make and list volumes that live on the SSD of a cache alone.",
	.example = "dmbcache volume create fast scratch 20G",
	.options = options,
	.run = run,
};
