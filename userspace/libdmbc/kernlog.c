// SPDX-License-Identifier: GPL-2.0
/* Records of /dev/kmsg: "priority,number,time,flags;text". */
#include "kernlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OURS                                                                                       \
	"bcache: " /* "device-mapper: bcache: ..." and "device-mapper: table: 254:0: bcache: ..." */

int dmbc_kernlog_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The reason in a record, or NULL. */
static char *reason_of(char *record)
{
	char *text = strchr(record, ';'), *end;

	if (!text || !strstr(text, "device-mapper: "))
		return NULL;
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	text = strstr(text, OURS);
	return text ? text + strlen(OURS) : NULL;
}

void dmbc_kernlog_reason(int mark, char *reason, size_t size)
{
	char record[2048], *found;
	ssize_t got;

	reason[0] = '\0';
	while (mark >= 0) {
		got = read(mark, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE) /* overtaken: the next record is there */
			continue;
		if (got <= 0)
			return;
		record[got] = '\0';
		found = reason_of(record);
		if (found)
			snprintf(reason, size, "%s", found);
	}
}

void dmbc_kernlog_close(int mark)
{
	if (mark >= 0)
		close(mark);
}
