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
		assert_int_equal(dmbc_seq_note(&s, 5000 + 8 * i, 8, i), 4096ULL * (i + 1));
	assert_int_equal(dmbc_seq_note(&s, 5000, 8, 1000), 4096);
}

static void many_streams_at_once(void **state)
{
	__u64 i, round;

	(void)state;
	dmbc_seq_init(&s, 100000);
	for (round = 0; round < 20; round++)
		for (i = 0; i < DMBC_SEQ_STREAMS; i++)
			assert_int_equal(dmbc_seq_note(&s, (i << 20) + round * 16, 16, round),
					 8192 * (round + 1));
	/* one more: the stream that was idle longest goes */
	assert_int_equal(dmbc_seq_note(&s, 1ULL << 40, 16, round), 8192);
	assert_int_equal(dmbc_seq_note(&s, (1 << 20) + round * 16, 16, round), 8192 * (round + 1));
	assert_int_equal(dmbc_seq_note(&s, round * 16, 16, round), 8192);
}

static void streams_expire(void **state)
{
	(void)state;
	dmbc_seq_init(&s, 100);
	assert_int_equal(dmbc_seq_note(&s, 0, 8, 1000), 4096);
	assert_int_equal(dmbc_seq_note(&s, 8, 8, 1100), 8192);
	assert_int_equal(dmbc_seq_note(&s, 16, 8, 1201), 4096);
}

static void random_load_keeps_the_links(void **state)
{
	__u32 i, in_lru = 0, hashed = 0, back = 0;
	__u16 at;

	(void)state;
	dmbc_seq_init(&s, 50);
	for (i = 0; i < 200000; i++)
		dmbc_seq_note(&s, random_below(600) * 8, 8 * (1 + random_below(2)), i);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_grows),
		cmocka_unit_test(many_streams_at_once),
		cmocka_unit_test(streams_expire),
		cmocka_unit_test(random_load_keeps_the_links),
	};

	return cmocka_run_group_tests_name("seq", tests, NULL, NULL);
}
