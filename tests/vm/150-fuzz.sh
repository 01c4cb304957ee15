#!/bin/bash
# Random messages, and status and table with any size of buffer, in every state: nothing breaks, and afterwards data is still right.
# kernels: uml-kasan
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
DMMSG=$repo/build/tests/dmmsg
ramdisks 3 64
ssd=/dev/mapper/ssd hdd=/dev/mapper/hdd
linear ssd /dev/ram0
linear hdd /dev/ram1
dmesg -n 1
seed=0
fuzz() { # STATE COUNT
	local state
	state=$(field c state)
	case " $1 " in *" $state "*) ;; *) die "state $state, not $1" ;; esac
	seed=$((seed + 1))
	echo "$state: $($DMMSG c fuzz $seed "$2"), then $(field c state)"
}
kinds() { swap ssd "$1"; }
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
# detached, and attached again
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writethrough
message c detach
wait_for 10 eval '[ "$(field c state)" = detached ]' || die "$(status c)"
fuzz detached 400
remove c
create c $ssd $hdd writeback
[ "$(field c state)" != detached ] || die "still detached"
message c detach
wait_for 10 eval '[ "$(field c state)" = detached ]' || die "$(status c)"
message c attach
fuzz "clean dirty" 200
remove c

# on the way there: the disk takes so long that neither a flush nor a detach ends; then it fails
for state in flushing detaching; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
	verify_fio data /dev/mapper/c --rw=randwrite --bs=4k --size=2m --iodepth=8
	message c writeback pause
	fuzz dirty 100
	remove c
	create c $ssd $hdd writeback
	swap hdd "delay /dev/ram1 0 0 /dev/ram1 0 300"
	dd if=/dev/zero of=/dev/mapper/c bs=4k count=256 oflag=direct status=none
	if [ $state = flushing ]; then message c flush; else message c detach; fi
	fuzz $state 200
	swap hdd error
	fuzz "$state clean dirty flushing detaching detached" 100
	swap hdd "linear /dev/ram1 0"
	remove c
done

# each mode; a disk in place; a volume
for mode in none writearound writethrough; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd $mode
	[ "$(field c mode)" = $mode ] || die "$(status c)"
	fuzz clean 200
	remove c
done
format $ssd $hdd --bucket 64K --block 4K
echo "0 $(sectors /dev/ram2) bcache $ssd /dev/ram2 writeback 2 origin_id 5ca1ab1e-0000-4000-8000-000000000001" | dm create c && nodes || die "in place"
dd if=/dev/zero of=/dev/mapper/c bs=4k count=64 oflag=direct status=none
fuzz "clean dirty" 300
remove c
echo "0 8192 bcache $ssd volume films 2 create 4M" | dm create c && nodes || die "volume"
fuzz volume 300
remove c

format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback
verify_fio after /dev/mapper/c --rw=randrw --bs=4k --size=2m --iodepth=8
remove c
sound $ssd $hdd
remove ssd
remove hdd
unload_module
