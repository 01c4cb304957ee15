// SPDX-License-Identifier: GPL-2.0
/*
 * Recognises sequential streams.
 *
 * dmbc_seq_note() looks for the stream that was expected to go on at the
 * request's first sector; a living one grows and is filed again under its new
 * end, otherwise the stream that was idle longest makes place, and what the task
 * had streamed so far enters its average. All links are indices, NIL ends a list.
 */
#include "lib/seq.h"

#include "lib/port.h"

#define NIL 0xffff
#define SECTOR_BYTES 512
#define AVERAGE_WEIGHT 8 /* a new stream is 1/8 of a task's average */

/* 7 bits: DMBC_SEQ_BUCKETS, DMBC_SEQ_TASKS */
static __u32 hash_of(__u64 number)
{
	return (number * 0x9E3779B97F4A7C15ULL) >> 57;
}

static void lru_remove(struct dmbc_seq *s, __u16 i)
{
	struct dmbc_seq_stream *st = &s->stream[i];

	if (st->lru_prev == NIL)
		s->lru_head = st->lru_next;
	else
		s->stream[st->lru_prev].lru_next = st->lru_next;
	if (st->lru_next == NIL)
		s->lru_tail = st->lru_prev;
	else
		s->stream[st->lru_next].lru_prev = st->lru_prev;
}

/* The head is the stream used last. */
static void lru_push(struct dmbc_seq *s, __u16 i)
{
	struct dmbc_seq_stream *st = &s->stream[i];

	st->lru_prev = NIL;
	st->lru_next = s->lru_head;
	if (s->lru_head == NIL)
		s->lru_tail = i;
	else
		s->stream[s->lru_head].lru_prev = i;
	s->lru_head = i;
}

static void hash_remove(struct dmbc_seq *s, __u16 i)
{
	__u16 *link = &s->hash[hash_of(s->stream[i].next)];

	while (*link != i)
		link = &s->stream[*link].hash_next;
	*link = s->stream[i].hash_next;
}

static void hash_push(struct dmbc_seq *s, __u16 i)
{
	__u16 *head = &s->hash[hash_of(s->stream[i].next)];

	s->stream[i].hash_next = *head;
	*head = i;
}

void dmbc_seq_init(struct dmbc_seq *s, __u64 lifetime)
{
	__u16 i;

	memset(s, 0, sizeof(*s));
	memset(s->hash, 0xff, sizeof(s->hash));
	s->lru_head = NIL;
	s->lru_tail = NIL;
	s->lifetime = lifetime;
	for (i = 0; i < DMBC_SEQ_STREAMS; i++)
		lru_push(s, i);
}

/* The living stream that goes on at @sector; NIL: none. */
static __u16 find(const struct dmbc_seq *s, __u64 sector, __u64 now)
{
	__u16 i;

	for (i = s->hash[hash_of(sector)]; i != NIL; i = s->stream[i].hash_next)
		if (s->stream[i].next == sector && now - s->stream[i].last <= s->lifetime)
			return i;
	return NIL;
}

/* Is this the end of a stream's last request? *@i: that stream. */
static bool was_noted(const struct dmbc_seq *s, __u64 sector, __u32 sectors, __u64 now, __u16 *i)
{
	*i = find(s, sector + sectors, now);
	return *i != NIL && s->stream[*i].sectors >= sectors;
}

/* Tasks that share a place forget one another. */
static struct dmbc_seq_task *task_of(struct dmbc_seq *s, __u32 id)
{
	struct dmbc_seq_task *t = &s->task[hash_of(id)];

	if (t->id != id)
		*t = (struct dmbc_seq_task){ .id = id };
	return t;
}

static __u64 note_task(struct dmbc_seq *s, __u32 id, __u64 stream_bytes, bool new_stream)
{
	struct dmbc_seq_task *t = task_of(s, id);

	if (new_stream)
		t->average = (t->average * (AVERAGE_WEIGHT - 1) + t->bytes) / AVERAGE_WEIGHT;
	t->bytes = stream_bytes;
	return t->average > stream_bytes ? t->average : stream_bytes;
}

__u64 dmbc_seq_note(struct dmbc_seq *s, __u64 sector, __u32 sectors, __u32 task, __u64 now)
{
	struct dmbc_seq_stream *st;
	__u16 i = find(s, sector, now);
	bool new_stream = i == NIL;

	if (new_stream && was_noted(s, sector, sectors, now, &i))
		return task ? note_task(s, task, s->stream[i].bytes, false) : s->stream[i].bytes;
	if (new_stream) {
		i = s->lru_tail;
		s->stream[i].bytes = 0;
	}
	st = &s->stream[i];
	if (st->used)
		hash_remove(s, i);
	st->used = 1;
	st->next = sector + sectors;
	st->bytes += (__u64)sectors * SECTOR_BYTES;
	st->sectors = sectors;
	st->last = now;
	hash_push(s, i);
	lru_remove(s, i);
	lru_push(s, i);
	return task ? note_task(s, task, st->bytes, new_stream) : st->bytes;
}
