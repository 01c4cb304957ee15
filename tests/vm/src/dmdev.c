// SPDX-License-Identifier: GPL-2.0
/* Device-mapper devices, see dmdev.h. */
#define _GNU_SOURCE
#include "dmdev.h"

#include <libdevmapper.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* libdevmapper has state of its own */

static void no_log(int level, const char *file, int line, int error, const char *format, ...)
{
	(void)level, (void)file, (void)line, (void)error, (void)format;
}

void dmdev_init(void)
{
	dm_log_with_errno_init(no_log);
	dm_udev_set_sync_support(0);
}

static int run(int type, const char *name, const char *message, uint64_t sectors,
	       const char *arguments)
{
	struct dm_task *t;
	struct dm_info info;
	char node[64];
	int ok;

	pthread_mutex_lock(&lock);
	t = dm_task_create(type);
	ok = t && dm_task_set_name(t, name) && (!message || dm_task_set_message(t, message)) &&
	     (!arguments || dm_task_add_target(t, 0, sectors, "bcache", arguments)) &&
	     dm_task_run(t);
	if (ok && type == DM_DEVICE_CREATE) {
		snprintf(node, sizeof(node), DMDEV_FOLDER "%s", name);
		unlink(node);
		ok = dm_task_get_info(t, &info) &&
		     !mknod(node, S_IFBLK | 0600, makedev(info.major, info.minor));
	}
	if (t)
		dm_task_destroy(t);
	pthread_mutex_unlock(&lock);
	return ok ? 0 : -1;
}

int dmdev_create(const char *name, uint64_t sectors, const char *arguments)
{
	return run(DM_DEVICE_CREATE, name, NULL, sectors, arguments);
}

int dmdev_reload(const char *name, uint64_t sectors, const char *arguments)
{
	int r = run(DM_DEVICE_RELOAD, name, NULL, sectors, arguments);

	return r ? r : run(DM_DEVICE_RESUME, name, NULL, 0, NULL);
}

int dmdev_message(const char *name, const char *message)
{
	return run(DM_DEVICE_TARGET_MSG, name, message, 0, NULL);
}

int dmdev_remove(const char *name)
{
	int i;

	for (i = 0; i < 50; i++) {
		if (!run(DM_DEVICE_REMOVE, name, NULL, 0, NULL))
			return 0;
		usleep(100000);
	}
	return -1;
}

long long dmdev_field(const char *name, const char *field)
{
	uint64_t start, length;
	struct dm_task *t;
	char *type, *line = NULL, *at;
	long long value = -1;
	char key[64];

	snprintf(key, sizeof(key), "%s=", field);
	pthread_mutex_lock(&lock);
	t = dm_task_create(DM_DEVICE_STATUS);
	if (t && dm_task_set_name(t, name) && dm_task_run(t))
		dm_get_next_target(t, NULL, &start, &length, &type, &line);
	for (at = line; at && (at = strstr(at, key)); at++)
		if (at == line || at[-1] == ' ') {
			value = strtoll(at + strlen(key), NULL, 10);
			break;
		}
	if (t)
		dm_task_destroy(t);
	pthread_mutex_unlock(&lock);
	return value;
}
