// SPDX-License-Identifier: GPL-2.0
/* Writers of a cached disk, see load.h. Each owns a part of it and checks what it reads back. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "draw.h"
#include "shadow.h"

#define LARGE 16
#define UNKNOWN UINT64_MAX
#define INVALIDATE "invalidate 0 %llu" /* sectors */

static const char *const everything[] = {
	"cache_mode writeback",
	"cache_mode writethrough",
	"cache_mode writearound",
	"cache_mode none",
	"cache_mode writeback",
	"flush",
	"gc",
	"set sequential_cutoff 65536",
	"set sequential_cutoff 0",
	"reload",
	INVALIDATE,
	"prefetch 0 %llu",
	NULL,
};
static const char *const housework[] = { "flush", "gc", "gc", NULL };
/* Nobody but the cache itself flushes the disk then. */
static const char *const drains[] = { "cache_mode writeback", "flush", "flush", NULL };
static const char *const modes[] = { "cache_mode writethrough",
				     "cache_mode writearound",
				     "cache_mode writethrough",
				     "cache_mode none",
				     INVALIDATE,
				     NULL };

static const char *const ties[] = {
	"detach", "attach", "detach", "attach", "flush", "gc", "cache_mode writeback", NULL
};

const struct load loads[] = {
	{ "small, fsync", 4, 700, 8, 0, 200, 50, 0, 50, 20000, housework },
	{ "mixed modes", 4, 600, 16, 60, 100, 50, 20, 300, 8000, everything },
	{ "large", 2, 150, 64, 300, 100, 0, 20, 100, 20000, everything },
	{ "clean modes", 4, 600, 16, 30, 60, 50, 0, 400, 15000, modes },
	{ "discards", 3, 500, 24, 100, 120, 30, 200, 100, 15000, everything },
	{ "full index", 4, 1500, 2, 0, 30, 10, 0, 20, 40000, housework },
	{ "written back", 3, 500, 8, 30, 0, 0, 0, 100, 20000, drains },
	{ "detach, attach", 3, 500, 16, 30, 100, 50, 30, 100, 30000, ties },
};
const unsigned int nr_loads = sizeof(loads) / sizeof(*loads);
const unsigned int nr_attached_loads = sizeof(loads) / sizeof(*loads) - 1;

struct writer {
	const struct load *load;
	pthread_t thread;
	uint64_t index, random;
	uint64_t first, sectors; /* of its part */
	uint32_t block; /* sectors */
	int fd;
	unsigned char *buffer;
	uint64_t *holds; /* numbers, per sector of the part */
};

static atomic_int operations_left, failed;
static atomic_bool stop;

static void complain(const char *what, uint64_t sector, uint32_t sectors)
{
	printf("  %s of %u sectors at %llu: %s\n", what, sectors, (unsigned long long)sector,
	       strerror(errno));
	failed = 1;
}

static uint32_t choose_place(struct writer *w, uint64_t *sector)
{
	uint32_t most = w->load->sectors * (draw(&w->random, 1000) < w->load->large ? LARGE : 1);
	uint32_t count = 1 + draw(&w->random, most);

	count = (count + w->block - 1) / w->block * w->block;
	*sector = w->first + draw(&w->random, (w->sectors - count) / w->block) * w->block;
	return count;
}

static void write_one(struct writer *w, int fua)
{
	uint64_t sector, number;
	uint32_t count = choose_place(w, &sector), i;
	struct iovec v = { .iov_base = w->buffer, .iov_len = (size_t)count * SHADOW_SECTOR };

	number = shadow_begin(sector, count, fua ? SHADOW_FUA : SHADOW_WRITE);
	shadow_fill(w->buffer, number);
	if (pwritev2(w->fd, &v, 1, sector * SHADOW_SECTOR, fua ? RWF_DSYNC : 0) !=
	    (ssize_t)v.iov_len)
		complain("write", sector, count);
	shadow_finished(number);
	for (i = 0; i < count; i++)
		w->holds[sector - w->first + i] = number;
}

static void discard_one(struct writer *w)
{
	uint64_t sector, number, range[2];
	uint32_t count = choose_place(w, &sector), i;

	number = shadow_begin(sector, count, SHADOW_DISCARD);
	range[0] = sector * SHADOW_SECTOR;
	range[1] = (uint64_t)count * SHADOW_SECTOR;
	if (ioctl(w->fd, BLKDISCARD, range))
		complain("discard", sector, count);
	shadow_finished(number);
	for (i = 0; i < count; i++)
		w->holds[sector - w->first + i] = UNKNOWN;
}

static void read_one(struct writer *w)
{
	uint64_t sector, found, wanted;
	uint32_t count = choose_place(w, &sector), i;
	size_t bytes = (size_t)count * SHADOW_SECTOR;

	if (pread(w->fd, w->buffer, bytes, sector * SHADOW_SECTOR) != (ssize_t)bytes) {
		complain("read", sector, count);
		return;
	}
	for (i = 0; i < count; i++) {
		found = shadow_number(w->buffer + (size_t)i * SHADOW_SECTOR, sector + i);
		wanted = w->holds[sector - w->first + i];
		if (wanted == UNKNOWN || found == wanted)
			continue;
		printf("  sector %llu is read as write %lld, but %llu was written last\n",
		       (unsigned long long)(sector + i), (long long)found,
		       (unsigned long long)wanted);
		failed = 1;
		return;
	}
}

static void flush_one(struct writer *w)
{
	recorder_note(EVENT_USER_FLUSH, w->index);
	if (fsync(w->fd))
		complain("fsync", 0, 0);
	recorder_note(EVENT_USER_FLUSHED, w->index);
}

static void *write_all(void *arg)
{
	struct writer *w = arg;

	while (atomic_fetch_sub(&operations_left, 1) > 0 && !failed) {
		unsigned int what = draw(&w->random, 1000);
		const struct load *l = w->load;

		if (what < l->flush)
			flush_one(w);
		else if ((what -= l->flush) < l->fua)
			write_one(w, 1);
		else if ((what -= l->fua) < l->discard)
			discard_one(w);
		else if (what - l->discard < l->read)
			read_one(w);
		else
			write_one(w, 0);
	}
	return NULL;
}

static int read_range(int fd, unsigned char *data, uint64_t sector, uint64_t sectors)
{
	size_t bytes = sectors * SHADOW_SECTOR, done = 0;

	while (done < bytes) {
		size_t step = bytes - done < 1 << 20 ? bytes - done : 1 << 20;
		ssize_t r = pread(fd, data + done, step, sector * SHADOW_SECTOR + done);

		if (r <= 0) {
			complain("read", sector + done / SHADOW_SECTOR, step / SHADOW_SECTOR);
			return -1;
		}
		done += r;
	}
	return 0;
}

int load_read_all(unsigned char *data, uint64_t sectors)
{
	int fd = open(LOAD_NODE, O_RDONLY | O_DIRECT);
	int r = read_range(fd, data, 0, sectors);

	close(fd);
	return r;
}

/* What the writer's part holds now is what it must read. */
static int learn(struct writer *w)
{
	unsigned char *data = aligned_alloc(4096, w->sectors * SHADOW_SECTOR);
	int r = read_range(w->fd, data, w->first, w->sectors);
	uint64_t s;

	for (s = 0; s < w->sectors && !r; s++)
		w->holds[s] = shadow_certain(w->first + s)
				      ? shadow_number(data + s * SHADOW_SECTOR, w->first + s)
				      : UNKNOWN;
	free(data);
	return r;
}

static void start(struct writer *w)
{
	w->fd = open(LOAD_NODE, O_RDWR | O_DIRECT);
	w->buffer = aligned_alloc(4096, (size_t)(w->load->sectors + 8) * LARGE * SHADOW_SECTOR);
	w->holds = calloc(w->sectors, sizeof(*w->holds));
	if (w->fd < 0 || !w->buffer || !w->holds || learn(w) ||
	    pthread_create(&w->thread, NULL, write_all, w))
		complain("start", w->first, w->sectors);
}

static void end(struct writer *w)
{
	if (w->thread)
		pthread_join(w->thread, NULL);
	close(w->fd);
	free(w->buffer);
	free(w->holds);
}

struct disturber {
	const struct load *load;
	const struct load_target *target;
	uint64_t random;
};

static void *disturb(void *arg)
{
	struct disturber *d = arg;
	const struct load *l = d->load;
	unsigned int count = 0;

	while (l->pause && l->disturbances[count])
		count++;
	while (count && !stop) {
		char what[64];

		snprintf(what, sizeof(what), l->disturbances[draw(&d->random, count)],
			 (unsigned long long)d->target->sectors);
		if (d->target->disturb(what)) {
			printf("  %s failed\n", what);
			failed = 1;
		}
		usleep(l->pause / 2 + draw(&d->random, l->pause));
	}
	return NULL;
}

int load_run(const struct load *load, uint64_t seed, const struct load_target *target)
{
	struct disturber d = { .load = load, .target = target, .random = seed };
	struct writer writers[SHADOW_WRITERS] = { 0 };
	uint64_t part = target->sectors / load->writers / target->block * target->block;
	pthread_t thread;
	unsigned int i;

	failed = 0;
	stop = false;
	operations_left = load->operations * target->percent / 100;
	for (i = 0; i < load->writers; i++) {
		writers[i] = (struct writer){ .load = load,
					      .index = i,
					      .random = seed * 1000 + i,
					      .first = part * i,
					      .sectors = part,
					      .block = target->block };
		start(&writers[i]);
	}
	if (pthread_create(&thread, NULL, disturb, &d))
		abort();
	for (i = 0; i < load->writers; i++)
		end(&writers[i]);
	stop = true;
	pthread_join(thread, NULL);
	return failed ? -1 : 0;
}
