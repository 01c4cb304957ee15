#!/bin/bash
# Wrong table lines, super blocks and messages: each is refused with its one line of reason, and nothing stays behind.
# kernels: 6.1 uml-kasan
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 3 32
"$(dirname "$0")/src/compile" superpoke verify_super.c crc64.c || die "compile superpoke"
ssd=/dev/ram0 hdd=/dev/ram1 len=$(data_sectors /dev/ram1)
cases=0 failures=0
tainted=$(cat /proc/sys/kernel/tainted)

wrong() { echo "WRONG: $*"; failures=$((failures + 1)); }

# expect TEXT COMMAND...: the command fails; one new line of the kernel's log is the reason and holds TEXT
expect() {
	local text=$1 lines
	shift
	cases=$((cases + 1))
	dmesg -C
	! "$@" >/run/out 2>&1 || wrong "accepted: ${what:-$*}"
	# dm itself adds a line of its own about the failed ioctl
	dmesg | sed -E 's/^\[ *[0-9.]+\] *//' | grep -E 'bcache|table:' | grep -v -E 'ioctl|^device-mapper: core' >/run/log
	lines=$(wc -l </run/log)
	grep -q -i -F -- "$text" /run/log || wrong "no '$text' for: ${what:-$*}: $(cat /run/log /run/out)"
	[ "$lines" = 1 ] || wrong "$lines lines for: ${what:-$*}: $(cat /run/log)"
	[ "$(cat /proc/sys/kernel/tainted)" = "$tainted" ] || die "the kernel complained about: ${what:-$*}"
}

nothing_left() {
	[ "$(dm info -c --noheadings -o name)" = "${1:-No devices found}" ] || wrong "devices left: $(dm info -c)"
	[ -n "${1:-}" ] || [ "$(cat /sys/module/dm_bcache/refcnt)" = 0 ] || wrong "the module is still in use"
}

# table TEXT LINE: a table line after "0 LENGTH bcache "
table() {
	what="table '$2'" expect "$1" dm create bad --table "0 ${length:-$len} bcache $2"
	[ ! -e /dev/mapper/bad ] || dm remove bad 2>/dev/null
	nothing_left
}

fresh() { format $ssd $hdd --bucket 16K "$@"; }

# super TEXT DEV [FIELD BYTES VALUE]...: with these fields of its super block changed
super() {
	local text=$1 dev=$2 what
	shift 2
	what="$dev $*"
	while [ $# -gt 0 ]; do
		/run/superpoke "$dev" "$1" "$2" "$3" || die "superpoke $*"
		shift 3
	done
	what=$what expect "$text" dm create bad --table "0 $len bcache $ssd $hdd writeback"
	nothing_left
	dm remove bad 2>/dev/null
	/run/superpoke "$dev" 0 0 0
	fresh ${fresh_args:-}
}

fresh
echo "--- table lines"
table "too few" ""
table "too few" "$ssd"
table "too few" "$ssd $hdd"
table "unknown mode" "$ssd $hdd writebac"
table "unknown mode" "$ssd $hdd WRITEBACK"
table "unknown mode" "$ssd $hdd 1"
table "number of words" "$ssd $hdd writeback 1"
table "number of words" "$ssd $hdd writeback 2 sequential_cutoff"
table "number of words" "$ssd $hdd writeback 1 sequential_cutoff"
table "number of words" "$ssd $hdd writeback 0 sequential_cutoff"
table "number of words" "$ssd $hdd writeback 0 junk"
table "number of words" "$ssd $hdd writeback x"
table "number of words" "$ssd $hdd writeback -1"
table "number of words" "$ssd $hdd writeback 4294967295"
table "number of words" "$ssd $hdd writeback 99999999999999999999"
table "number of words" "$ssd $hdd writeback sequential_cutoff 0"
table "did you mean sequential_cutoff" "$ssd $hdd writeback 2 sequential_cutof 0"
table "unknown option" "$ssd $hdd writeback 2 $(printf 'x%.0s' $(seq 900)) 0"
table "from 0 to 4294967295" "$ssd $hdd writeback 2 sequential_cutoff 4294967296"
table "from 0 to 4294967295" "$ssd $hdd writeback 2 sequential_cutoff -1"
table "from 0 to 4294967295" "$ssd $hdd writeback 2 sequential_cutoff 4k"
table "from 0 to 70" "$ssd $hdd writeback 2 writeback_percent 71"
table "from 0 to 1" "$ssd $hdd writeback 2 writeback_running 2"
table "from 0 to 65535" "$ssd $hdd writeback 2 journal_delay_ms 65536"
table "from 1 to 60" "$ssd $hdd writeback 2 writeback_rate_update_seconds 0"
table "from 1 to 70" "$ssd $hdd writeback 2 cutoff_writeback 0"
table "given twice" "$ssd $hdd writeback 4 writeback_percent 10 writeback_percent 20"
table "cannot be opened" "/dev/none $hdd writeback"
table "cannot be opened" "$ssd /dev/none writeback"
table "cannot be opened" "/dev/null $hdd writeback"
table "cannot be opened" "$ssd /run writeback"
table "cannot be opened" "99:99 $hdd writeback"
table "same device" "$ssd $ssd writeback"
table "backing device" "$hdd $ssd writeback"
length=$((len + 1)) table "too many" "$ssd $hdd writeback"
length=99999999999 table "too many" "$ssd $hdd writeback"
what="the same disk twice in one table" expect "twice" dm create bad --table "0 1024 bcache $ssd $hdd writeback
1024 1024 bcache $ssd $hdd writeback"
nothing_left

echo "--- super blocks of the SSD"
# offsets: /work/shared/reference/bcache-format.md section 2
wipe $ssd
super "no bcache super block" $ssd
super "wrong magic" $ssd 24 8 0
/run/superpoke $ssd 200 4 1 nosum
super "bad checksum" $ssd
super "sector 9" $ssd 8 8 9
super "unknown version" $ssd 16 8 2
super "unknown version" $ssd 16 8 7
super "unknown version" $ssd 16 8 0x8000000000000003
super "uuid is zero" $ssd 40 8 0 48 8 0
super "uuid is zero" $ssd 56 8 0 64 8 0
super "policy 3" $ssd 104 8 12
super "policy 7" $ssd 104 8 28
super "unknown features" $ssd 16 8 5 120 8 1
super "unknown features" $ssd 16 8 5 128 8 4
super "unknown features" $ssd 16 8 5 136 8 1
super "obsolete" $ssd 16 8 5 128 8 1
super "buckets" $ssd 184 8 127
super "buckets" $ssd 184 8 0
super "do not fit" $ssd 184 8 100000
super "more than pointers" $ssd 184 8 0x1000000000000
super "block size" $ssd 192 2 0
super "block size" $ssd 192 2 3
super "block size" $ssd 192 2 16
super "bucket size" $ssd 194 2 0
super "bucket size" $ssd 194 2 33
super "bucket size" $ssd 194 2 4
super "bucket size" $ssd 16 8 5 128 8 2 194 2 31
super "multi-device" $ssd 196 2 2
super "multi-device" $ssd 196 2 0
super "multi-device" $ssd 198 2 1
super "out of range" $ssd 204 2 0
super "out of range" $ssd 204 2 65535
/run/superpoke $ssd 206 2 257 nosum
super "journal buckets" $ssd
super "journal bucket" $ssd 206 2 2
super "journal bucket" $ssd 206 2 2 208 8 99
super "needed" $ssd 104 8 1

echo "--- super blocks of the disk"
wipe $hdd
super "no bcache super block" $hdd
super "wrong magic" $hdd 32 8 1
/run/superpoke $hdd 184 8 99 nosum
super "bad checksum" $hdd
super "sector 16" $hdd 8 8 16
super "unknown version" $hdd 16 8 99
super "cache device" $hdd 16 8 3
super "uuid is zero" $hdd 40 8 0 48 8 0
super "mode 4" $hdd 104 8 4
super "mode 15" $hdd 104 8 15
super "journal buckets" $hdd 206 2 1
super "block size" $hdd 192 2 0
super "block size" $hdd 192 2 5
super "unknown features" $hdd 16 8 6 128 8 0x100
super "data offset" $hdd 16 8 4 184 8 8
super "data offset" $hdd 16 8 4 184 8 0xffffffffffffffff
super "data offset" $hdd 16 8 4 184 8 $((32 * 2048))
super "belongs to" $hdd 56 8 0x1234 64 8 0x5678
fresh_args="--block 4K" && fresh $fresh_args
super "block" $hdd 192 2 1
fresh_args= && fresh
# attached and dirty, by the right set, which does not know it
/run/superpoke $hdd 104 8 $((2 << 61)) && dd if=$ssd of=/run/uuid bs=1 skip=$((4096 + 56)) count=16 status=none
for word in 0 8; do
	/run/superpoke $hdd $((56 + word)) 8 "0x$(od -A n -t x8 -j $word -N 8 /run/uuid | tr -d ' ')"
done
super "does not know" $hdd

echo "--- messages"
create c $ssd $hdd writeback
msg() { what="message '${*:2}'" expect "$1" message c "${@:2}" && nothing_left c; }
msg "unknown message" bogus
msg "unknown message" Flush
msg "unknown message" "$(printf 'y%.0s' $(seq 500))"
msg "use cache_mode <mode>" cache_mode
msg "use cache_mode <mode>" cache_mode writeback writeback
msg "unknown mode" cache_mode fast
msg "use flush" flush now
msg "use gc" gc 1
msg "use clear_stats" clear_stats all
msg "use set <name> <value>" set
msg "use set <name> <value>" set sequential_cutoff
msg "use set <name> <value>" set sequential_cutoff 1 2
msg "did you mean" set sequential 1
msg "from 0 to 70" set writeback_percent 99
msg "from 0 to 70" set writeback_percent ""
msg "from 0 to 70" set writeback_percent -1
msg "from 0 to 70" set writeback_percent 0x10
msg "from 0 to 70" set writeback_percent 18446744073709551616
msg "use get <name>" get
msg "unknown option" get nothing
# a reload that is refused leaves the live table alone
what="reload with another mode's misspelling" expect "unknown mode" dm load c --table "0 $len bcache $ssd $hdd wb"
what="reload with another SSD" expect "cached on" dm load c --table "0 $len bcache /dev/ram2 $hdd writeback"
what="the disk under another target" expect "already cached" dm create bad --table "0 $len bcache $ssd $hdd writeback"
what="the SSD as a disk" expect "in use as an SSD" dm create bad --table "0 $len bcache /dev/ram2 $ssd writeback"
what="the disk as an SSD" expect "in use as a HDD" dm create bad --table "0 $len bcache $hdd /dev/ram2 writeback"
verify_fio after /dev/mapper/c --rw=randrw --bs=4k --iodepth=8 --size=1m
remove c
unload_module
echo "$cases wrong inputs, $failures not treated as they should be"
[ $failures = 0 ] && [ $cases -ge 40 ]
