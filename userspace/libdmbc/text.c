// SPDX-License-Identifier: GPL-2.0
/* Values from and to text. Pure: no I/O, no state. */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = { "writethrough", "writeback", "writearound", "none" };
static const char *const replacement_names[] = { "lru", "fifo", "random" };
static const char *const state_names[] = { "none", "clean", "dirty", "stale" };
static const char *const version_names[] = {
	[DMBC_SB_CACHE_NEW] = "cache",
	[DMBC_SB_BACKING] = "backing",
	[DMBC_SB_CACHE] = "cache",
	[DMBC_SB_BACKING_OFFSET] = "backing with data offset",
	[DMBC_SB_CACHE_FEATURES] = "cache with features",
	[DMBC_SB_BACKING_FEATURES] = "backing with features",
};

#define NAME_OF(table, value) ((value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : NULL)

enum dmbc_result dmbc_error_set(struct dmbc_error *err, enum dmbc_result result, const char *format,
				...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return result;
}

enum dmbc_result dmbc_error_memory(const struct dmbc_device *dev, struct dmbc_error *err)
{
	return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", dmbc_device_path(dev));
}

/* Bits to shift for a unit; -1: no such unit. "s" alone is a sector. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "KMGTP";
	const char *letter;

	if (!*unit || !strcasecmp(unit, "b"))
		return 0;
	if (!strcmp(unit, "s"))
		return DMBC_SECTOR_SHIFT;
	letter = strchr(letters, toupper((unsigned char)*unit));
	if (!letter)
		return -1;
	unit++;
	if (*unit && strcasecmp(unit, "b") && strcasecmp(unit, "ib"))
		return -1;
	return 10 * (int)(letter - letters + 1);
}

bool dmbc_text_parse_size(const char *text, __u64 *bytes)
{
	unsigned long long number;
	char *end;
	int shift;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	shift = unit_shift(end);
	if (errno || shift < 0 || number > ~0ULL >> shift)
		return false;
	*bytes = number << shift;
	return true;
}

void dmbc_text_size(__u64 bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = 0;

	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	if (bytes & ((1ULL << (10 * unit)) - 1))
		snprintf(text, size, "%.2f %s", (double)bytes / (double)(1ULL << (10 * unit)),
			 units[unit]);
	else
		snprintf(text, size, "%llu %s", bytes >> (10 * unit), units[unit]);
}

void dmbc_text_label(const __u8 *label, char *text)
{
	unsigned int i;

	for (i = 0; i < DMBC_SB_LABEL_BYTES && label[i]; i++) {
		if (label[i] >= 0x20 && label[i] < 0x7f && label[i] != '\\')
			*text++ = (char)label[i];
		else
			text += sprintf(text, "\\x%02x", label[i]);
	}
	*text = '\0';
}

const char *dmbc_text_mode(unsigned int mode)
{
	return NAME_OF(mode_names, mode);
}

const char *dmbc_text_replacement(unsigned int replacement)
{
	return NAME_OF(replacement_names, replacement);
}

const char *dmbc_text_state(unsigned int state)
{
	return NAME_OF(state_names, state);
}

const char *dmbc_text_version(__u64 version)
{
	return NAME_OF(version_names, version);
}
