// SPDX-License-Identifier: GPL-2.0
/*
 * dmmsg NAME <LINES
 *
 * Sends each line as a message to sector 0 of the device; "@table" and "@info"
 * ask for its table and its status instead. Answers each with one line: "ok" and
 * the text, newlines in it as "|", or "error" and errno. One process for all of
 * them, because starting one takes long in an emulated machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BUFFER_BYTES 65536

static char buffer[BUFFER_BYTES] __attribute__((aligned(8)));

static struct dm_ioctl *prepare(const char *name, unsigned int flags)
{
	struct dm_ioctl *io = (void *)buffer;

	memset(buffer, 0, sizeof(buffer));
	io->version[0] = DM_VERSION_MAJOR;
	io->data_size = sizeof(buffer);
	io->data_start = sizeof(*io);
	io->flags = flags;
	snprintf(io->name, sizeof(io->name), "%s", name);
	return io;
}

static void answer(const char *text)
{
	printf("ok%s", *text ? " " : "");
	for (; *text; text++)
		putchar(*text == '\n' ? '|' : *text);
	putchar('\n');
}

static void ask_table(int control, const char *name, unsigned int flags)
{
	struct dm_ioctl *io = prepare(name, flags);

	if (ioctl(control, DM_TABLE_STATUS, io))
		printf("error %d\n", errno);
	else
		answer(buffer + io->data_start + sizeof(struct dm_target_spec));
}

static void send_message(int control, const char *name, const char *text)
{
	struct dm_ioctl *io = prepare(name, 0);
	struct dm_target_msg *msg = (void *)(buffer + sizeof(*io));

	snprintf(msg->message, sizeof(buffer) - sizeof(*io) - sizeof(*msg), "%s", text);
	if (ioctl(control, DM_TARGET_MSG, io))
		printf("error %d\n", errno);
	else
		answer(io->flags & DM_DATA_OUT_FLAG ? buffer + io->data_start : "");
}

int main(int argc, char **argv)
{
	int control = open("/dev/mapper/control", O_RDWR);
	static char line[8192];

	if (argc != 2 || control < 0) {
		fprintf(stderr, "dmmsg NAME\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "@table"))
			ask_table(control, argv[1], DM_STATUS_TABLE_FLAG);
		else if (!strcmp(line, "@info"))
			ask_table(control, argv[1], 0);
		else
			send_message(control, argv[1], line);
	}
	return 0;
}
