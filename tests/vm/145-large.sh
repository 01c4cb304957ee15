#!/bin/bash
# A disk of 5 TiB: data on both sides of 2^31, 2^32 and 2^33 sectors stays apart, in the cache, on the disk and for mainline.
# timeout: 60
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
$MP brd rd_nr=2 rd_size=$((5 << 30)) || die "no ram disks" # KiB; what is never written takes no memory
echo "0 262144 linear /dev/ram0 0" | dm create ssd && nodes || die "ssd"
ssd=/dev/mapper/ssd hdd=/dev/ram1
half=$((64 << 10)) # bytes to each side
places=()
for bits in 31 32 33; do places+=($(((512 << bits) - half))); done
# where they would be with an offset of 32 bits
places+=(0 $(((512 << 31) + (1 << 30))))
size=$(((10 << 30) - 16))
places+=($(((size << 9) - 2 * half)))

put() { dd if="$2" of="$1" bs=128k count=1 oflag=direct,seek_bytes seek="$3" conv=notrunc status=none || die "write at $3"; }
expect() { # WHO DEVICE [SHIFT]
	local place
	for place in "${places[@]}"; do
		cmp -n $((2 * half)) "/run/data.$place" <(dd if="$2" bs=128k count=1 iflag=direct,skip_bytes skip=$((place + ${3:-0})) status=none) ||
			die "$1: something else at byte $place"
	done
}

format $ssd $hdd --bucket 64K
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
[ "$(sectors /dev/mapper/c)" = $size ] || die "size: $(sectors /dev/mapper/c)"
for place in "${places[@]}"; do
	dd if=/dev/urandom of="/run/data.$place" bs=128k count=1 status=none
	put /dev/mapper/c "/run/data.$place" "$place"
done
expect "after the writes" /dev/mapper/c
[ "$(field c dirty_bytes)" = $((${#places[@]} * 2 * half)) ] || die "dirty: $(status c)"
remove c
"$DMBCACHE" check $ssd --backing $hdd || die "check"
create c $ssd $hdd writeback writeback_running 0
expect "after a start" /dev/mapper/c
remove c

mainline_up $ssd $hdd
expect mainline "$bcache"
mainline_down
mainline_quiet "5 TiB"

create c $ssd $hdd writethrough
expect "after mainline" /dev/mapper/c
drain c
expect "the disk" $hdd 8192
# in the other modes, with holes and fills at the same places
dd if=/dev/urandom of=/run/new bs=128k count=1 status=none
for mode in writethrough writearound writeback; do
	message c cache_mode $mode
	for place in "${places[@]:0:3}"; do
		message c invalidate $((place >> 9)) $((half >> 9)) >/run/o || die "invalidate"
		put /dev/mapper/c /run/new "$place"
		cp /run/new "/run/data.$place"
		expect "$mode" /dev/mapper/c
		message c prefetch $((place >> 9)) $((2 * half >> 9)) >/run/o || die "prefetch"
		expect "$mode, prefetched" /dev/mapper/c
	done
done
blkdiscard -o $((512 << 32)) -l $half /dev/mapper/c || die "discard"
[ "$(message c verify | tr ' ' '\n' | sed -n 's/^differing_bytes=//p')" = 0 ] || die "verify: $(status c)"
drain c
remove c
# the near side of the place that was discarded
cmp -n $half "/run/data.${places[1]}" <(dd if=$hdd bs=64k count=1 iflag=direct,skip_bytes skip=$((places[1] + 8192)) status=none) ||
	die "the discard took too much"
sound $ssd $hdd
dm remove ssd
unload_module
