// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the calls of libdevmapper. Each is a task: task_make(), what it is
 * about, task_run(), which adds the kernel's reason to a failure. What
 * libdevmapper itself wants to say goes to heard(), not to standard error.
 */
#include "target.h"

#include <errno.h>
#include <libdevmapper.h>
#include <linux/dm-ioctl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm-bcache/interface.h"
#include "internal.h"
#include "kernlog.h"

#define REASON_BYTES 256

static void heard(int level, const char *file, int line, int dm_errno, const char *format, ...)
{
	(void)level, (void)file, (void)line, (void)dm_errno, (void)format;
}

/* Without udevd nobody would answer its cookies: then libdevmapper makes the nodes itself. */
static void prepare(void)
{
	dm_log_with_errno_init(heard);
	if (access("/run/udev/control", F_OK)) {
		dm_udev_set_sync_support(0);
		dm_udev_set_checking(0);
	}
}

static struct dm_task *task_make(int type, const char *name)
{
	struct dm_task *task;

	prepare();
	task = dm_task_create(type);
	if (task && name && !dm_task_set_name(task, name)) {
		dm_task_destroy(task);
		return NULL;
	}
	return task;
}

static enum dmbc_result no_such(const char *name, struct dmbc_error *err)
{
	return dmbc_error_set(err, DMBC_REFUSED, "%s: there is no such device; see dmbcache list",
			      name);
}

static enum dmbc_result explain(struct dm_task *task, const char *name, const char *doing, int mark,
				struct dmbc_error *err)
{
	int error = task ? dm_task_get_errno(task) : errno;
	char reason[REASON_BYTES];

	dmbc_kernlog_reason(mark, reason, sizeof(reason));
	if (geteuid())
		return dmbc_error_set(err, DMBC_REFUSED, "%s: %s: only root may; try sudo", name,
				      doing);
	if (error == ENXIO)
		return no_such(name, err);
	if (error == ENODEV || error == ENOENT)
		return dmbc_error_set(err, DMBC_IO,
				      "%s: the kernel offers no device-mapper; try modprobe dm_mod",
				      name);
	if (strstr(reason, "unknown target type"))
		return dmbc_error_set(err, DMBC_IO,
				      "%s: %s: the kernel has no dm-bcache; try modprobe "
				      "dm-bcache, or install its module",
				      name, doing);
	if (error == EBUSY && !reason[0])
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: %s: it is in use; unmount it or stop what uses it first",
				      name, doing);
	return dmbc_error_set(err, error == EIO ? DMBC_IO : DMBC_REFUSED, "%s: %s: %s", name, doing,
			      reason[0] ? reason
			      : error	? strerror(error)
					: "refused; the kernel's log (dmesg) may say more");
}

/* Runs and keeps @task; the caller destroys it. */
static enum dmbc_result task_run(struct dm_task *task, const char *name, const char *doing,
				 struct dmbc_error *err)
{
	int mark = dmbc_kernlog_mark();
	enum dmbc_result r = DMBC_OK;

	if (!task || !dm_task_run(task))
		r = explain(task, name, doing, mark, err);
	dmbc_kernlog_close(mark);
	return r;
}

/* ---- create and remove ------------------------------------------------------------- */

/* All of a disk that has no super block. */
static bool is_in_place(const struct dmbc_target_spec *spec)
{
	unsigned int i;

	for (i = 0; i < spec->words; i += 2)
		if (!strcmp(spec->word[i], DMBC_ARG_ORIGIN_ID))
			return true;
	return false;
}

static enum dmbc_result data_sectors(const char *hdd, bool in_place, __u64 *sectors,
				     struct dmbc_error *err)
{
	struct dmbc_super_info info = { 0 };
	struct dmbc_disk_super super;
	struct dmbc_device *dev;
	enum dmbc_result r = dmbc_device_open(hdd, DMBC_ACCESS_READ, &dev, err);

	if (r != DMBC_OK)
		return r;
	*sectors = dmbc_device_sectors(dev);
	r = in_place ? DMBC_OK : dmbc_device_read_super(dev, &super, err);
	if (r == DMBC_OK && !in_place)
		dmbc_super_decode(&super, dmbc_device_sectors(dev), &info);
	dmbc_device_close(dev);
	if (r != DMBC_OK || in_place)
		return r;
	if (info.verdict != DMBC_OK || info.kind != DMBC_KIND_BACKING)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: not a disk made to be cached%s%s; see dmbcache show, or "
				      "make it one with dmbcache format --backing",
				      hdd, info.why[0] ? ": " : "", info.why);
	*sectors = info.device_sectors - info.data_offset;
	return DMBC_OK;
}

static enum dmbc_result path_of(const char *device, char *path, struct dmbc_error *err)
{
	if (realpath(device, path))
		return DMBC_OK;
	return dmbc_error_set(err, DMBC_IO, "%s: %s; check the path", device, strerror(errno));
}

/* Every word with a blank in front. */
static char *join(const char *const *word, unsigned int words)
{
	size_t bytes = 1;
	unsigned int i;
	char *line;

	for (i = 0; i < words; i++)
		bytes += 1 + strlen(word[i]);
	line = calloc(bytes, 1);
	for (i = 0; line && i < words; i++) {
		strcat(line, " ");
		strcat(line, word[i]);
	}
	return line;
}

static enum dmbc_result disk_table(const struct dmbc_target_spec *spec, const char *ssd,
				   const char *options, char **words, struct dmbc_error *err)
{
	char hdd[PATH_MAX], count[16] = "";
	enum dmbc_result r = path_of(spec->hdd, hdd, err);

	if (r != DMBC_OK)
		return r;
	if (spec->words)
		snprintf(count, sizeof(count), " %u", spec->words);
	if (asprintf(words, "%s %s %s%s%s", ssd, hdd, spec->mode, count, options) < 0)
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", spec->name);
	return DMBC_OK;
}

static enum dmbc_result volume_table(const struct dmbc_target_spec *spec, const char *ssd,
				     const char *options, char **words, struct dmbc_error *err)
{
	if (asprintf(words, "%s %s %s %u %s %llu%s", ssd, DMBC_ARG_VOLUME, spec->volume,
		     2 + spec->words, DMBC_ARG_CREATE, spec->volume_bytes, options) < 0)
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", spec->name);
	return DMBC_OK;
}

enum dmbc_result dmbc_target_table(const struct dmbc_target_spec *spec, __u64 *sectors,
				   char **words, struct dmbc_error *err)
{
	enum dmbc_result r;
	char ssd[PATH_MAX];
	char *options;

	*sectors = spec->volume_bytes >> DMBC_SECTOR_SHIFT;
	r = spec->hdd ? data_sectors(spec->hdd, is_in_place(spec), sectors, err) : DMBC_OK;
	if (r == DMBC_OK)
		r = path_of(spec->ssd, ssd, err);
	if (r != DMBC_OK)
		return r;
	options = join(spec->word, spec->words);
	if (!options)
		return dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", spec->name);
	r = spec->hdd ? disk_table(spec, ssd, options, words, err)
		      : volume_table(spec, ssd, options, words, err);
	free(options);
	return r;
}

/* The kernel takes nearly any name, but udev and shells do not. */
static enum dmbc_result refuse_odd(const char *name, struct dmbc_error *err)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "#+-.:=@_";
	size_t bytes = strlen(name);

	if (!bytes || name[strspn(name, good)] || !strcmp(name, ".") || !strcmp(name, ".."))
		return dmbc_error_set(err, DMBC_REFUSED,
				      "'%s': no name for a cache; use letters, digits and "
				      "#+-.:=@_ only",
				      name);
	if (bytes >= DM_NAME_LEN)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "a name of %zu letters is too long; use at most %d", bytes,
				      DM_NAME_LEN - 1);
	return DMBC_OK;
}

static enum dmbc_result refuse_taken(const char *name, struct dmbc_error *err)
{
	struct dm_task *task = task_make(DM_DEVICE_INFO, name);
	struct dm_info info = { 0 };
	enum dmbc_result r = task_run(task, name, "cannot be asked", err);

	if (r == DMBC_OK && dm_task_get_info(task, &info) && info.exists)
		r = dmbc_error_set(err, DMBC_REFUSED,
				   "%s: there is a device of that name; see dmsetup ls", name);
	if (task)
		dm_task_destroy(task);
	return r;
}

/* One step of a device's life. @table: its length and words, or NULL. */
static enum dmbc_result step(int type, const char *name, __u64 sectors, const char *table,
			     struct dmbc_error *err)
{
	static const char doing[] = "cannot be created";
	struct dm_task *task = task_make(type, name);
	bool cookie_wanted = type == DM_DEVICE_RESUME || type == DM_DEVICE_REMOVE;
	uint32_t cookie = 0;
	enum dmbc_result r;

	if (task && ((table && !dm_task_add_target(task, 0, sectors, DMBC_TARGET_NAME, table)) ||
		     (cookie_wanted && !dm_task_set_cookie(task, &cookie, 0)))) {
		dm_task_destroy(task);
		task = NULL;
	}
	r = task_run(task, name, type == DM_DEVICE_REMOVE ? "cannot be removed" : doing, err);
	if (cookie_wanted)
		dm_udev_wait(cookie);
	dm_task_update_nodes();
	if (task)
		dm_task_destroy(task);
	return r;
}

static enum dmbc_result load_and_resume(const struct dmbc_target_spec *spec, __u64 sectors,
					const char *words, struct dmbc_error *err)
{
	struct dmbc_error ignored;
	enum dmbc_result r = step(DM_DEVICE_RELOAD, spec->name, sectors, words, err);

	if (r == DMBC_OK)
		r = step(DM_DEVICE_RESUME, spec->name, 0, NULL, err);
	if (r != DMBC_OK)
		step(DM_DEVICE_REMOVE, spec->name, 0, NULL, &ignored);
	return r;
}

enum dmbc_result dmbc_target_create(const struct dmbc_target_spec *spec, struct dmbc_error *err)
{
	enum dmbc_result r;
	__u64 sectors;
	char *words;

	r = refuse_odd(spec->name, err);
	if (r == DMBC_OK)
		r = refuse_taken(spec->name, err);
	if (r == DMBC_OK)
		r = dmbc_target_table(spec, &sectors, &words, err);
	if (r != DMBC_OK)
		return r;
	r = step(DM_DEVICE_CREATE, spec->name, 0, NULL, err);
	if (r == DMBC_OK)
		r = load_and_resume(spec, sectors, words, err);
	free(words);
	return r;
}

enum dmbc_result dmbc_target_remove(const char *name, struct dmbc_error *err)
{
	struct dmbc_fields fields;
	enum dmbc_result r = dmbc_target_status(name, &fields, err);

	if (r != DMBC_OK) /* also of another type */
		return r;
	dmbc_fields_free(&fields);
	return step(DM_DEVICE_REMOVE, name, 0, NULL, err);
}

/* ---- status and table ---------------------------------------------------------------- */

/* The line of a device's only target, if that is ours; to be freed with free(). */
static enum dmbc_result line_of(int type, const char *name, char **line, struct dmbc_error *err)
{
	char *target = NULL, *params = NULL;
	uint64_t start, length;
	struct dm_task *task = task_make(type, name);
	enum dmbc_result r = task_run(task, name, "cannot be asked", err);
	struct dm_info info = { 0 };

	/* a device that is not there is no failure of the task */
	if (r == DMBC_OK && (!dm_task_get_info(task, &info) || !info.exists))
		r = no_such(name, err);
	if (r == DMBC_OK) {
		dm_get_next_target(task, NULL, &start, &length, &target, &params);
		if (!target || strcmp(target, DMBC_TARGET_NAME))
			r = dmbc_error_set(err, DMBC_REFUSED,
					   "%s: not a cache but %s; see dmbcache list", name,
					   target ? target : "an empty device");
	}
	if (r == DMBC_OK) {
		*line = strdup(params);
		if (!*line)
			r = dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", name);
	}
	if (task)
		dm_task_destroy(task);
	return r;
}

enum dmbc_result dmbc_target_status(const char *name, struct dmbc_fields *fields,
				    struct dmbc_error *err)
{
	char *line;
	enum dmbc_result r = line_of(DM_DEVICE_STATUS, name, &line, err);

	if (r == DMBC_OK)
		dmbc_fields_parse(fields, line);
	return r;
}

enum dmbc_result dmbc_target_devices(const char *name, char *ssd, char *hdd, size_t size,
				     struct dmbc_error *err)
{
	char *line, *at, *first, *second;
	enum dmbc_result r = line_of(DM_DEVICE_TABLE, name, &line, err);

	if (r != DMBC_OK)
		return r;
	first = strtok_r(line, " ", &at);
	second = strtok_r(NULL, " ", &at);
	snprintf(ssd, size, "%s", first ? first : "");
	snprintf(hdd, size, "%s", second ? second : "");
	free(line);
	return DMBC_OK;
}

static enum dmbc_result visit_ours(const struct dm_names *names,
				   enum dmbc_result (*each)(void *ctx, const char *name,
							    struct dmbc_error *err),
				   void *ctx, struct dmbc_error *err)
{
	enum dmbc_result r = DMBC_OK;
	struct dmbc_error ignored;
	char *line;

	while (names->dev && r == DMBC_OK) {
		if (line_of(DM_DEVICE_TABLE, names->name, &line, &ignored) == DMBC_OK) {
			free(line);
			r = each(ctx, names->name, err);
		}
		if (!names->next)
			break;
		names = (const void *)((const char *)names + names->next);
	}
	return r;
}

enum dmbc_result dmbc_target_list(enum dmbc_result (*each)(void *ctx, const char *name,
							   struct dmbc_error *err),
				  void *ctx, struct dmbc_error *err)
{
	struct dm_task *task = task_make(DM_DEVICE_LIST, NULL);
	enum dmbc_result r = task_run(task, "device-mapper", "cannot be asked", err);

	if (r == DMBC_OK)
		r = visit_ours(dm_task_get_names(task), each, ctx, err);
	if (task)
		dm_task_destroy(task);
	return r;
}

/* ---- fields ------------------------------------------------------------------------------ */

void dmbc_fields_parse(struct dmbc_fields *fields, char *text)
{
	const unsigned int most = sizeof(fields->field) / sizeof(fields->field[0]);
	char *at, *word, *value;

	fields->text = text;
	fields->count = 0;
	for (word = strtok_r(text, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
		value = strchr(word, '=');
		if (!value || fields->count == most)
			continue;
		*value++ = '\0';
		fields->field[fields->count].name = word;
		fields->field[fields->count++].value = value;
	}
}

void dmbc_fields_free(struct dmbc_fields *fields)
{
	free(fields->text);
	fields->text = NULL;
	fields->count = 0;
}

const char *dmbc_fields_text(const struct dmbc_fields *fields, const char *name)
{
	unsigned int i;

	for (i = 0; i < fields->count; i++)
		if (!strcmp(fields->field[i].name, name))
			return fields->field[i].value;
	return "";
}

__u64 dmbc_fields_number(const struct dmbc_fields *fields, const char *name)
{
	return strtoull(dmbc_fields_text(fields, name), NULL, 10);
}

/* ---- messages ---------------------------------------------------------------------------- */

enum dmbc_result dmbc_target_message(const char *name, const char *message, char **reply,
				     struct dmbc_error *err)
{
	struct dm_task *task = task_make(DM_DEVICE_TARGET_MSG, name);
	const char *answer;
	enum dmbc_result r;
	char *line;

	r = line_of(DM_DEVICE_TABLE, name, &line, err);
	if (r == DMBC_OK)
		free(line);
	if (r == DMBC_OK && task &&
	    (!dm_task_set_sector(task, 0) || !dm_task_set_message(task, message)))
		r = dmbc_error_set(err, DMBC_IO, "%s: out of memory; free some", name);
	if (r == DMBC_OK)
		r = task_run(task, name, message, err);
	if (reply) {
		answer = r == DMBC_OK ? dm_task_get_message_response(task) : NULL;
		*reply = answer ? strdup(answer) : NULL;
	}
	if (task)
		dm_task_destroy(task);
	return r;
}
