#!/bin/bash
# dm-bcache(7): made from the table of options, complete, and clean; every message and state of interface.h is in it, every field
# of status and stats, and every file that bcache has or had in sysfs.
. "$(dirname "$0")/lib.sh"

"$repo/scripts/manual" 0 >page || fail "scripts/manual"
! command -v groff >/dev/null || [ -z "$(groff -man -Tascii -ww -z page 2>&1)" ] || fail "groff: $(groff -man -Tascii -ww -z page 2>&1 | head)"
for name in $(sed -nE 's/^DMBC_OPTION\([A-Z_]+, ([a-z_]+),.*/\1/p' "$repo/include/dm-bcache/options.def"); do
	grep -q "^\.BR $name " page || fail "no option $name"
done
for name in $(sed -nE 's/^#define DMBC_(MESSAGE|STATE_TEXT)_[A-Z_]+ "([a-z_-]+)".*/\2/p' "$repo/include/dm-bcache/interface.h"); do
	sed 's/\\//g' page | grep -q -w -e "$name" || fail "no word $name"
done
# words_of FILE: names in its left column, one a line; a name with a star stands for all that fit
words_of() { sed -nE '/^[#=]/d; s/ \| .*//p' "$1" | sed -E 's/\([^)]*\)//g' | tr ', ' '\n\n' | grep .; }
documented() { # FILE NAME...
	local file=$1 name known pattern
	known=$(words_of "$file")
	shift
	for name; do
		while read -r pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ $name != $pattern ]] || continue 2
		done <<<"$known"
		fail "$file: no row for $name"
	done
}
interface=$repo/include/dm-bcache/interface.h report=$repo/dm-bcache/target/report.c
status=$(sed -nE '/DMBC_STATUS_NUMBERS/,$s/^\tX\(([a-z_]+)\).*/\1/p' "$interface")
kinds=$(sed -nE 's/.*\[DMBC_(READ|WRITE)_[A-Z]+\] = .*/&/p' "$report" | grep -oE '"[a-z_]+"' | tr -d '"')
timings=$(sed -nE 's/.*emit_timing\("([a-z]+)".*/\1/p' "$report")
numbers=$(sed -nE 's/.*NUMBER\("([a-z_]+)".*/\1/p' "$report")
[ "$(wc -w <<<"$status")" -gt 50 ] && [ "$(wc -w <<<"$kinds")" = 6 ] && [ "$(wc -w <<<"$timings")" = 4 ] && [ "$(wc -w <<<"$numbers")" -gt 30 ] ||
	fail "names of fields: $status, $kinds, $timings, $numbers"
# shellcheck disable=SC2046,SC2086 # words
documented "$repo/docs/fields.txt" version state mode set window $status $numbers $(printf '%s_requests %s_bytes\n' $(printf '%s %s ' $kinds $kinds | xargs -n 1)) \
	$(printf '%s_count ' $timings) bypass_full_reads bypass_full_writes age_quantiles
documented "$repo/docs/sysfs.txt" $(cat <<-'END'
	register register_quiet pendings_cleanup
	attach detach stop running state cache_mode label dirty_data sequential_cutoff readahead_cache_policy stop_when_cache_set_failed
	writeback_running writeback_percent writeback_delay writeback_rate writeback_rate_update_seconds writeback_rate_p_term_inverse
	writeback_rate_i_term_inverse writeback_rate_minimum writeback_rate_debug writeback_consider_fragment writeback_rate_fp_term_low
	writeback_rate_fp_term_mid writeback_rate_fp_term_high writeback_metadata io_errors io_error_limit io_disable stripe_size
	partial_stripes_expensive backing_dev_name backing_dev_uuid clear_stats verify bypass_torture_test stats_total stats_five_minute
	stats_hour stats_day cache_hits cache_misses cache_hit_ratio cache_bypass_hits cache_bypass_misses cache_miss_collisions bypassed
	readahead sequential_merge data_csum
	unregister flash_vol_create synchronous journal_delay_ms errors io_error_halflife congested congested_read_threshold_us
	congested_write_threshold_us bucket_size block_size tree_depth root_usage_percent btree_cache_size cache_available_percent
	average_key_size bdevN volumeN cacheN
	active_journal_entries btree_nodes btree_used_percent btree_cache_max_chain bset_tree_stats btree_gc_last btree_split_last
	btree_sort_last btree_read_last cache_read_races reclaim reclaimed_journal_buckets flush_write writeback_keys_done
	writeback_keys_failed trigger_gc prune_cache gc_always_rewrite btree_shrinker_disabled copy_gc_enabled idle_max_writeback_rate
	gc_after_writeback cutoff_writeback cutoff_writeback_sync feature_compat feature_ro_compat feature_incompat key_merging_disabled
	expensive_debug_checks
	nbuckets cache_replacement_policy discard written btree_written metadata_written priority_stats freelist_percent size
	END
)
! grep -n '@[A-Z_]*@' page || fail "a place was not filled"
finish
