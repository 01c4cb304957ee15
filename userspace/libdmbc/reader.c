// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of slots and a few threads. The owner asks at `asked` and takes at
 * `taken`; a thread claims the slot at `claimed`, reads it, and marks it ready.
 * taken <= claimed <= asked <= taken + slots, all counted for ever.
 */
#include "reader.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 8

struct slot {
	__u64 sector;
	void *data;
	int error;
	bool ready;
};

struct dmbc_reader {
	const struct dmbc_device *dev;
	__u32 sectors;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop;
	__u64 asked, claimed, taken;
	struct slot slot[DMBC_READER_SLOTS];
	unsigned int threads;
	pthread_t thread[THREADS];
};

static struct slot *slot_at(struct dmbc_reader *r, __u64 number)
{
	return &r->slot[number % DMBC_READER_SLOTS];
}

static void *read_slots(void *arg)
{
	struct dmbc_reader *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		struct slot *s;

		if (r->claimed == r->asked) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		s = slot_at(r, r->claimed++);
		pthread_mutex_unlock(&r->lock);
		s->error = dmbc_device_read(r->dev, s->sector, r->sectors, s->data);
		pthread_mutex_lock(&r->lock);
		s->ready = true;
		pthread_cond_signal(&r->done);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

struct dmbc_reader *dmbc_reader_create(const struct dmbc_device *dev, __u32 sectors)
{
	struct dmbc_reader *r = calloc(1, sizeof(*r));
	bool ok = r != NULL;
	unsigned int i;

	if (!r)
		return NULL;
	r->dev = dev;
	r->sectors = sectors;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, NULL);
	pthread_cond_init(&r->done, NULL);
	for (i = 0; i < DMBC_READER_SLOTS && ok; i++) {
		r->slot[i].data = dmbc_device_buffer((size_t)sectors * DMBC_SECTOR_BYTES);
		ok = r->slot[i].data != NULL;
	}
	while (ok && r->threads < THREADS) {
		ok = !pthread_create(&r->thread[r->threads], NULL, read_slots, r);
		r->threads += ok;
	}
	if (ok)
		return r;
	dmbc_reader_destroy(r);
	return NULL;
}

void dmbc_reader_destroy(struct dmbc_reader *r)
{
	unsigned int i;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	for (i = 0; i < r->threads; i++)
		pthread_join(r->thread[i], NULL);
	for (i = 0; i < DMBC_READER_SLOTS; i++)
		free(r->slot[i].data);
	pthread_cond_destroy(&r->work);
	pthread_cond_destroy(&r->done);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

bool dmbc_reader_ask(struct dmbc_reader *r, __u64 sector)
{
	bool room = r->asked - r->taken < DMBC_READER_SLOTS;

	if (!room)
		return false;
	pthread_mutex_lock(&r->lock);
	slot_at(r, r->asked)->sector = sector;
	slot_at(r, r->asked)->ready = false;
	r->asked++;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	return true;
}

void *dmbc_reader_take(struct dmbc_reader *r, int *error)
{
	struct slot *s = slot_at(r, r->taken);

	pthread_mutex_lock(&r->lock);
	while (!s->ready)
		pthread_cond_wait(&r->done, &r->lock);
	pthread_mutex_unlock(&r->lock);
	*error = s->error;
	return s->data;
}

void dmbc_reader_release(struct dmbc_reader *r)
{
	r->taken++;
}

void dmbc_reader_drain(struct dmbc_reader *r)
{
	int error;

	while (r->taken != r->asked) {
		dmbc_reader_take(r, &error);
		dmbc_reader_release(r);
	}
}
