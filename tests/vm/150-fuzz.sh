#!/bin/bash
# Random messages, and status and table with any size of buffer, in every state: nothing breaks, and afterwards data is still right.
# kernels: uml-kasan
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
DMMSG=$repo/build/tests/dmmsg
ramdisks 2 64
ssd=/dev/mapper/ssd hdd=/dev/ram1
echo "0 $(sectors /dev/ram0) linear /dev/ram0 0" | dm create ssd && nodes || die "linear"
dmesg -n 1
seed=0
fuzz() { # STATE COUNT
	local state
	state=$(field c state)
	case " $1 " in *" $state "*) ;; *) die "state $state, not $1" ;; esac
	seed=$((seed + 1))
	echo "$state: $($DMMSG c fuzz $seed "$2")"
}
kinds() { echo "0 $(sectors /dev/ram0) $1" | dm load ssd && dm suspend --noflush --nolockfs ssd && dm resume ssd || die "swap $1"; }
format $ssd $hdd --bucket 64K --block 4K
table="0 $(data_sectors $hdd) bcache $ssd $hdd writeback"

echo "$table" | dm create --notable c 2>/dev/null
echo "$table" | dm load c || die "load"
echo "$table" | dm load c || die "load"
dm resume c || die "resume"
nodes
fuzz "clean dirty detached detaching flushing" 500
remove c

# while it is loading: a slow SSD holds the resume up
$MP dm-delay || die "no dm-delay"
kinds "delay /dev/ram0 0 150"
dm create --notable c 2>/dev/null
echo "$table" | dm load c || die "load"
dm resume c &
resume=$!
wait_for 5 eval '[ "$(field c state)" = loading ]' || die "never loading: $(status c)"
fuzz loading 300
wait $resume || die "resume"
nodes
fuzz "clean dirty detached detaching flushing" 100
remove c
kinds "linear /dev/ram0 0"

create c $ssd $hdd writeback sequential_cutoff 0
verify_fio load /dev/mapper/c --rw=randrw --bs=4k --size=4m --iodepth=16 --loops=4 --verify_backlog=32 &
load=$!
fuzz "clean dirty flushing" 1500
wait $load || die "load"
dm suspend c
fuzz "clean dirty detached detaching flushing" 300
dm resume c
remove c

for mode in writethrough writeback; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd $mode sequential_cutoff 0 writeback_running 0 io_error_limit 0
	verify_fio data /dev/mapper/c --rw=randwrite --bs=4k --size=2m --iodepth=8
	kinds error
	wait_for 20 eval 'dd if=/dev/mapper/c of=/dev/null bs=4k count=512 iflag=direct status=none 2>/dev/null
		dd if=/dev/zero of=/dev/mapper/c bs=4k seek=$((RANDOM % 8192 + 1024)) count=1 conv=fsync oflag=direct status=none 2>/dev/null
		case $(field c state) in failed*) true ;; *) false ;; esac' || die "$(status c)"
	fuzz "failed failed-dirty" 300
	remove c
	kinds "linear /dev/ram0 0"
done
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writethrough
message c detach
wait_for 10 eval '[ "$(field c state)" = detached ]' || die "$(status c)"
fuzz detached 500
remove c
create c $ssd $hdd writeback
verify_fio after /dev/mapper/c --rw=randrw --bs=4k --size=2m --iodepth=8
remove c
sound $ssd $hdd
remove ssd
unload_module
