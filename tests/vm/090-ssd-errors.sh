#!/bin/bash
# Disks that fail.  A clean cache whose SSD fails costs no user I/O; dirty data on a failed SSD are the only thing that cannot be
# read, and are there again when the SSD is; a disk that fails keeps its dirty data on the SSD; remove always comes to an end.
# kernels: 6.1 uml-kasan
# timeout: 180
. "$(dirname "$0")/lib.sh"
load_module
"$(dirname "$0")/src/compile" pattern || die "compile"
$MP ext4 || die "ext4"
ramdisks 2 96
ssd=/dev/mapper/ssd hdd=/dev/mapper/hdd # linear, until they fail
gone() { swap "$1" error; }
back() { case $1 in ssd) swap ssd "linear /dev/ram0 0" ;; hdd) swap hdd "linear /dev/ram1 0" ;; esac; }
pattern() { /run/pattern "$@"; }
good() { pattern "$@" >/run/out || die "pattern $*: $(cat /run/out); $(status c 2>/dev/null); $(dmesg | tail -5)"; }
state_is() { [ "$(field c state)" = "$1" ]; }
quickly() { # COMMAND...: within 10 s
	local start=$SECONDS
	"$@"
	[ $((SECONDS - start)) -le 10 ] || die "$* took $((SECONDS - start)) s"
}
under_load() { [ $(($(field c write_hits) + $(field c write_misses) + $(field c bypass_writes))) -gt 100 ]; }
linear ssd /dev/ram0
linear hdd /dev/ram1
fresh() { format $ssd $hdd --bucket 64K --block 4K; }

echo "--- a clean cache loses its SSD under ext4 (D3, D4)"
for mode in writethrough writearound; do
	fresh
	create c $ssd $hdd $mode
	run mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/mapper/c
	mkdir -p /run/m && run mount -o errors=remount-ro /dev/mapper/c /run/m
	(
		n=0
		while [ ! -e /run/stop ]; do
			n=$((n + 1))
			dd if=/dev/urandom of=/run/m/f$((n % 20)) bs=64k count=4 conv=fsync status=none || echo "write $n" >>/run/failed
			md5sum /run/m/f* >/run/sums || echo "read $n" >>/run/failed
			echo 1 >/proc/sys/vm/drop_caches
		done
		echo "$n rounds"
	) &
	writer=$!
	sleep 1.5
	gone ssd
	wait_for 20 state_is failed || die "state $(field c state) without an SSD: $(status c)"
	sleep 1.5
	touch /run/stop
	wait $writer
	rm -f /run/stop
	[ ! -e /run/failed ] || die "$mode: user I/O failed: $(cat /run/failed)"
	[ "$(field c ssd_errors)" -gt 0 ] || die "no error was counted: $(status c)"
	grep -q ' /run/m ext4 rw' /proc/mounts || die "the file system is read-only"
	sync -f /run/m
	md5sum /run/m/f* >/run/sums
	quickly run umount /run/m
	quickly remove c
	# the SSD returns with what is old by now: none of it may be served
	back ssd
	checked $ssd $hdd
	create c $ssd $hdd $mode
	run mount /dev/mapper/c /run/m
	md5sum --quiet -c /run/sums || die "$mode: old data of a returned SSD"
	run umount /run/m
	run e2fsck -fn /dev/mapper/c >/run/out
	remove c
	sound $ssd $hdd
done

echo "--- bad sectors of a clean SSD are read from the disk instead"
fresh
create c $ssd $hdd writethrough sequential_cutoff 0 io_error_limit 1000000
good write /dev/mapper/c 0 2048 1
# a hole of 2 MiB in the middle of the data
printf '%s\n' "0 10240 linear /dev/ram0 0" "10240 4096 error" "14336 $(($(sectors $ssd) - 14336)) linear /dev/ram0 14336" |
	dm load ssd && dm suspend ssd && dm resume ssd || die "a hole in the SSD"
good check /dev/mapper/c 0 2048 1
[ "$(field c ssd_errors)" -gt 0 ] || die "no error was counted: $(status c)"
back ssd
good check /dev/mapper/c 0 2048 1
remove c
sound $ssd $hdd

echo "--- dirty data on an SSD that is gone for a while (D1)"
fresh
create c $ssd $hdd writethrough sequential_cutoff 0
good write /dev/mapper/c 0 1024 1 # clean: on both
message c cache_mode writeback
message c set writeback_running 0
good write /dev/mapper/c 256 256 2 # dirty: units 256 to 511
gone ssd
pattern check /dev/mapper/c 256 256 2 >/run/out && die "dirty data were read without their SSD"
grep -q 'wrong 0 ' /run/out || die "old data for dirty ranges: $(cat /run/out)"
state_is failed-dirty || wait_for 10 state_is failed-dirty || die "state $(field c state): $(status c)"
good check /dev/mapper/c 0 256 1
good check /dev/mapper/c 512 512 1
pattern write /dev/mapper/c 256 256 3 >/run/out && die "dirty data were overwritten on the disk alone"
status c
[ "$(field c dirty_bytes)" = 1048576 ] || die "dirty: $(field c dirty_bytes)"
# writes to clean ranges: refused or done, but never lost
pattern write /dev/mapper/c 700 100 4 >/run/out && seed=4 || seed=1
echo "writes to clean ranges while failed-dirty: $(cat /run/out)"
quickly remove c
! "$DMBCACHE" check $ssd >/run/out 2>&1 || die "an SSD that cannot be read is sound: $(cat /run/out)"
back ssd
checked $ssd $hdd
create c $ssd $hdd writeback writeback_running 0
good check /dev/mapper/c 0 256 1
good check /dev/mapper/c 256 256 2
good check /dev/mapper/c 512 188 1
good check /dev/mapper/c 700 100 $seed
good check /dev/mapper/c 800 224 1
message c set writeback_running 1
drain c
remove c
sound $ssd $hdd
cmp -n 1048576 <(tail -c +$((8192 + 1048576 + 1)) /dev/ram1) <(tail -c +$((8192 + 1048576 + 1)) $hdd) || die "drained data"

echo "--- the disk is gone while dirty data are written back"
fresh
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
good write /dev/mapper/c 0 512 5
gone hdd
message c set writeback_running 1
message c flush
wait_for 20 test "$(field c origin_errors)" -gt 0
sleep 2
[ "$(field c origin_errors)" -gt 0 ] || die "no error was counted: $(status c)"
[ "$(field c dirty_bytes)" = 2097152 ] || die "dirty data were given up: $(status c)"
good check /dev/mapper/c 0 512 5
[ "$(field c origin_errors)" -lt 100000 ] || die "writeback hammers a dead disk: $(status c)"
back hdd
message c flush
wait_for 60 is_clean c || die "does not drain after the disk is back: $(status c)"
good check /dev/mapper/c 0 512 5
remove c
sound $ssd $hdd

echo "--- remove ends within 10 s, whatever is gone (H13)"
for mode in writeback writethrough writearound none; do
	for lost in ssd hdd; do
		fresh
		create c $ssd $hdd $mode
		(while [ ! -e /run/stop ]; do pattern write /dev/mapper/c 0 2048 6 && pattern check /dev/mapper/c 0 2048 6; done) >/run/out 2>&1 &
		wait_for 20 under_load || die "no load"
		gone $lost
		sleep 1
		message c flush
		touch /run/stop
		wait
		rm /run/stop
		echo "$mode without $lost: state $(field c state), errors $(field c ssd_errors) $(field c origin_errors)"
		quickly remove c
		back $lost
		create c $ssd $hdd $mode
		remove c
		sound $ssd $hdd
	done
done
dm remove ssd
dm remove hdd
unload_module
