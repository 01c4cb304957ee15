/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recognises sequential streams: remembers where the last 128 streams would
 * continue, hashed by that sector, least recently used first out; and of the
 * last tasks how long their streams are on average, so that a task that reads
 * many large files in turn is known for it. Pure; the caller serialises and
 * gives the time.
 */
#ifndef DMBC_LIB_SEQ_H
#define DMBC_LIB_SEQ_H

#include <linux/types.h>

#define DMBC_SEQ_STREAMS 128
#define DMBC_SEQ_BUCKETS 128
#define DMBC_SEQ_TASKS 128

struct dmbc_seq_stream {
	__u64 next; /* sector where it continues */
	__u64 bytes; /* so far */
	__u64 last; /* time of the last request */
	__u32 sectors; /* of the last request */
	__u16 hash_next, lru_prev, lru_next;
	__u16 used;
};

struct dmbc_seq_task {
	__u32 id;
	__u64 bytes; /* of its stream now */
	__u64 average; /* of its streams before */
};

struct dmbc_seq {
	struct dmbc_seq_stream stream[DMBC_SEQ_STREAMS];
	__u16 hash[DMBC_SEQ_BUCKETS];
	__u16 lru_head, lru_tail;
	__u64 lifetime; /* in the caller's time unit */
	struct dmbc_seq_task task[DMBC_SEQ_TASKS]; /* place by id */
};

void dmbc_seq_init(struct dmbc_seq *s, __u64 lifetime);
/*
 * Notes a request of @task (0: of nobody in particular); returns the bytes of
 * its stream including it, or the average of the task's streams if that is more.
 * The rest of a request that was cut, noted again, does not count twice.
 */
__u64 dmbc_seq_note(struct dmbc_seq *s, __u64 sector, __u32 sectors, __u32 task, __u64 now);

#endif
