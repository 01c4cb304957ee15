#!/bin/bash
# Wrong table lines, super blocks and messages: each is refused with its one line of reason, and nothing stays behind.
# kernels: 6.1 uml-kasan
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 3 32
"$(dirname "$0")/src/compile" superpoke verify_super.c crc64.c || die "compile superpoke"
ssd=/dev/ram0 hdd=/dev/ram1 len=$(($(sectors /dev/ram1) - 16))
cases=0 failures=0
tainted=$(cat /proc/sys/kernel/tainted)

wrong() { echo "WRONG: $*"; failures=$((failures + 1)); }

# The checks below start as few programs as possible: starting one is what takes time in an emulated machine.

# expect TEXT WHAT COMMAND...: the command fails; one new line of the kernel's log is the reason and holds TEXT
expect() {
	local text=$1 what=$2 line reasons=() now
	shift 2
	cases=$((cases + 1))
	! "$@" >/run/out 2>&1 || wrong "accepted: $what"
	while read -r line; do
		case $line in
		*"ioctl: error adding target"* | *"preresume failed"* | *"core: CONFIG_IMA"*) ;; # device-mapper's own
		*": new, "* | *": loaded, "*) ;; # the SSD was fine
		*bcache* | *table:*) reasons+=("$line") ;;
		esac
	done < <(dmesg -c)
	[ ${#reasons[@]} = 1 ] || wrong "${#reasons[@]} lines for: $what: ${reasons[*]} $(cat /run/out)"
	case "${reasons[*]}" in *"$text"*) ;; *) wrong "no '$text' for: $what: ${reasons[*]}" ;; esac
	read -r now </proc/sys/kernel/tainted
	[ "$now" = "$tainted" ] || die "the kernel complained about: $what"
}

nothing_left() {
	local users
	read -r users </sys/module/dm_bcache/refcnt
	[ "$users" = "${1:-0}" ] || wrong "the module has $users users"
	[ ! -e /sys/block/dm-"${1:-0}" ] || wrong "a device is left"
}

# table TEXT LINE: a table line after "0 LENGTH bcache "
table() {
	expect "$1" "table '$2'" dm create bad --table "0 ${length:-$len} bcache $2"
	nothing_left
}

# fresh [OPTION...]: both formatted, and a copy of both super blocks for restore
fresh() {
	format $ssd $hdd --bucket 16K "$@"
	for dev in $ssd $hdd; do dd if=$dev of=/run/super${dev//\//-} bs=4k skip=1 count=1 status=none; done
	dmesg -C
}
restore() { dd if=/run/super${1//\//-} of="$1" bs=4k seek=1 count=1 conv=notrunc,fsync status=none; }

# super TEXT DEV [FIELD BYTES VALUE]...: with these fields of its super block changed
super() {
	local text=$1 dev=$2 what="$2 ${*:3}"
	shift 2
	while [ $# -gt 0 ]; do
		/run/superpoke "$dev" "$1" "$2" "$3" || die "superpoke $*"
		shift 3
	done
	expect "$text" "$what" dm create bad --table "0 $len bcache $ssd $hdd writeback"
	nothing_left
	restore "$dev"
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
table "add the missing value" "$ssd $hdd writeback 1 sequential_cutoff"
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
table "from 0 to 4294967295" "$ssd $hdd writeback 2 sequential_cutoff 4q"
table "from 0 to 95" "$ssd $hdd writeback 2 writeback_percent 96"
table "from 0 to 1" "$ssd $hdd writeback 2 writeback_running 2"
table "from 0 to 65535" "$ssd $hdd writeback 2 journal_delay_ms 65536"
table "from 1 to 60" "$ssd $hdd writeback 2 writeback_rate_update_seconds 0"
table "from 1 to 95" "$ssd $hdd writeback 2 cutoff_writeback 0"
table "all or meta-only" "$ssd $hdd writeback 2 readahead_cache_policy some"
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
expect "twice" "the same disk twice in one table" dm create bad --table "0 1024 bcache $ssd $hdd writeback
1024 1024 bcache $ssd $hdd writeback"
nothing_left

echo "--- super blocks of the SSD"
# offsets: include/dm-bcache/format.h, struct dmbc_disk_super
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
super "belongs to" $hdd 56 8 0x1234 64 8 0x5678 104 8 $((1 << 61))
fresh --block 4K
super "block" $hdd 192 2 1
fresh
# attached and dirty, by the right set, which does not know it
/run/superpoke $hdd 104 8 $((2 << 61)) && dd if=$ssd of=/run/uuid bs=1 skip=$((4096 + 56)) count=16 status=none
for word in 0 8; do
	/run/superpoke $hdd $((56 + word)) 8 "0x$(od -A n -t x8 -j $word -N 8 /run/uuid | tr -d ' ')"
done
super "does not know" $hdd

echo "--- messages"
create c $ssd $hdd writeback
dmesg -C
msg() { expect "$1" "message '${*:2}'" message c "${@:2}"; nothing_left 1; }
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
msg "from 0 to 95" set writeback_percent 99
msg "from 0 to 95" set writeback_percent 1e1
msg "from 0 to 95" set writeback_percent 0x10
msg "from 0 to 95" set writeback_percent 18446744073709551616
msg "use get <name>" get
msg "unknown option" get nothing
msg "use reset <name|all>" reset
msg "unknown option" reset nothing
msg "use options" options all
# a reload that is refused leaves the live table alone
expect "unknown mode" "reload with another mode's misspelling" dm load c --table "0 $len bcache $ssd $hdd wb"
expect "cached on" "reload with another SSD" dm load c --table "0 $len bcache /dev/ram2 $hdd writeback"
expect "already cached" "the disk under another target" dm create bad --table "0 $len bcache $ssd $hdd writeback"
expect "in use as an SSD" "the SSD as a disk" dm create bad --table "0 $len bcache /dev/ram2 $ssd writeback"
expect "in use as a HDD" "the disk as an SSD" dm create bad --table "0 $len bcache $hdd /dev/ram2 writeback"
verify_fio after /dev/mapper/c --rw=randrw --bs=4k --iodepth=8 --size=1m
remove c
sound $ssd $hdd
unload_module
echo "$cases wrong inputs, $failures not treated as they should be"
[ $failures = 0 ] && [ $cases -ge 40 ]
