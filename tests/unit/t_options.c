// SPDX-License-Identifier: GPL-2.0
/* The text of options: every row from and to text, range ends, suffixes, names, hostile text. */
#include "lib_fixture.h"

#include "lib/options.h"

static __u64 parse(enum dmbc_option which, const char *text)
{
	struct dmbc_why why = {};
	__u64 value = ~0ULL;

	check_ok(dmbc_option_parse(which, text, &value, &why), &why);
	return value;
}

static void refuse(enum dmbc_option which, const char *text, const char *reason)
{
	struct dmbc_why why = {};
	__u64 value;

	assert_int_equal(dmbc_option_parse(which, text, &value, &why), -EINVAL);
	if (!strstr(why.text, reason) || !strstr(why.text, dmbc_option_rows[which].name))
		fail_msg("'%s': '%s' is not in '%s'", text, reason, why.text);
}

static void round_trip(enum dmbc_option which, __u64 value)
{
	char text[24];

	unsigned int length = dmbc_option_print(which, value, text, sizeof(text));

	assert_int_equal(length, strlen(text));
	assert_int_equal(parse(which, text), value);
}

static void every_row(void **state)
{
	char text[64], range[64];
	__u32 i;

	(void)state;
	for (i = 0; i < DMBC_NR_OPTIONS; i++) {
		const struct dmbc_option_row *row = &dmbc_option_rows[i];

		assert_int_equal(dmbc_option_find(row->name, NULL), i);
		assert_true(row->min <= row->def && row->def <= row->max && row->min < row->max);
		assert_true(strlen(row->name) < 40 && strlen(row->text) > 5);
		round_trip(i, row->min);
		round_trip(i, row->max);
		round_trip(i, row->def);
		dmbc_option_range(i, range, sizeof(range));
		snprintf(text, sizeof(text), "%llu", (unsigned long long)row->max + 1);
		refuse(i, text, range);
		if (row->min) {
			snprintf(text, sizeof(text), "%llu", (unsigned long long)row->min - 1);
			refuse(i, text, range);
		}
		refuse(i, "", range);
		refuse(i, "-1", range);
		refuse(i, "18446744073709551616", range);
		refuse(i, "1x", range);
		refuse(i, " 1", range);
	}
}

static void suffixes(void **state)
{
	(void)state;
	assert_int_equal(parse(DMBC_OPT_SEQUENTIAL_CUTOFF, "4M"), 4 << 20);
	assert_int_equal(parse(DMBC_OPT_SEQUENTIAL_CUTOFF, "4m"), 4 << 20);
	assert_int_equal(parse(DMBC_OPT_SEQUENTIAL_CUTOFF, "0k"), 0);
	assert_int_equal(parse(DMBC_OPT_SEQUENTIAL_CUTOFF_READ, "4G"), DMBC_CUTOFF_INHERITED);
	refuse(DMBC_OPT_SEQUENTIAL_CUTOFF, "4G", "0 to 4294967295 bytes");
	refuse(DMBC_OPT_SEQUENTIAL_CUTOFF, "18446744073709551615K", "bytes");
	refuse(DMBC_OPT_SEQUENTIAL_CUTOFF, "4MM", "bytes");
	refuse(DMBC_OPT_SEQUENTIAL_CUTOFF, "4%", "bytes");
	refuse(DMBC_OPT_SEQUENTIAL_CUTOFF, "M", "bytes");
	assert_int_equal(parse(DMBC_OPT_NODE_MEMORY, "512G") >> 30, 512);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_PERCENT, "10%"), 10);
	refuse(DMBC_OPT_WRITEBACK_PERCENT, "96%", "0 to 95 percent");
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_DELAY, "30s"), 30);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_DELAY, "10m"), 600);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_DELAY, "1d"), 86400);
	refuse(DMBC_OPT_WRITEBACK_DELAY, "2d", "0 to 86400 s");
	refuse(DMBC_OPT_WRITEBACK_DELAY, "1D", "0 to 86400 s");
	assert_int_equal(parse(DMBC_OPT_JOURNAL_DELAY, "100ms"), 100);
	assert_int_equal(parse(DMBC_OPT_JOURNAL_DELAY, "2s"), 2000);
	assert_int_equal(parse(DMBC_OPT_CONGESTED_READ, "2ms"), 2000);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_RATE_MINIMUM, "4M"), 8192);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_RATE_MINIMUM, "8"), 8);
}

static void names(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_RUNNING, "off"), 0);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_RUNNING, "on"), 1);
	assert_int_equal(parse(DMBC_OPT_WRITEBACK_RUNNING, "1"), 1);
	assert_int_equal(parse(DMBC_OPT_READAHEAD_POLICY, "meta-only"), DMBC_READAHEAD_META_ONLY);
	assert_int_equal(parse(DMBC_OPT_REPLACEMENT_POLICY, "random"), DMBC_REPLACE_RANDOM + 1);
	assert_int_equal(parse(DMBC_OPT_REPLACEMENT_POLICY, "lru"), DMBC_REPLACE_LRU + 1);
	refuse(DMBC_OPT_READAHEAD_POLICY, "1", "use all or meta-only");
	refuse(DMBC_OPT_READAHEAD_POLICY, "ALL", "use all or meta-only");
	/* cut to the room there is */
	assert_int_equal(dmbc_option_print(DMBC_OPT_READAHEAD_POLICY, 1, text, sizeof(text)), 7);
	assert_string_equal(text, "meta-on");
	assert_int_equal(dmbc_option_range(DMBC_OPT_READAHEAD_POLICY, text, sizeof(text)), 7);
	assert_string_equal(text, "all or ");
}

static void nearest_name(void **state)
{
	struct dmbc_why why = {};
	char longest[1000];

	(void)state;
	assert_int_equal(dmbc_option_find("sequential_cutof", &why), -EINVAL);
	assert_true(strstr(why.text, "did you mean sequential_cutoff?"));
	assert_int_equal(dmbc_option_find("writeback_percents", &why), -EINVAL);
	assert_true(strstr(why.text, "did you mean writeback_percent?"));
	assert_int_equal(dmbc_option_find("xyz", &why), -EINVAL);
	assert_true(strstr(why.text, "message options"));
	assert_int_equal(dmbc_option_find("", &why), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(dmbc_option_find(longest, &why), -EINVAL);
}

/* Whatever the text: refused, or in range. */
static void any_text(void **state)
{
	static const char letters[] = "0123456789KMGTkmgtsud%.-+eox ";
	struct dmbc_why why;
	char text[24];
	__u64 value;
	int i;

	(void)state;
	for (i = 0; i < 300000; i++) {
		enum dmbc_option which = random_below(DMBC_NR_OPTIONS);
		__u32 at, length = random_below(sizeof(text));

		for (at = 0; at < length; at++)
			text[at] = letters[random_below(sizeof(letters) - 1)];
		text[length] = '\0';
		if (dmbc_option_parse(which, text, &value, &why))
			continue;
		assert_true(value >= dmbc_option_rows[which].min);
		assert_true(value <= dmbc_option_rows[which].max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),	cmocka_unit_test(suffixes), cmocka_unit_test(names),
		cmocka_unit_test(nearest_name), cmocka_unit_test(any_text),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
