// SPDX-License-Identifier: GPL-2.0
/*
 * Recorded disks, see recorder.h.
 *
 * Each disk has a thread that answers the kernel's requests (serve()) and two
 * images: `durable`, what no power cut can take any more at the place in the log
 * replay has reached, and `served`, what requests see: while the log is written
 * a copy that takes every write at once, after recorder_cut() a private mapping
 * of `durable` with what survived.
 */
#define _GNU_SOURCE
#include "recorder.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"

#define SECTOR 512
#define MAX_PENDING 4096
#define SUPER_BLOCK_SIZE (4096 + 192) /* byte of the field */
#define NOT_LOGGED UINT64_MAX

struct pending {
	uint64_t due; /* us */
	uint64_t event;
	bool ends; /* a promise, to be logged */
	char handle[8];
};

struct disk {
	const char *node;
	uint64_t bytes;
	int file; /* holds durable */
	unsigned char *durable;
	unsigned char *served;
	int kernel, server; /* the two ends of the socket */
	int nbd;
	uint64_t random;
	uint64_t seen[EVENT_DONE];
	bool hold;
	struct pending pending[MAX_PENDING];
	unsigned int nr_pending;
	/* replay: events not durable yet, in order */
	uint64_t *waiting;
	uint64_t nr_waiting, max_waiting;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the log */
static struct event *events;
static uint64_t nr_events, max_events, replayed;
static bool recording;
static unsigned int slowness;
static struct disk disks[NR_DISKS] = { { .node = "/dev/nbd0" }, { .node = "/dev/nbd1" } };

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- the log ------------------------------------------------------------------- */

static uint64_t add_locked(const struct event *event)
{
	if (nr_events == max_events) {
		max_events = max_events ? 2 * max_events : 4096;
		events = realloc(events, max_events * sizeof(*events));
		if (!events)
			fail("log");
	}
	events[nr_events] = *event;
	return nr_events++;
}

static uint64_t add(const struct event *event)
{
	uint64_t at = NOT_LOGGED;

	pthread_mutex_lock(&lock);
	if (recording)
		at = add_locked(event);
	pthread_mutex_unlock(&lock);
	return at;
}

uint64_t recorder_note(enum event_type type, uint64_t number)
{
	struct event event = { .type = type, .number = number };

	return add(&event);
}

const struct event *recorder_log(uint64_t *count)
{
	*count = nr_events;
	return events;
}

void recorder_hold(int disk, bool hold)
{
	__atomic_store_n(&disks[disk].hold, hold, __ATOMIC_SEQ_CST);
}

uint64_t recorder_seen(int disk, enum event_type type)
{
	return __atomic_load_n(&disks[disk].seen[type], __ATOMIC_SEQ_CST);
}

/* ---- answering the kernel --------------------------------------------------------- */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void transfer(int fd, void *data, size_t bytes, bool out)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t r = out ? write(fd, (char *)data + done, bytes - done)
				: read(fd, (char *)data + done, bytes - done);
		if (r <= 0)
			fail("nbd socket");
		done += r;
	}
}

static void answer(struct disk *d, const char *handle, void *data, size_t bytes)
{
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };

	memcpy(&reply.handle, handle, sizeof(reply.handle));
	transfer(d->server, &reply, sizeof(reply), true);
	if (bytes)
		transfer(d->server, data, bytes, true);
}

/* Answers all that is due; the time until the next, in ms, or -1. */
static int answer_due(struct disk *d)
{
	uint64_t time = now(), next = UINT64_MAX;
	unsigned int i = 0;

	while (i < d->nr_pending) {
		struct pending p = d->pending[i];
		struct event done = { .type = EVENT_DONE, .number = p.event };

		if (p.due > time || (p.ends && __atomic_load_n(&d->hold, __ATOMIC_SEQ_CST))) {
			p.due = p.due > time ? p.due : time + 1000;
			next = p.due < next ? p.due : next;
			i++;
			continue;
		}
		done.disk = d - disks;
		if (p.ends && p.event != NOT_LOGGED)
			add(&done);
		d->pending[i] = d->pending[--d->nr_pending];
		answer(d, p.handle, NULL, 0);
	}
	return next == UINT64_MAX ? -1 : (int)((next - time) / 1000 + 1);
}

static void answer_later(struct disk *d, const char *handle, uint64_t event, bool ends)
{
	struct pending *p = &d->pending[d->nr_pending];
	unsigned int delay = 0;

	if (recording && slowness && draw(&d->random, ends ? 3 : 16) == 0)
		delay = draw(&d->random, slowness);
	if (d->nr_pending++ == MAX_PENDING)
		exit(2);
	p->due = delay ? now() + delay : 0;
	p->event = event;
	p->ends = ends;
	memcpy(p->handle, handle, sizeof(p->handle));
}

static void put(unsigned char *image, const struct event *e)
{
	if (e->data)
		memcpy(image + e->sector * SECTOR, e->data, (size_t)e->sectors * SECTOR);
	else
		memset(image + e->sector * SECTOR, 0, (size_t)e->sectors * SECTOR);
}

static void take_write(struct disk *d, const struct nbd_request *q, struct event *e, bool trim)
{
	size_t bytes = ntohl(q->len);
	uint64_t at;

	e->type = EVENT_WRITE;
	e->sector = be64toh(q->from) / SECTOR;
	e->sectors = bytes / SECTOR;
	if (!trim) {
		e->data = malloc(bytes);
		if (!e->data)
			fail("memory");
		transfer(d->server, e->data, bytes, false);
	}
	put(d->served, e);
	at = add(e);
	if (at == NOT_LOGGED)
		free(e->data);
	answer_later(d, (const char *)&q->handle, at, e->fua);
}

static void take(struct disk *d, const struct nbd_request *q)
{
	uint32_t type = ntohl(q->type);
	struct event e = { .disk = d - disks, .fua = type & NBD_CMD_FLAG_FUA };

	switch (type & 0xffff) {
	case NBD_CMD_READ:
		answer(d, (const char *)&q->handle, d->served + be64toh(q->from), ntohl(q->len));
		return;
	case NBD_CMD_WRITE:
	case NBD_CMD_TRIM: take_write(d, q, &e, (type & 0xffff) == NBD_CMD_TRIM); break;
	case NBD_CMD_FLUSH:
		e.type = EVENT_FLUSH;
		answer_later(d, (const char *)&q->handle, add(&e), true);
		break;
	default: exit(0); /* disconnected */
	}
	__atomic_fetch_add(&d->seen[e.type], 1, __ATOMIC_SEQ_CST);
}

static void *serve(void *arg)
{
	struct disk *d = arg;
	struct nbd_request request;

	for (;;) {
		struct pollfd p = { .fd = d->server, .events = POLLIN };
		int wait = answer_due(d);

		if (poll(&p, 1, wait) <= 0)
			continue;
		transfer(d->server, &request, sizeof(request), false);
		take(d, &request);
	}
	return NULL;
}

static void *attend(void *arg)
{
	struct disk *d = arg;

	ioctl(d->nbd, NBD_DO_IT);
	return NULL;
}

/* ---- start ------------------------------------------------------------------------------ */

static int load(struct disk *d, const char *path)
{
	int from = open(path, O_RDONLY);
	struct stat st;

	d->file = memfd_create("durable", 0);
	if (from < 0 || fstat(from, &st) || d->file < 0 || ftruncate(d->file, st.st_size))
		return -1;
	d->bytes = st.st_size;
	d->durable = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, d->file, 0);
	d->served = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, d->file, 0);
	if (d->durable == MAP_FAILED || d->served == MAP_FAILED ||
	    read(from, d->durable, d->bytes) != (ssize_t)d->bytes)
		return -1;
	return close(from);
}

static int plug(struct disk *d)
{
	unsigned long flags =
		NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM;
	pthread_t thread;
	uint64_t bytes = 0;
	int ends[2];

	d->nbd = open(d->node, O_RDWR);
	if (d->nbd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -1;
	d->kernel = ends[0];
	d->server = ends[1];
	if (ioctl(d->nbd, NBD_SET_BLKSIZE, (unsigned long)SECTOR) ||
	    ioctl(d->nbd, NBD_SET_SIZE_BLOCKS, (unsigned long)(d->bytes / SECTOR)) ||
	    ioctl(d->nbd, NBD_SET_FLAGS, flags) || ioctl(d->nbd, NBD_SET_SOCK, d->kernel))
		return -1;
	if (pthread_create(&thread, NULL, serve, d) || pthread_create(&thread, NULL, attend, d))
		return -1;
	while (bytes != d->bytes) {
		usleep(10000);
		if (ioctl(d->nbd, BLKGETSIZE64, &bytes))
			return -1;
	}
	return 0;
}

int recorder_start(const char *ssd_image, const char *hdd_image)
{
	const char *images[NR_DISKS] = { ssd_image, hdd_image };
	int i;

	for (i = 0; i < NR_DISKS; i++)
		if (load(&disks[i], images[i]) || plug(&disks[i])) {
			perror(images[i]);
			return -1;
		}
	return 0;
}

const char *recorder_node(int disk)
{
	return disks[disk].node;
}

uint64_t recorder_sectors(int disk)
{
	return disks[disk].bytes / SECTOR;
}

uint64_t recorder_data_sectors(void)
{
	return recorder_sectors(DISK_HDD) - RECORDER_DATA;
}

uint32_t recorder_block(void)
{
	const unsigned char *field = disks[DISK_SSD].served + SUPER_BLOCK_SIZE;

	return field[0] | field[1] << 8;
}

const unsigned char *recorder_bytes(int disk)
{
	return disks[disk].served;
}

void recorder_save(const char *folder, const char *suffix)
{
	static const char *const names[NR_DISKS] = { "ssd", "hdd" };
	int i;

	for (i = 0; i < NR_DISKS; i++) {
		char path[512];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s%s", folder, names[i], suffix);
		f = fopen(path, "w");
		if (!f || fwrite(disks[i].served, recorder_sectors(i) * 512, 1, f) != 1 ||
		    fclose(f))
			perror(path);
	}
}

/* ---- what a power cut leaves ------------------------------------------------------------------ */

/* What the kernel keeps in memory of the last contents must go. */
static void forget(struct disk *d)
{
	if (ioctl(d->nbd, BLKFLSBUF))
		fail("BLKFLSBUF");
}

static void serve_copy(struct disk *d)
{
	forget(d);
	munmap(d->served, d->bytes);
	d->served = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, d->file, 0);
	if (d->served == MAP_FAILED)
		fail("served");
}

void recorder_keep(void)
{
	int i;

	for (i = 0; i < NR_DISKS; i++)
		memcpy(disks[i].durable, disks[i].served, disks[i].bytes);
}

void recorder_begin(uint64_t seed, unsigned int slow)
{
	uint64_t i;

	for (i = 0; i < nr_events; i++)
		free(events[i].data);
	nr_events = replayed = 0;
	slowness = slow;
	for (i = 0; i < NR_DISKS; i++) {
		struct disk *d = &disks[i];
		unsigned char *all = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (all == MAP_FAILED)
			fail("copy");
		forget(d);
		memcpy(all, d->durable, d->bytes);
		munmap(d->served, d->bytes);
		d->served = all;
		d->nr_waiting = 0;
		d->random = seed + i;
	}
	recording = true;
}

void recorder_end(void)
{
	pthread_mutex_lock(&lock);
	recording = false;
	pthread_mutex_unlock(&lock);
}

static bool overlap(const struct event *a, const struct event *b)
{
	return a->sector < b->sector + b->sectors && b->sector < a->sector + a->sectors;
}

static void wait_in_cache(struct disk *d, uint64_t event)
{
	if (d->nr_waiting == d->max_waiting) {
		d->max_waiting = d->max_waiting ? 2 * d->max_waiting : 1024;
		d->waiting = realloc(d->waiting, d->max_waiting * sizeof(*d->waiting));
		if (!d->waiting)
			fail("waiting");
	}
	d->waiting[d->nr_waiting++] = event;
}

/* What a flush or FUA write has made durable. A FUA write takes older writes to its place along. */
static void make_durable(struct disk *d, uint64_t by)
{
	const struct event *e = &events[by];
	uint64_t i, kept = 0;

	for (i = 0; i < d->nr_waiting; i++) {
		const struct event *w = &events[d->waiting[i]];

		if (d->waiting[i] <= by && (e->type == EVENT_FLUSH || overlap(w, e)))
			put(d->durable, w);
		else
			d->waiting[kept++] = d->waiting[i];
	}
	d->nr_waiting = kept;
}

void recorder_replay(uint64_t to, void (*user)(const struct event *event))
{
	for (; replayed < to; replayed++) {
		const struct event *e = &events[replayed];
		struct disk *d = &disks[e->disk];

		switch (e->type) {
		case EVENT_WRITE: wait_in_cache(d, replayed); break;
		case EVENT_FLUSH: break;
		case EVENT_DONE: make_durable(d, e->number); break;
		default: user(e);
		}
	}
}

/* Some sectors of @e: to a random one, from a random one, or each by chance. */
static void put_torn(unsigned char *image, const struct event *e, uint64_t *random)
{
	uint32_t way = draw(random, 3), edge = draw(random, e->sectors + 1), i;

	for (i = 0; i < e->sectors; i++) {
		struct event one = { .sector = e->sector + i, .sectors = 1 };

		if (way == 0 ? i >= edge : way == 1 ? i < edge : draw(random, 2))
			continue;
		one.data = e->data ? e->data + (size_t)i * SECTOR : NULL;
		put(image, &one);
	}
}

static void survive(struct disk *d, enum survival how, uint64_t *random)
{
	uint32_t chance = 1 + draw(random, 15);
	uint64_t i;

	for (i = 0; i < d->nr_waiting; i++) {
		const struct event *e = &events[d->waiting[i]];

		if (how == SURVIVE_ALL)
			put(d->served, e);
		else if (how == SURVIVE_SOME_SECTORS)
			put_torn(d->served, e, random);
		else if (draw(random, 16) < chance)
			draw(random, 8) ? put(d->served, e) : put_torn(d->served, e, random);
	}
}

void recorder_cut(enum survival how, uint64_t seed)
{
	uint64_t random = seed;
	int i;

	for (i = 0; i < NR_DISKS; i++) {
		enum survival here = how;

		serve_copy(&disks[i]);
		if (how == SURVIVE_SSD || how == SURVIVE_HDD)
			here = (how == SURVIVE_SSD) == (i == DISK_SSD) ? SURVIVE_ALL
								       : SURVIVE_NOTHING;
		if (here != SURVIVE_NOTHING)
			survive(&disks[i], here, &random);
	}
}
