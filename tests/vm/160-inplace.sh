#!/bin/bash
# A disk that holds data is cached without being formatted, and is the same plain disk before, after, and in clean modes at any
# moment. A changed disk, another disk, a power cut, a failed SSD: what is on the SSD is refused or dropped, never mixed in.
# kernels: uml-kasan
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 5 24
ssd=/dev/mapper/ssd hdd=/dev/ram1 ref=/dev/ram2 other=/dev/ram3
id=5ca1ab1e-0000-4000-8000-000000000001
blocks=$(($(sectors $hdd) / 8))
linear ssd /dev/ram0
dd if=/dev/urandom of=/run/rnd bs=64k count=8 status=none
# past the page cache, which knows nothing of what a target writes
contents() { dd if="$1" bs=1M iflag=direct status=none; }
copy() { dd if="$1" of="$2" bs=1M iflag=direct oflag=direct status=none || die "copy $1 to $2"; }
dd if=/dev/urandom of=/run/first bs=1M count=24 status=none
dd if=/run/first of=$hdd bs=1M oflag=direct status=none && copy $hdd $other && copy $hdd $ref

fresh_ssd() {
	wipe /dev/ram0
	"$DMBCACHE" format --force --cache $ssd --bucket 32K --block 4K >/dev/null || die "format"
}
# in_place MODE [WORD...]: $disk as c
in_place() { echo "0 $(sectors "${disk:-$hdd}") bcache $ssd ${disk:-$hdd} $1 $(($# + 1)) origin_id $id ${*:2}" | dm create c; }
up() { in_place "$@" || die "create $*: $(dmesg | tail -3)"; nodes; }
refused() { # TEXT MODE [WORD...]
	dmesg -C
	! in_place "${@:2}" 2>/dev/null || die "accepted: ${*:2}"
	dmesg | grep -q -F "$1" || die "no '$1': $(dmesg)"
	dm remove c 2>/dev/null
}
# work SEED DEVICE...: the same writes to each, some to where disks are looked at
work() {
	local seed=$1 i at
	shift
	RANDOM=$seed
	for i in $(seq 12); do
		at=$((RANDOM % (blocks - 16)))
		[ "$i" -gt 4 ] || at=$((i - 1 + i / 3 * 13))
		for dev; do
			dd if=/run/rnd of="$dev" bs=4k seek=$at skip=$((seed * i % 100)) count=$((1 + i % 16)) oflag=direct conv=notrunc status=none ||
				die "write $dev"
		done
	done
}
same() { cmp <(contents "$1") <(contents "$2") || die "$3"; }
save() { contents /dev/ram0 >/run/ssd.img && contents $hdd >/run/hdd.img; } # as a power cut would leave both
restore() { dd if=/run/ssd.img of=/dev/ram0 bs=1M oflag=direct status=none && dd if=/run/hdd.img of=$hdd bs=1M oflag=direct status=none; }
poke() { dd if=/run/rnd of=$hdd bs=4k skip=$((118 + RANDOM % 10)) seek="${1:-0}" count=1 oflag=direct conv=notrunc status=none; }
warm() { dd if=/dev/mapper/c of=/dev/null bs=64k count=64 iflag=direct status=none; }
hits_after_read() { message c clear_stats && warm && field c read_hits; }
paused="writeback_running 0 sequential_cutoff 0"

echo "--- in clean modes the disk is right at any moment"
fresh_ssd
for mode in writethrough writearound none; do
	up $mode sequential_cutoff 0
	warm
	work $((${#mode} * 7)) /dev/mapper/c $ref
	same $hdd $ref "$mode: the disk is not what a plain disk would be"
	same /dev/mapper/c $ref "$mode: wrong data"
	remove c
	same $hdd $ref "$mode: changed by the removal"
done
up writethrough
dm table c | grep -q "origin_id $id" || die "table: $(dm table c)"
[ "$(hits_after_read)" -gt 0 ] || die "nothing was kept: $(status c)"
dmesg -C
! echo "0 8 bcache $ssd $hdd writethrough" | dm load c 2>/dev/null || die "reload without its id"
reload c "$(dm table c)"
! echo "0 $(sectors $other) bcache $ssd $other none 2 origin_id $id" | dm create d 2>/dev/null || die "two disks of one id"
dmesg | grep -q "is that of" || die "no reason: $(dmesg)"
remove c
refused "given twice" none origin_id $id
refused "use refuse or forget" none origin_mismatch ignore
for word in x 00000000-0000-0000-0000-000000000000; do
	id=$word refused "is not a uuid" none
done

echo "--- dirty data stays on the SSD, and goes to the disk in the end"
up writeback $paused
work 3 /dev/mapper/c $ref
[ "$(field c dirty_bytes)" -gt 0 ] || die "nothing is dirty"
same /dev/mapper/c $ref "dirty: wrong data"
remove c
save
run "$DMBCACHE" writeback --origin-id $id $ssd $hdd
same $hdd $ref "written back offline, the disk differs"
up writeback $paused
[ "$(field c dirty_bytes)" = 0 ] || die "dirty again: $(status c)"
same /dev/mapper/c $ref "after an offline writeback: wrong data"
remove c
restore
up writeback $paused
same /dev/mapper/c $ref "after a removal: wrong data"

echo "--- power cut"
sleep 3 # until the disk is looked at again
work 4 /dev/mapper/c $ref
run sync -d /dev/mapper/c
save
remove c
restore
up writeback $paused
same /dev/mapper/c $ref "dirty after a power cut: wrong data"
sleep 3
save
remove c
restore
poke 0
refused "changed without the SSD" writeback
disk=$other refused "changed without the SSD" writeback
restore
up writeback
same /dev/mapper/c $ref "after refusals: wrong data"
drain c
wait_for 20 eval '[ "$(field c state)" = clean ]' || die "not clean: $(status c)"
same $hdd $ref "after the drain the disk differs"
warm
save
remove c
restore
poke 4
copy $hdd $ref
up writethrough
same /dev/mapper/c $ref "clean data of before a power cut was believed"
remove c

echo "--- a changed disk, another disk, while all was clean"
up writethrough
warm
remove c
poke 16
copy $hdd $ref
up writethrough
same /dev/mapper/c $ref "old data of a changed disk"
warm
remove c
dd if=/run/rnd of=$other bs=64k oflag=direct conv=notrunc status=none
disk=$other up writethrough
same /dev/mapper/c $other "data of another disk"
remove c
echo "0 $((blocks * 8 - 64)) linear $hdd 0" | dm create short && nodes
up writethrough
warm
remove c
disk=/dev/mapper/short up writethrough
same /dev/mapper/c /dev/mapper/short "data of a longer disk"
remove c
remove short

echo "--- the same with dirty data: refused, and nothing is lost"
copy $hdd $ref
up writeback $paused
work 5 /dev/mapper/c $ref
sleep 3
remove c
save
for at in 0 16 $((blocks - 1)); do
	poke "$at"
	refused "changed without the SSD" writeback
	restore
done
disk=$other refused "changed without the SSD" writeback
dd if=/dev/zero of=/dev/ram0 bs=4k seek=2 count=1 oflag=direct conv=notrunc status=none # one copy of the notes
up writeback $paused
same /dev/mapper/c $ref "after refusals: wrong data"
remove c
dd if=/dev/zero of=/dev/ram0 bs=4k seek=2 count=2 oflag=direct conv=notrunc status=none # both
refused "no note on its disk" writeback
restore
poke 0
copy $hdd $other
up writeback origin_mismatch forget
same /dev/mapper/c $other "forgotten, and yet there"
! dm table c | grep -q mismatch || die "a reload would forget again"
remove c

echo "--- detach"
copy $hdd $ref
up writeback $paused
work 6 /dev/mapper/c $ref
run message c detach
wait_for 30 eval '[ "$(field c state)" = detached ]' || die "detach: $(status c)"
same $hdd $ref "after detach the disk differs"
run message c attach
work 7 /dev/mapper/c $ref
same /dev/mapper/c $ref "attached again: wrong data"
run message c detach
wait_for 30 eval '[ "$(field c state)" = detached ]' || die "detach: $(status c)"
remove c
same $hdd $ref "after detach and removal the disk differs"
poke 99
copy $hdd $ref
up writeback
same /dev/mapper/c $ref "the SSD came back by itself"
remove c

echo "--- an SSD that fails and returns"
up writethrough
warm
swap ssd error
work 8 /dev/mapper/c $ref
same $hdd $ref "without SSD the disk differs"
remove c
swap ssd "linear /dev/ram0 0"
up writethrough
same /dev/mapper/c $ref "a failed SSD was believed"
remove c

echo "--- a disk that has a super block"
"$DMBCACHE" format --force --backing $other >/dev/null || die "format"
disk=$other refused "has a bcache super block" writeback
"$DMBCACHE" check $ssd || die "check: code $?"
remove ssd
unload_module
