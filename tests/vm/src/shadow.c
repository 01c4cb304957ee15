// SPDX-License-Identifier: GPL-2.0
/*
 * What every sector may hold after a power cut, see shadow.h.
 *
 * A flush promises what was finished before it began, a FUA write itself; per
 * sector `promised` is the last such write. Every later one that has begun may be
 * there as well, nothing else. After a discard that no promised write has followed
 * it may be any older one.
 *
 * A cut may leave clean data on the SSD that is not what the disk below has; what is
 * read there becomes what is `below` when the SSD's bucket is used again.
 */
#define _GNU_SOURCE
#include "shadow.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (SHADOW_SECTOR / 8)
#define MAX_SHOWN 12
#define NOTHING UINT64_MAX

struct write {
	uint64_t sector;
	uint32_t sectors;
	uint32_t kind;
};

struct place {
	uint64_t promised, discarded;
	uint64_t below; /* may be read as well, until a write is promised; NOTHING: no */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct write *writes; /* by number; 0 is unused */
static uint64_t nr_writes, max_writes;
static struct place *places;
static uint64_t nr_places;
static uint64_t first, begun; /* of this log */
static uint64_t *finished; /* in their order */
static uint64_t nr_finished, max_finished, nr_promised;
static uint64_t at_flush[SHADOW_WRITERS];

static void *grow(void *array, uint64_t *max, uint64_t wanted, size_t size)
{
	if (wanted < *max)
		return array;
	*max = 2 * wanted + 1024;
	array = realloc(array, *max * size);
	if (!array)
		abort();
	return array;
}

void shadow_start(uint64_t sectors)
{
	uint64_t s;

	nr_places = sectors;
	places = calloc(sectors, sizeof(*places));
	if (!places)
		abort();
	for (s = 0; s < sectors; s++)
		places[s].below = NOTHING;
	writes = grow(writes, &max_writes, 1, sizeof(*writes));
	nr_writes = first = 1;
}

uint64_t shadow_begin(uint64_t sector, uint32_t sectors, enum shadow_kind kind)
{
	uint64_t number;

	pthread_mutex_lock(&lock);
	number = nr_writes++;
	writes = grow(writes, &max_writes, nr_writes, sizeof(*writes));
	writes[number] = (struct write){ sector, sectors, kind };
	recorder_note(EVENT_USER_WRITE, number);
	pthread_mutex_unlock(&lock);
	return number;
}

void shadow_finished(uint64_t number)
{
	recorder_note(EVENT_USER_WRITTEN, number);
}

static uint64_t word_of(uint64_t number, uint64_t sector)
{
	return (number * 0x9e3779b97f4a7c15ULL ^ sector) * 0xbf58476d1ce4e5b9ULL;
}

static void fill_sector(unsigned char *data, uint64_t number, uint64_t sector)
{
	uint64_t words[WORDS], i;

	words[0] = number;
	words[1] = sector;
	for (i = 2; i < WORDS; i++)
		words[i] = word_of(number, sector) + i;
	memcpy(data, words, SHADOW_SECTOR);
}

void shadow_fill(unsigned char *data, uint64_t number)
{
	struct write w;
	uint32_t i;

	pthread_mutex_lock(&lock);
	w = writes[number];
	pthread_mutex_unlock(&lock);
	for (i = 0; i < w.sectors; i++)
		fill_sector(data + i * SHADOW_SECTOR, number, w.sector + i);
}

uint64_t shadow_number(const unsigned char *data, uint64_t sector)
{
	static const unsigned char zeros[SHADOW_SECTOR];
	unsigned char wanted[SHADOW_SECTOR];
	uint64_t number;

	if (!memcmp(data, zeros, SHADOW_SECTOR))
		return 0;
	memcpy(&number, data, sizeof(number));
	fill_sector(wanted, number, sector);
	return memcmp(data, wanted, SHADOW_SECTOR) ? UINT64_MAX : number;
}

/* ---- along the log ----------------------------------------------------------------- */

static void promise(uint64_t number)
{
	const struct write *w = &writes[number];
	uint32_t i;

	for (i = 0; i < w->sectors; i++) {
		struct place *p = &places[w->sector + i];

		if (w->kind != SHADOW_DISCARD && p->promised < number) {
			p->promised = number;
			p->below = NOTHING;
		}
	}
}

static void begin(uint64_t number)
{
	const struct write *w = &writes[number];
	uint32_t i;

	begun = number;
	for (i = 0; i < w->sectors && w->kind == SHADOW_DISCARD; i++)
		places[w->sector + i].discarded = number;
}

static void finish(uint64_t number)
{
	finished = grow(finished, &max_finished, nr_finished + 1, sizeof(*finished));
	finished[nr_finished++] = number;
	if (writes[number].kind == SHADOW_FUA)
		promise(number);
}

void shadow_event(const struct event *event)
{
	switch (event->type) {
	case EVENT_USER_WRITE: begin(event->number); break;
	case EVENT_USER_WRITTEN: finish(event->number); break;
	case EVENT_USER_FLUSH: at_flush[event->number] = nr_finished; break;
	case EVENT_USER_FLUSHED:
		for (; nr_promised < at_flush[event->number]; nr_promised++)
			promise(finished[nr_promised]);
		break;
	default: break;
	}
}

/* ---- judging --------------------------------------------------------------------------- */

static int covers(uint64_t number, uint64_t sector)
{
	const struct write *w = &writes[number];

	return w->kind != SHADOW_DISCARD && sector >= w->sector && sector < w->sector + w->sectors;
}

static int allowed(uint64_t sector, uint64_t number)
{
	const struct place *p = &places[sector];

	if (number == UINT64_MAX)
		return 0;
	if (number == p->promised || number == p->below || p->discarded > p->promised)
		return 1;
	return number > p->promised && number >= first && number <= begun && covers(number, sector);
}

unsigned long shadow_judge(const unsigned char *data)
{
	unsigned long bad = 0;
	uint64_t s;

	for (s = 0; s < nr_places; s++) {
		uint64_t number = shadow_number(data + s * SHADOW_SECTOR, s);

		if (!allowed(s, number) && bad++ < MAX_SHOWN)
			printf("  sector %llu holds write %lld, must hold %llu or a later one "
			       "(begun: %llu to %llu)\n",
			       (unsigned long long)s, (long long)number,
			       (unsigned long long)places[s].promised, (unsigned long long)first,
			       (unsigned long long)begun);
	}
	return bad;
}

/* What may be read of @sector beside @now from now on. */
static uint64_t below(uint64_t sector, uint64_t now, const unsigned char *other, bool leaves_both)
{
	const struct place *p = &places[sector];
	uint64_t number = other ? shadow_number(other + sector * SHADOW_SECTOR, sector) : NOTHING;

	if (number == now || !allowed(sector, number))
		return NOTHING;
	if (!leaves_both && (now != p->promised || number != p->below))
		return NOTHING;
	return number;
}

uint64_t shadow_settle(const unsigned char *data, const unsigned char *other, bool leaves_both)
{
	uint64_t s, uncertain = 0;

	for (s = 0; s < nr_places; s++) {
		uint64_t now = shadow_number(data + s * SHADOW_SECTOR, s);

		places[s].below = below(s, now, other, leaves_both);
		places[s].promised = now;
		places[s].discarded = 0;
		uncertain += places[s].below != NOTHING;
	}
	first = nr_writes;
	begun = nr_finished = nr_promised = 0;
	return uncertain;
}

bool shadow_certain(uint64_t sector)
{
	return places[sector].below == NOTHING;
}

/* ---- files --------------------------------------------------------------------------------- */

static int transfer(FILE *f, int out, void *data, size_t bytes)
{
	return out ? fwrite(data, bytes, 1, f) != 1 : fread(data, bytes, 1, f) != 1;
}

static int all(FILE *f, int out)
{
	uint64_t *numbers[] = { &nr_writes, &nr_places, &first, &begun };
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (transfer(f, out, numbers[i], sizeof(uint64_t)))
			return -1;
	if (!out) {
		writes = grow(writes, &max_writes, nr_writes, sizeof(*writes));
		places = calloc(nr_places, sizeof(*places));
	}
	return transfer(f, out, writes, nr_writes * sizeof(*writes)) ||
			       transfer(f, out, places, nr_places * sizeof(*places))
		       ? -1
		       : 0;
}

static int file(const char *path, int out)
{
	FILE *f = fopen(path, out ? "w" : "r");
	int r = f ? all(f, out) : -1;

	if (f && fclose(f))
		r = -1;
	return r;
}

int shadow_save(const char *path)
{
	return file(path, 1);
}

int shadow_load(const char *path)
{
	return file(path, 0);
}
