// SPDX-License-Identifier: GPL-2.0
/* Stream detection: growth, age, displacement of the idlest. */
#include "lib_fixture.h"

#include "lib/seq.h"

static struct dmbc_seq s;

static void a_stream_grows(void **state)
{
	__u32 i;

	(void)state;
	dmbc_seq_init(&s, 100);
	for (i = 0; i < 1000; i++)
		assert_int_equal(dmbc_seq_note(&s, 5000 + 8 * i, 8, 0, i), 4096ULL * (i + 1));
	assert_int_equal(dmbc_seq_note(&s, 5000, 8, 0, 1000), 4096);
}

static void many_streams_at_once(void **state)
{
	__u64 i, round;

	(void)state;
	dmbc_seq_init(&s, 100000);
	for (round = 0; round < 20; round++)
		for (i = 0; i < DMBC_SEQ_STREAMS; i++)
			assert_int_equal(dmbc_seq_note(&s, (i << 20) + round * 16, 16, 0, round),
					 8192 * (round + 1));
	/* one more: the stream that was idle longest goes */
	assert_int_equal(dmbc_seq_note(&s, 1ULL << 40, 16, 0, round), 8192);
	assert_int_equal(dmbc_seq_note(&s, (1 << 20) + round * 16, 16, 0, round),
			 8192 * (round + 1));
	assert_int_equal(dmbc_seq_note(&s, round * 16, 16, 0, round), 8192);
}

static void streams_expire(void **state)
{
	(void)state;
	dmbc_seq_init(&s, 100);
	assert_int_equal(dmbc_seq_note(&s, 0, 8, 0, 1000), 4096);
	assert_int_equal(dmbc_seq_note(&s, 8, 8, 0, 1100), 8192);
	assert_int_equal(dmbc_seq_note(&s, 16, 8, 0, 1201), 4096);
}

static void random_load_keeps_the_links(void **state)
{
	__u32 i, in_lru = 0, hashed = 0, back = 0;
	__u16 at;

	(void)state;
	dmbc_seq_init(&s, 50);
	for (i = 0; i < 200000; i++)
		dmbc_seq_note(&s, random_below(600) * 8, 8 * (1 + random_below(2)), 0, i);
	for (at = s.lru_head; at != 0xffff; at = s.stream[at].lru_next)
		in_lru++;
	for (at = s.lru_tail; at != 0xffff; at = s.stream[at].lru_prev)
		back++;
	for (i = 0; i < DMBC_SEQ_BUCKETS; i++)
		for (at = s.hash[i]; at != 0xffff; at = s.stream[at].hash_next)
			hashed++;
	assert_int_equal(in_lru, DMBC_SEQ_STREAMS);
	assert_int_equal(back, DMBC_SEQ_STREAMS);
	assert_int_equal(hashed, DMBC_SEQ_STREAMS);
}

/* What of a request lies behind the first extent found comes again. */
static void a_cut_request_counts_once(void **state)
{
	__u64 i;

	(void)state;
	dmbc_seq_init(&s, 100);
	for (i = 0; i < 50; i++) {
		assert_int_equal(dmbc_seq_note(&s, i * 64, 64, 7, i), 32768 * (i + 1));
		assert_int_equal(dmbc_seq_note(&s, i * 64 + 10, 54, 7, i), 32768 * (i + 1));
		assert_int_equal(dmbc_seq_note(&s, i * 64 + 63, 1, 0, i), 32768 * (i + 1));
	}
	/* more than the last request covered is a stream of its own */
	assert_int_equal(dmbc_seq_note(&s, 49 * 64 - 1, 65, 0, 50), 65 * 512);
}

/* A task that begins a stream of 64 KiB somewhere else every time. */
static void a_task_is_known_by_its_average(void **state)
{
	__u64 now = 0, file, answer = 0;
	__u32 i;

	(void)state;
	dmbc_seq_init(&s, 1000);
	for (file = 0; file < 100; file++) {
		for (i = 0; i < 16; i++)
			answer = dmbc_seq_note(&s, (file << 30) + 8 * i, 8, 77, now++);
		/* the first of them are below: the average starts at 0 */
		assert_true(answer == 65536);
	}
	answer = dmbc_seq_note(&s, 1ULL << 50, 8, 77, now++);
	assert_true(answer > 60000 && answer <= 65536);
	/* nobody else pays for it, nor who asks without a task */
	assert_int_equal(dmbc_seq_note(&s, 1ULL << 51, 8, 78, now++), 4096);
	assert_int_equal(dmbc_seq_note(&s, 1ULL << 52, 8, 0, now++), 4096);
	/* small requests all over the disk: the average falls again */
	for (i = 0; i < 100; i++)
		answer = dmbc_seq_note(&s, (1ULL << 53) + 1000 * i, 8, 77, now++);
	assert_true(answer < 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_grows),
		cmocka_unit_test(many_streams_at_once),
		cmocka_unit_test(streams_expire),
		cmocka_unit_test(random_load_keeps_the_links),
		cmocka_unit_test(a_cut_request_counts_once),
		cmocka_unit_test(a_task_is_known_by_its_average),
	};

	return cmocka_run_group_tests_name("seq", tests, NULL, NULL);
}
