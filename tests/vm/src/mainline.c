// SPDX-License-Identifier: GPL-2.0
/* The kernel's own bcache, see mainline.h. It is ruled by files in /sys. */
#define _GNU_SOURCE
#include "mainline.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SETS "/sys/fs/bcache/*-*-*-*-*/"
#define DEVICES "/sys/block/bcache*/"
#define WAIT_MS 60000
#define FILL_MS 500

static const char *disks[2];

/* Writes @text to all files that match; -1 if one does not take it. */
static int put(const char *pattern, const char *text)
{
	glob_t found;
	size_t i;
	int r = 0;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_WRONLY);

		if (fd < 0 || write(fd, text, strlen(text)) < 0) {
			printf("  '%s' to %s: %s\n", text, found.gl_pathv[i], strerror(errno));
			r = -1;
		}
		close(fd);
	}
	globfree(&found);
	return r;
}

static int matches(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	globfree(&found);
	return 1;
}

static int wait_until(const char *pattern, int there)
{
	int ms;

	for (ms = 0; matches(pattern) != there; ms += 20) {
		if (ms > WAIT_MS) {
			printf("  %s: %s after %d s\n", pattern, there ? "missing" : "there",
			       WAIT_MS / 1000);
			return -1;
		}
		usleep(20000);
	}
	return 0;
}

/* The set's last write comes after its folder is gone, and the disks are let go after that. */
static int wait_let_go(void)
{
	unsigned int i;
	int ms = 0;

	for (i = 0; i < 2; i++) {
		int fd;

		while ((fd = open(disks[i], O_RDWR | O_EXCL)) < 0) {
			if ((ms += 20) > WAIT_MS) {
				printf("  %s: %s\n", disks[i], strerror(errno));
				return -1;
			}
			usleep(20000);
		}
		close(fd);
	}
	return 0;
}

static int make_node(const char *node)
{
	unsigned int major, minor;
	glob_t found;
	FILE *f;
	int r = -1;

	if (glob(DEVICES "dev", 0, NULL, &found))
		return -1;
	f = fopen(found.gl_pathv[0], "r");
	unlink(node);
	if (f && fscanf(f, "%u:%u", &major, &minor) == 2)
		r = mknod(node, S_IFBLK | 0600, makedev(major, minor));
	if (f)
		fclose(f);
	globfree(&found);
	return r;
}

int mainline_start(const char *ssd, const char *hdd, const char *node)
{
	disks[0] = ssd;
	disks[1] = hdd;
	if (put("/sys/fs/bcache/register", ssd) || put("/sys/fs/bcache/register", hdd) ||
	    wait_until(DEVICES "bcache/cache", 1) || make_node(node))
		return -1;
	/* nothing goes past the cache because it is slow: all of this machine is */
	return put(SETS "congested_read_threshold_us", "0") ||
			       put(SETS "congested_write_threshold_us", "0")
		       ? -1
		       : 0;
}

int mainline_message(const char *what)
{
	if (!strncmp(what, "cache_mode ", 11))
		return put(DEVICES "bcache/cache_mode", what + 11);
	if (!strncmp(what, "set sequential_cutoff ", 22))
		return put(DEVICES "bcache/sequential_cutoff", what + 22);
	if (!strcmp(what, "gc"))
		return put(SETS "internal/trigger_gc", "1");
	if (!strcmp(what, "flush"))
		return put(DEVICES "bcache/writeback_percent", "0");
	if (!strcmp(what, "discard"))
		return put(SETS "cache0/discard", "1");
	return 0;
}

/*
 * A stop does not wait for the fills of reads that are answered: it frees their memory
 * under them, which a checking kernel reports (7.2: "bio-200: Objects remaining").
 */
int mainline_stop(void)
{
	usleep(FILL_MS * 1000);
	if (put(DEVICES "bcache/stop", "1") || wait_until(DEVICES, 0) || put(SETS "stop", "1"))
		return -1;
	return wait_until(SETS, 0) || wait_let_go() ? -1 : 0;
}
