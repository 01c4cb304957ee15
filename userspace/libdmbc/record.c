// SPDX-License-Identifier: GPL-2.0
/* Lines of a dump. JSON is read by json-c; written here, as no value needs more than doubled backslashes. */
#include "record.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

void dmbc_record_start(struct dmbc_record *r, const char *type)
{
	snprintf(r->type, sizeof(r->type), "%s", type);
	r->nr = 0;
}

static bool add(struct dmbc_record *r, const char *name, const char *value, bool is_text)
{
	if (r->nr == DMBC_RECORD_FIELDS || strlen(name) >= DMBC_RECORD_NAME ||
	    strlen(value) >= DMBC_RECORD_VALUE)
		return false;
	strcpy(r->field[r->nr].name, name);
	strcpy(r->field[r->nr].value, value);
	r->field[r->nr++].is_text = is_text;
	return true;
}

void dmbc_record_add(struct dmbc_record *r, const char *name, __u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", value);
	add(r, name, text, false);
}

void dmbc_record_add_text(struct dmbc_record *r, const char *name, const char *text)
{
	add(r, name, text, true);
}

void dmbc_record_add_bytes(struct dmbc_record *r, const char *name, const void *bytes, size_t nr)
{
	const unsigned char *b = bytes;
	char text[DMBC_RECORD_VALUE], *to = text;
	size_t i;

	while (nr && !b[nr - 1])
		nr--;
	for (i = 0; i < nr && to < text + sizeof(text) - 5; i++)
		if (isalnum(b[i]) || (b[i] && strchr("._:/-", b[i])))
			*to++ = (char)b[i];
		else
			to += sprintf(to, "\\x%02x", b[i]);
	*to = '\0';
	add(r, name, text, true);
}

static void write_json_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void dmbc_record_write(const struct dmbc_record *r, FILE *out, bool json)
{
	unsigned int i;

	fprintf(out, json ? "{\"type\":\"%s\"" : "%s", r->type);
	for (i = 0; i < r->nr; i++) {
		fprintf(out, json ? ",\"%s\":" : " %s=", r->field[i].name);
		if (json && r->field[i].is_text)
			write_json_text(out, r->field[i].value);
		else
			fputs(r->field[i].value, out);
	}
	fputs(json ? "}\n" : "\n", out);
}

/* ---- reading -------------------------------------------------------------------- */

static bool parse_text(struct dmbc_record *r, char *line)
{
	char *rest, *word = strtok_r(line, " \t\r\n", &rest), *equals;

	if (!word || strlen(word) >= sizeof(r->type))
		return false;
	dmbc_record_start(r, word);
	while ((word = strtok_r(NULL, " \t\r\n", &rest))) {
		equals = strchr(word, '=');
		if (!equals)
			return false;
		*equals = '\0';
		if (!add(r, word, equals + 1, true))
			return false;
	}
	return true;
}

static bool parse_json(struct dmbc_record *r, const char *line)
{
	struct json_object *o = json_tokener_parse(line), *type;
	bool ok = o && json_object_is_type(o, json_type_object) &&
		  json_object_object_get_ex(o, "type", &type) &&
		  strlen(json_object_get_string(type)) < sizeof(r->type);

	if (ok) {
		dmbc_record_start(r, json_object_get_string(type));
		json_object_object_foreach(o, name, value) ok =
			ok && (!strcmp(name, "type") ||
			       add(r, name, json_object_get_string(value), true));
	}
	json_object_put(o);
	return ok;
}

bool dmbc_record_parse(struct dmbc_record *r, char *line)
{
	while (isspace((unsigned char)*line))
		line++;
	return *line == '{' ? parse_json(r, line) : parse_text(r, line);
}

const char *dmbc_record_text(const struct dmbc_record *r, const char *name)
{
	unsigned int i;

	for (i = 0; i < r->nr; i++)
		if (!strcmp(r->field[i].name, name))
			return r->field[i].value;
	return NULL;
}

bool dmbc_record_get(const struct dmbc_record *r, const char *name, __u64 *value)
{
	const char *text = dmbc_record_text(r, name);
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* One byte of the value, and on to the next; -1: wrong. */
static int next_byte(const char **text)
{
	unsigned int byte;
	int used;

	if (**text != '\\')
		return (unsigned char)*(*text)++;
	if ((*text)[1] != 'x' || sscanf(*text + 2, "%2x%n", &byte, &used) != 1 || used != 2)
		return -1;
	*text += 4;
	return (int)byte;
}

bool dmbc_record_bytes(const struct dmbc_record *r, const char *name, void *bytes, size_t nr)
{
	const char *text = dmbc_record_text(r, name);
	unsigned char *to = bytes;
	int byte;

	memset(bytes, 0, nr);
	for (; text && *text; *to++ = (unsigned char)byte) {
		byte = next_byte(&text);
		if (byte < 0 || to == (unsigned char *)bytes + nr)
			return false;
	}
	return text != NULL;
}
