#!/bin/bash
# Every change of the state is an event of device-mapper, and comes when the new state is there to be seen: who sleeps until the
# next event before each look misses none of them.
# kernels: uml-kasan
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
$MP dm-delay || die "no dm-delay"
ramdisks 2 64
ssd=/dev/mapper/ssd hdd=/dev/mapper/hdd
linear ssd /dev/ram0
linear hdd /dev/ram1
dmesg -n 1
# until STATE...: by events alone
until_state() {
	local seen
	while seen=$(dm info -c --noheadings -o events c) && ! [[ " $* " = *" $(field c state) "* ]]; do
		timeout 60 dmsetup wait c "$seen" || die "no event on the way to $*: $(status c)"
	done
	echo "$(field c state) at event $seen"
}
write() { dd if=/dev/urandom of=/dev/mapper/c bs=4k count="$1" oflag=direct status=none || die "write"; }

format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0
for turn in 1 2 3 4 5 6; do
	until_state clean
	[ $turn = 1 ] || message c flush # with nothing to do
	until_state clean
	write 8
	until_state dirty
	message c flush
	until_state clean
done

# a slow disk: what lasts is seen to begin, too
swap hdd "delay /dev/ram1 0 0 /dev/ram1 0 1000"
write 64
message c flush
until_state flushing
until_state clean
write 64
message c detach
until_state detaching
until_state detached
swap hdd "linear /dev/ram1 0"
message c attach
until_state clean dirty
remove c

# while it is loading
swap ssd "delay /dev/ram0 0 100"
dm create --notable c 2>/dev/null
echo "0 $(data_sectors $hdd) bcache $ssd $hdd writeback 4 sequential_cutoff 0 io_error_limit 0" | dm load c || die "load"
dm resume c &
resume=$!
until_state clean dirty
wait $resume || die "resume"
nodes

# the SSD fails, with dirty data and without
message c flush
until_state clean
swap ssd "linear /dev/ram0 0"
message c writeback pause
write 8
until_state dirty
swap ssd error
dd if=/dev/mapper/c of=/dev/null bs=4k count=8 iflag=direct status=none 2>/dev/null
until_state failed-dirty
remove c
swap ssd "linear /dev/ram0 0"
create c $ssd $hdd writethrough io_error_limit 0
message c flush
until_state clean
dd if=/dev/mapper/c of=/dev/null bs=4k count=8 iflag=direct status=none
sleep 1
swap ssd error
dd if=/dev/mapper/c of=/dev/null bs=4k count=8 iflag=direct status=none
until_state failed
remove c
remove ssd
remove hdd
checked /dev/ram0 # whose disk has gone on without it
unload_module
