#!/bin/bash
# Every option as the target lists them: set and get over its whole range, by message and by table; bad values; reload, reset; and
# what those do that can be seen from outside.
# kernels: uml-kasan
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 3 64
ssd=/dev/ram0 hdd=/dev/ram1
dmesg -n 1
DMMSG=$repo/build/tests/dmmsg
get() { message c get "$1"; }
expect() { [ "$(get "$1")" = "$2" ] || die "$1 is $(get "$1"), not $2"; }

# Questions and the answers they must have are gathered, and asked by one program: starting one is what takes time.
questions=() answers=()
ask() { # MESSAGE ANSWER
	questions+=("$1") answers+=("$2")
}
check_answers() {
	local i got
	mapfile -t got < <(printf '%s\n' "${questions[@]}" | $DMMSG c)
	for i in "${!questions[@]}"; do
		[ "${got[i]:-}" = "${answers[i]}" ] || die "'${questions[i]}': '${got[i]:-}' instead of '${answers[i]}'"
	done
	echo "${#questions[@]} questions"
	questions=() answers=()
}
refused() { ask "$1" "error 22"; }

echo "--- set, get, table, reload, reset"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd none
plain=$(dm table c) && plain=${plain#* * bcache }
table="0 $(data_sectors $hdd) bcache $plain"
message c options | tee /run/options
line='^([a-z_]+)=([^ ]+) \((.*), default ([^,)]+)(, all disks of the SSD)?\) (.+)$'
names=() values=() usuals=() scopes=() all=
dmesg -C
while read -r text; do
	[[ $text =~ $line ]] || die "not an option: $text"
	name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]} range=${BASH_REMATCH[3]} usual=${BASH_REMATCH[4]} scope=${BASH_REMATCH[5]}
	[ "$value" = "$usual" ] || die "$name begins with $value: $text"
	case $range in
	*' to '*)
		low=${range%% *} high=${range#* to } high=${high%% *}
		choices=("$low" "$high")
		refused "set $name $((high + 1))"
		[ "$low" = 0 ] || refused "set $name $((low - 1))"
		;;
	*) IFS='|' read -r -a choices <<<"${range// or /|}" ;;
	esac
	for value in -1 1x 18446744073709551616 0x1 1e1 '\'; do refused "set $name $value"; done
	other=
	for value in "${choices[@]}"; do
		ask "set $name $value" ok
		ask "get $name" "ok $value"
		[ "$value" != "$usual" ] || continue
		other=$value
		ask @table "ok $plain 2 $name $value"
	done
	[ -n "$other" ] || die "$name has one value only"
	ask "reset $name" ok
	ask "get $name" "ok $usual"
	ask @table "ok $plain"
	names+=("$name") values+=("$other") usuals+=("$usual") scopes+=("$scope") all+=" $name $other"
done </run/options
check_answers
[ ${#names[@]} -ge 30 ] || die "${#names[@]} options only"
# each refusal has its line, which names the option and the range
dmesg >/run/log
while read -r text; do
	[[ $text =~ $line ]]
	grep -F "message set: ${BASH_REMATCH[1]} '1x': use" /run/log | grep -q -F "${BASH_REMATCH[3]}" || die "no reason for: $text"
done </run/options

# all of them by one table and by message; what the table says then survives a reload and a new start; and back
all="$((2 * ${#names[@]}))$all"
check_all() {
	local i
	for i in "${!names[@]}"; do ask "get ${names[i]}" "ok ${values[i]}"; done
	ask @table "ok $plain $all"
	check_answers
}
reload c "$table $all"
check_all
ask "reset all" ok
for i in "${!names[@]}"; do ask "set ${names[i]} ${values[i]}" ok; done
check_all
kept=$(dm table c)
reload c "$kept"
check_all
remove c
echo "$kept" | dm create c && nodes || die "create with all options"
check_all
# without words the options of the target go back; those of the SSD stay, until they are reset
reload c "$table"
for i in "${!names[@]}"; do
	if [ -n "${scopes[i]}" ]; then value=${values[i]}; else value=${usuals[i]}; fi
	ask "get ${names[i]}" "ok $value"
done
ask "reset all" ok
ask @table "ok $plain"
refused reset
refused "reset nothing"
refused "options all"
refused "set x 1"
check_answers

echo "--- people's units"
units() { message c set "$1" "$2" || die "set $1 $2"; expect "$1" "$3"; }
units sequential_cutoff 1M 1048576
units sequential_cutoff 64k 65536
units writeback_percent 12% 12
units writeback_delay 2m 120
units journal_delay_ms 1s 1000
units congested_read_threshold_us 2ms 2000
units writeback_rate_minimum 4M 8192
units writeback_running off 0
units node_memory 1G 1073741824
message c reset all
remove c

echo "--- sequential cutoffs of reads and writes, by stream and by task"
# rate of requests is of no matter here: only counters are looked at
io() { fio --name=io --filename=/dev/mapper/c --direct=1 --ioengine=psync --output-format=terse "$@" >/run/o || die "fio $*"; }
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 64k
io --rw=write --bs=4k --size=1m
[ "$(field c bypass_sequential)" -gt 200 ] || die "sequential writes were cached: $(status c)"
message c set sequential_cutoff_write 0
before=$(field c bypass_sequential)
io --rw=write --bs=4k --size=1m --offset=4m
[ "$(field c bypass_sequential)" = "$before" ] || die "writes past the cache without a cutoff"
io --rw=read --bs=4k --size=1m --offset=16m
after=$(field c bypass_sequential)
[ $((after - before)) -gt 200 ] || die "sequential reads were cached: $(status c)"
message c set sequential_cutoff_read 4M
io --rw=read --bs=4k --size=1m --offset=20m
[ "$(field c bypass_sequential)" = "$after" ] || die "reads past the cache below their cutoff"
# streams of 16 requests: only their last one is beyond the cutoff, but so is the task's average after a while
for by_task in 0 1; do
	message c reset all
	message c set sequential_cutoff 60k
	message c set sequential_by_task $by_task
	before=$(field c bypass_sequential)
	io --rw=randwrite:16 --bs=4k --size=12m --offset=$((24 + 12 * by_task))m --io_size=4m
	by[$by_task]=$(($(field c bypass_sequential) - before))
done
echo "of 1024 requests past the cache: ${by[0]} by stream, ${by[1]} by task"
[ ${by[0]} -ge 32 ] && [ ${by[0]} -le 200 ] && [ ${by[1]} -ge 400 ] || die "streams"
remove c

echo "--- I/O priority"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0 bypass_ioprio idle
message c clear_stats
io --rw=randwrite --bs=4k --size=1m --offset=8m --prioclass=3
[ "$(field c bypass_priority)" = 256 ] || die "idle requests were cached: $(status c)"
io --rw=randwrite --bs=4k --size=1m --offset=8m --prioclass=2
[ "$(field c bypass_priority)" = 256 ] || die "best-effort requests skipped the cache"
message c set bypass_ioprio best-effort
io --rw=randread --bs=4k --size=1m --offset=40m --prioclass=2
[ "$(field c bypass_priority)" = 512 ] || die "best-effort requests were cached: $(status c)"
remove c

echo "--- read-ahead"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0 readahead_cache_policy meta-only
blockdev --setra 512 /dev/mapper/c
dd if=/dev/mapper/c of=/dev/null bs=4k count=512 status=none
[ "$(field c bypass_readahead)" -gt 0 ] || die "read-ahead was cached: $(status c)"
remove c
create c $ssd $hdd writeback sequential_cutoff 0
echo 3 >/proc/sys/vm/drop_caches
dd if=/dev/mapper/c of=/dev/null bs=4k count=512 skip=4096 status=none
[ "$(field c bypass_readahead)" = 0 ] && [ "$(field c fills)" -gt 0 ] || die "read-ahead skipped the cache: $(status c)"
remove c

echo "--- congestion"
$MP dm-delay || die "no dm-delay"
echo "0 $(sectors $ssd) delay $ssd 0 0 $ssd 0 30" | dm create slow && nodes || die "delay"
format /dev/mapper/slow $hdd --bucket 64K --block 4K
create c /dev/mapper/slow $hdd writeback congested_write_threshold_us 20ms
fio --name=io --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --output-format=terse --rw=randwrite --bs=64k --size=16m --iodepth=32 >/run/o || die "fio"
[ "$(field c bypass_congested)" -gt 50 ] || die "a slow SSD is not congested: $(status c)"
message c set congested_write_threshold_us 0
message c clear_stats
io --rw=randwrite --bs=64k --size=1m
[ "$(field c bypass_congested)" = 0 ] || die "bypass without a threshold"
remove c
remove slow

echo "--- replacement policy and discard"
linear ssd $ssd # a ram disk does not count what it gets
ssd=/dev/mapper/ssd
format $ssd $hdd --bucket 64K --block 4K
for policy in lru fifo random as-formatted; do
	create c $ssd $hdd writethrough sequential_cutoff 0 cache_replacement_policy $policy discard 1
	verify_fio $policy /dev/mapper/c --rw=randwrite --bs=64k --size=60m --io_size=80m --iodepth=8
	remove c
	sound $ssd $hdd
done
read -r _ _ _ _ _ _ _ _ _ _ _ discards _ </sys/block/dm-0/stat
read -r most </sys/block/dm-0/queue/discard_max_bytes
echo "$discards discards"
[ "$most" = 0 ] || [ "$discards" -gt 100 ] || die "no discards"
remove ssd
unload_module
