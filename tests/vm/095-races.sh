#!/bin/bash
# A write that goes past the cache, or a discard, beside a read miss that fills it: no read may ever return old data, also not
# later (mainline bcache 6.1 fails this within seconds).  The origin is slow, once for writes and once for reads, so that the two meet all the time.
# kernels: uml-kasan
# timeout: 200
. "$(dirname "$0")/lib.sh"
load_module
"$(dirname "$0")/src/compile" race || die "compile"
$MP -a loop dm-delay && $MP brd rd_nr=1 rd_size=65536 || die "modprobe"
ssd=/dev/ram0 seconds=${SECONDS_EACH:-4}
truncate -s 9M /run/hdd.img # a file, because it can be discarded
loop=$(losetup -f --show --direct-io=off /run/hdd.img) || die losetup

contents() { dd if="$1" bs=1M count=8 iflag=direct status=none | md5sum; }

race() { # READ-DELAY WRITE-DELAY MODE-AND-ARGUMENTS [discard]
	local hdd=/dev/mapper/hdd before
	echo "0 $(sectors "$loop") delay $loop 0 $1 $loop 0 $2" | dm create hdd && nodes || die "dm-delay"
	format $ssd $hdd --bucket 64K --block 4K
	# shellcheck disable=SC2086 # a list
	create c $ssd $hdd $3
	/run/race /dev/mapper/c "$seconds" ${4:-} >/run/out || { cat /run/out; status c; die "reads $1 ms, writes $2 ms, $3 ${4:-}"; }
	echo "reads $1 ms, writes $2 ms, $3 ${4:-}: $(cat /run/out); fills $(field c fills), given up $(field c fill_races)"
	# the cache and the disk agree, now and after a new start
	before=$(contents /dev/mapper/c)
	drain c
	remove c
	sync "$loop"
	[ "$(tail -c +8193 /run/hdd.img | head -c 8M | md5sum)" = "$before" ] || die "$3: the disk differs from the cache"
	create c $ssd $hdd writethrough
	[ "$(contents /dev/mapper/c)" = "$before" ] || die "$3: other data after a new start"
	remove c
	sound $ssd $hdd
	dm remove hdd || die "remove hdd"
}

for delays in "0 200" "20 0"; do
	for mode in writearound none writethrough "writeback sequential_cutoff 65536"; do
		race $delays "$mode"
	done
done
for mode in writearound writeback; do
	race 20 0 $mode discard
	race 0 100 $mode discard
done
losetup -d "$loop"
unload_module
