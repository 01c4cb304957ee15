// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that can be judged after a power cut.
 *
 *   stamp write DEV STATE WORKERS MIB SEED [SYNC_EVERY]
 *       each worker writes random ranges of its own part of DEV for ever; every
 *       sector carries (place, operation number, seed). After each fsync it
 *       prints "SYNC worker operation".
 *   stamp verify DEV STATE WORKERS MIB SEED SYNC...
 *       SYNC: the last operation number printed per worker. Every sector must hold
 *       what it held last at that operation, or a later operation that covered
 *       it: never anything else. STATE (per sector the operation and seed found)
 *       is what the next round starts from.
 *
 * The sequence of operations follows from the seed alone, so the verifier knows
 * all of it without a log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"

#define SECTOR 512
#define MAX_SECTORS 256
#define LOOK_AHEAD 20000 /* operations after the last sync that may have reached the medium */

struct stamp {
	uint64_t magic, sector, op, seed, sum;
};

struct found {
	uint64_t op, seed;
};

struct op {
	uint64_t sector;
	uint32_t count;
	int sync;
};

struct job {
	int fd;
	uint64_t first, sectors; /* of this worker */
	uint64_t seed, random;
	unsigned int sync_every;
};

static struct op next_op(struct job *job)
{
	uint64_t r = draw_next(&job->random);
	struct op op;

	/* mostly small and unaligned, now and then large */
	op.count = (r & 7) == 0 ? 1 + (r >> 8) % MAX_SECTORS : 1 + (r >> 8) % 16;
	op.sector = job->first + draw_next(&job->random) % (job->sectors - op.count);
	op.sync = draw_next(&job->random) % job->sync_every == 0;
	return op;
}

static uint64_t stamp_sum(const struct stamp *s)
{
	uint64_t x = s->magic ^ s->sector * 31 ^ s->op * 1000003 ^ s->seed;

	return draw_next(&x);
}

static void stamp_fill(char *buf, uint64_t sector, uint64_t op, uint64_t seed)
{
	struct stamp *s = (struct stamp *)buf;
	unsigned int i;

	s->magic = 0x706d617473636264ULL;
	s->sector = sector;
	s->op = op;
	s->seed = seed;
	s->sum = stamp_sum(s);
	/* the whole sector, so that a torn one shows */
	for (i = sizeof(*s) / 8; i < SECTOR / 8; i++)
		((uint64_t *)buf)[i] = s->sum + i;
}

/* 0: blank, 1: a stamp, -1: neither */
static int stamp_read(const char *buf, uint64_t sector, struct found *found)
{
	const struct stamp *s = (const struct stamp *)buf;
	const uint64_t *words = (const uint64_t *)buf;
	unsigned int i;

	for (i = 0; i < SECTOR / 8 && !words[i]; i++)
		;
	if (i == SECTOR / 8) {
		found->op = found->seed = 0;
		return 0;
	}
	if (s->sector != sector || s->sum != stamp_sum(s))
		return -1;
	for (i = sizeof(*s) / 8; i < SECTOR / 8; i++)
		if (words[i] != s->sum + i)
			return -1;
	found->op = s->op;
	found->seed = s->seed;
	return 1;
}

static void work(struct job *job, int worker)
{
	char *buf = aligned_alloc(4096, MAX_SECTORS * SECTOR);
	uint64_t number;
	uint32_t i;

	for (number = 1;; number++) {
		struct op op = next_op(job);

		for (i = 0; i < op.count; i++)
			stamp_fill(buf + i * SECTOR, op.sector + i, number, job->seed);
		if (pwrite(job->fd, buf, op.count * SECTOR, op.sector * SECTOR) !=
		    (ssize_t)(op.count * SECTOR)) {
			fprintf(stderr, "write: %s\n", strerror(errno));
			exit(1);
		}
		if (!op.sync)
			continue;
		if (fsync(job->fd)) {
			fprintf(stderr, "fsync: %s\n", strerror(errno));
			exit(1);
		}
		dprintf(1, "SYNC %d %llu\n", worker, (unsigned long long)number);
	}
}

/* The state is read and written as a whole: shared mappings do not work on every file system. */
static struct found *state_load(const char *path, uint64_t sectors)
{
	struct found *state = calloc(sectors, sizeof(*state));
	FILE *f = fopen(path, "r");

	if (f) {
		if (fread(state, sizeof(*state), sectors, f) != sectors)
			fprintf(stderr, "%s is short\n", path);
		fclose(f);
	}
	return state;
}

static int state_save(const char *path, const struct found *state, uint64_t sectors)
{
	FILE *f = fopen(path, "w");
	int bad = !f || fwrite(state, sizeof(*state), sectors, f) != sectors;

	if (f && fclose(f))
		bad = 1;
	if (bad)
		perror(path);
	return bad;
}

/* What every sector of the worker held last at operation @synced, and which later ones touched it. */
static unsigned long judge(struct job *job, struct found *state, uint64_t synced, const char *data)
{
	uint64_t *last = calloc(job->sectors, sizeof(*last));
	uint64_t number, s;
	unsigned long bad = 0;
	struct job replay = *job;
	/* later operations: per sector, the numbers that covered it, found by a second pass */
	uint32_t i;
	struct found *seen = calloc(job->sectors, sizeof(*seen));
	char *ok = calloc(job->sectors, 1);

	for (s = 0; s < job->sectors; s++) {
		int kind = stamp_read(data + s * SECTOR, job->first + s, &seen[s]);

		if (kind < 0) {
			printf("sector %llu: torn, or not what was ever written there\n",
			       (unsigned long long)(job->first + s));
			bad++;
			ok[s] = 1;
		}
	}
	for (number = 1; number <= synced + LOOK_AHEAD; number++) {
		struct op op = next_op(&replay);

		for (i = 0; i < op.count; i++) {
			s = op.sector - job->first + i;
			if (number <= synced)
				last[s] = number;
			else if (seen[s].seed == job->seed && seen[s].op == number)
				ok[s] = 1;
		}
	}
	for (s = 0; s < job->sectors; s++) {
		struct found want = { last[s], job->seed };

		if (!last[s])
			want = state[job->first + s];
		if (!ok[s] && (seen[s].op != want.op || seen[s].seed != want.seed)) {
			if (bad++ < 20)
				printf("sector %llu: holds operation %llu of round %llu, must hold "
				       "%llu of %llu (synced %llu)\n",
				       (unsigned long long)(job->first + s),
				       (unsigned long long)seen[s].op,
				       (unsigned long long)seen[s].seed,
				       (unsigned long long)want.op, (unsigned long long)want.seed,
				       (unsigned long long)synced);
		}
		state[job->first + s] = seen[s];
	}
	free(last);
	free(seen);
	free(ok);
	return bad;
}

static unsigned long verify(struct job *job, struct found *state, uint64_t synced)
{
	size_t bytes = job->sectors * SECTOR, done = 0;
	char *data = aligned_alloc(4096, bytes);

	while (done < bytes) {
		ssize_t r =
			pread(job->fd, data + done, bytes - done < 1 << 20 ? bytes - done : 1 << 20,
			      job->first * SECTOR + done);
		if (r <= 0) {
			printf("read at sector %llu: %s\n",
			       (unsigned long long)(job->first + done / SECTOR), strerror(errno));
			return 1;
		}
		done += r;
	}
	done = judge(job, state, synced, data);
	free(data);
	return done;
}

int main(int argc, char **argv)
{
	unsigned long bad = 0;
	int workers, i;
	uint64_t part;
	struct found *state = NULL;
	int writing;

	if (argc < 7) {
		fprintf(stderr, "stamp write|verify DEV STATE WORKERS MIB SEED ...\n");
		return 2;
	}
	writing = !strcmp(argv[1], "write");
	workers = atoi(argv[4]);
	part = strtoull(argv[5], NULL, 0) * 2048 / workers;
	if (!writing) {
		state = state_load(argv[3], part * workers);
		if (argc < 7 + workers) {
			fprintf(stderr, "stamp: %d SYNC numbers wanted\n", workers);
			return 2;
		}
	}
	for (i = 0; i < workers; i++) {
		struct job job = { .first = part * i, .sectors = part };

		job.seed = strtoull(argv[6], NULL, 0);
		job.random = job.seed * 1000 + i;
		job.sync_every = writing && argc > 7 ? atoi(argv[7]) : 20;
		if (!writing && getenv("SYNC_EVERY"))
			job.sync_every = atoi(getenv("SYNC_EVERY"));
		job.fd = open(argv[2], (writing ? O_RDWR : O_RDONLY) | O_DIRECT);
		if (job.fd < 0) {
			perror(argv[2]);
			return 1;
		}
		if (!writing)
			bad += verify(&job, state, strtoull(argv[7 + i], NULL, 0));
		else if (!fork())
			work(&job, i);
		close(job.fd);
	}
	while (wait(NULL) > 0)
		;
	if (bad)
		printf("%lu sectors are wrong\n", bad);
	if (!writing && state_save(argv[3], state, part * workers))
		return 2;
	return bad != 0;
}
