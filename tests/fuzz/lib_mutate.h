/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One fuzz target, two drivers. Each fuzz_*.c defines seed_input(), a valid
 * structure, and run_input(), which gives bytes to a verifier and touches what
 * was accepted. Under libFuzzer the engine makes the bytes; stand-alone,
 * main() mutates the valid structure with a fixed seed. Half of the inputs get
 * a right checksum first (repair_input()), else nothing behind it is reached.
 */
#ifndef DMBC_TESTS_LIB_MUTATE_H
#define DMBC_TESTS_LIB_MUTATE_H

#include "../unit/lib_fixture.h"

#define INPUT_MAX 32768
#define ROUNDS 40000

/* Fills @buf, INPUT_MAX bytes and zeroed, with a valid structure; returns its bytes. */
static size_t seed_input(__u8 *buf);
/* Makes the checksum right where @bytes allow it. */
static void repair_input(__u8 *buf, size_t bytes);
/* True if the structure was accepted. */
static bool run_input(const __u8 *buf, size_t bytes);

/* A copy of exactly @bytes, so that the sanitizer sees every read beyond them. */
static inline bool run_copy(const __u8 *data, size_t bytes, bool repair)
{
	__u8 *copy = malloc(bytes ? bytes : 1);
	bool accepted;

	if (bytes)
		memcpy(copy, data, bytes);
	if (repair)
		repair_input(copy, bytes);
	accepted = run_input(copy, bytes);
	free(copy);
	return accepted;
}

#ifdef DMBC_LIBFUZZER

int LLVMFuzzerTestOneInput(const __u8 *data, size_t bytes);
int LLVMFuzzerTestOneInput(const __u8 *data, size_t bytes)
{
	static __u8 seed[INPUT_MAX], work[INPUT_MAX];
	static size_t valid;

	if (bytes > INPUT_MAX)
		return 0;
	if (!valid)
		valid = seed_input(seed);
	run_copy(data, bytes, false);
	run_copy(data, bytes, true);
	if (bytes >= valid)
		return 0;
	/* a short input is the front of a valid structure: the engine seldom makes one as long */
	memcpy(work, seed, valid);
	memcpy(work, data, bytes);
	run_copy(work, valid, true);
	return 0;
}

#else

static void mutate(__u8 *buf, size_t bytes)
{
	static const __u64 special[] = { 0,	     1,	    0xff, 0xffff, 0xffffffff,
					 1ULL << 63, ~0ULL, 512,  4095 };
	__u32 n = 1 + random_below(4);
	size_t at;

	while (n--) {
		at = random_below(bytes);
		switch (random_below(5)) {
		case 0: buf[at] ^= 1 << random_below(8); break;
		case 1: buf[at] = random_u64(); break;
		case 2: /* one whole word */
			if (bytes >= 8)
				memcpy(buf + random_below(bytes / 8) * 8, &special[random_below(9)],
				       8);
			break;
		case 3: /* half a word */
			if (bytes >= 4)
				memcpy(buf + random_below(bytes / 4) * 4, &special[random_below(9)],
				       4);
			break;
		default: /* one word over another: also among the first, which say the most */
			if (bytes >= 16)
				memmove(buf + random_below(bytes / 8) * 8,
					buf + random_below(bytes / 8) * 8, 8);
		}
	}
}

static void valid_input_is_accepted(void **state)
{
	static __u8 seed[INPUT_MAX];
	size_t bytes = seed_input(seed);

	(void)state;
	assert_true(run_copy(seed, bytes, false));
	assert_true(run_copy(seed, bytes, true));
}

static void mutations(void **state)
{
	static __u8 seed[INPUT_MAX], work[INPUT_MAX];
	size_t bytes = seed_input(seed), cut;
	__u32 i, accepted = 0;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		memcpy(work, seed, bytes);
		mutate(work, random_below(2) || bytes < 256 ? bytes : 256);
		cut = random_below(8) ? bytes : random_below(bytes + 1);
		accepted += run_copy(work, cut, random_below(4));
	}
	print_message("%u mutations, %u accepted\n", ROUNDS, accepted);
	assert_true(accepted < ROUNDS);
}

static void every_length(void **state)
{
	static __u8 seed[INPUT_MAX];
	size_t bytes = seed_input(seed), cut;

	(void)state;
	for (cut = 0; cut < bytes; cut += cut < 1024 ? 1 : 61) {
		run_copy(seed, cut, false);
		run_copy(seed, cut, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_input_is_accepted),
		cmocka_unit_test(mutations),
		cmocka_unit_test(every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
#endif
