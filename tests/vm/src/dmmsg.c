// SPDX-License-Identifier: GPL-2.0
/*
 * dmmsg NAME <LINES
 * dmmsg NAME fuzz SEED COUNT
 * dmmsg NAME poll MILLISECONDS
 *
 * Sends each line as a message to sector 0 of the device; "@table" and "@info"
 * ask for its table and its status instead. Answers each with one line: "ok" and
 * the text, newlines in it as "|", or "error" and errno. One process for all of
 * them, because starting one takes long in an emulated machine. "fuzz" sends
 * COUNT random messages instead, and asks for table and status between them; it
 * says how many of them were taken. "poll" reads the status that often, until it is killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
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

/* ---- fuzz ------------------------------------------------------------------------ */

static const char *const words[] = {
	"cache_mode",
	"flush",
	"gc",
	"clear_stats",
	"set",
	"get",
	"reset",
	"options",
	"stats",
	"detach",
	"attach",
	"label",
	"writeback",
	"prefetch",
	"invalidate",
	"verify",
	"volume",
	"create",
	"resize",
	"remove",
	"list",
	"all",
	"total",
	"five_minute",
	"hour",
	"day",
	"internal",
	"pause",
	"run",
	"none",
	"writethrough",
	"writearound",
	"none",
	"0",
	"1",
	"8",
	"128",
	"4096",
	"-1",
	"4M",
	"10%",
	"30s",
	"18446744073709551615",
	"18446744073709551616",
	"9223372036854775808",
	"x",
	"\\",
	"\\ ",
	"%s%n",
	"'",
	"a=b",
	"",
#define DMBC_OPTION(upper, name, scope, unit, min, max, def, text) #name,
#include <dm-bcache/options.def>
#undef DMBC_OPTION
};

static unsigned int chance(unsigned int n)
{
	return random() % n;
}

/* Messages as people send them, so that most are taken; a letter behind % is a kind of word. */
static const char *const forms[] = {
	"cache_mode %m",
	"flush",
	"gc",
	"clear_stats",
	"stats",
	"stats %w",
	"set %o %n",
	"set %o %n",
	"set %o %n",
	"get %o",
	"reset %o",
	"reset all",
	"options",
	"label",
	"label %l",
	"verify",
	"verify %r",
	"prefetch %r",
	"invalidate %r",
	"writeback pause",
	"writeback run",
	"volume list",
	"volume create %l %s",
	"volume resize %l %s",
	"volume remove %l",
};

static const char *const modes[] = { "none", "writethrough", "writearound", "writeback" };
static const char *const windows[] = { "total", "five_minute", "hour", "day", "internal" };
static const char *const labels[] = { "films", "music", "a" };
static const char *const sizes[] = { "512", "64K", "1M", "4M", "1T" };
static const char *const ranges[] = { "0 8", "0 4096", "1024 64", "8 9223372036854775808" };
static const char *const values[] = { "0", "1", "8", "100", "4M", "10%", "1s" };
static const char *const options[] = {
#define DMBC_OPTION(upper, name, scope, unit, min, max, def, text) #name,
#include <dm-bcache/options.def>
#undef DMBC_OPTION
};

#define ONE_OF(list) ((list)[chance(sizeof(list) / sizeof((list)[0]))])

static const char *word_of(char kind)
{
	switch (kind) {
	case 'm': return ONE_OF(modes);
	case 'w': return ONE_OF(windows);
	case 'l': return ONE_OF(labels);
	case 's': return ONE_OF(sizes);
	case 'r': return ONE_OF(ranges);
	case 'n': return ONE_OF(values);
	default: return ONE_OF(options);
	}
}

/* Detach and attach are rare: the state that is meant should last. */
static void likely_message(char *text, size_t size)
{
	const char *form = ONE_OF(forms);
	size_t at = 0;

	if (chance(60) == 0)
		form = chance(2) ? "detach" : "attach";
	for (text[0] = '\0'; *form && at + 1 < size; form++) {
		if (*form == '%')
			at += snprintf(text + at, size - at, "%s", word_of(*++form));
		else
			at += snprintf(text + at, size - at, "%c", *form);
	}
}

static void random_message(char *text, size_t size)
{
	unsigned int nr = 1 + chance(4), i, at = 0;

	if (chance(3) == 0) {
		likely_message(text, size);
		return;
	}
	for (i = 0; i < nr && at < size; i++) {
		const char *word = words[chance(sizeof(words) / sizeof(words[0]))];

		at += snprintf(text + at, size - at, "%s%s", i ? " " : "", word);
	}
	if (chance(20) == 0 && at && at < size)
		text[chance(at)] = 1 + chance(255);
	if (chance(200) == 0) {
		memset(text, 'a' + chance(26), size - 1);
		text[size - 1] = '\0';
	}
}

static void fuzz(int control, const char *name, unsigned int seed, unsigned int count)
{
	unsigned int taken = 0, i;
	static char text[4096];

	srandom(seed);
	for (i = 0; i < count; i++) {
		struct dm_ioctl *io = prepare(name, 0);
		struct dm_target_msg *msg = (void *)(buffer + sizeof(*io));

		random_message(text, sizeof(text));
		strcpy(msg->message, text);
		/* sometimes with hardly any room for an answer */
		if (chance(10) == 0)
			io->data_size = sizeof(*io) + sizeof(*msg) + strlen(text) + 1;
		taken += !ioctl(control, DM_TARGET_MSG, io);
		if (chance(4))
			continue;
		io = prepare(name, chance(2) ? DM_STATUS_TABLE_FLAG : 0);
		io->data_size = chance(2) ? sizeof(buffer) : 312 + chance(2048);
		ioctl(control, DM_TABLE_STATUS, io);
	}
	printf("%u of %u messages were taken\n", taken, count);
}

static void poll_status(int control, const char *name, unsigned int ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000L };

	while (!ioctl(control, DM_TABLE_STATUS, prepare(name, 0)))
		nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
	int control = open("/dev/mapper/control", O_RDWR);
	static char line[8192];

	if (argc == 5 && control >= 0 && !strcmp(argv[2], "fuzz")) {
		fuzz(control, argv[1], atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	if (argc == 4 && control >= 0 && !strcmp(argv[2], "poll")) {
		poll_status(control, argv[1], atoi(argv[3]));
		return 1;
	}
	if (argc != 2 || control < 0) {
		fprintf(stderr, "dmmsg NAME [fuzz SEED COUNT | poll MS]\n");
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
