# shellcheck shell=bash
# Sourced by the scripts that run inside a test machine: devices, targets, checks.
# The machines have no udev: nodes are made by hand.

set -u
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DMBCACHE=$repo/build/userspace/dmbcache
STAMP=$repo/build/tests/stamp
export PATH=/usr/sbin:/sbin:$PATH
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd

die() { echo "FAILED: $*"; exit 1; }
run() { "$@" || die "$*"; }

dm() { dmsetup --noudevsync --noudevrules "$@"; }
nodes() { dm mknodes; }

load_module() {
	$MP -a dm-mod dm-bufio >/dev/null 2>&1
	[ -d /sys/module/dm_bcache ] && return
	$MP crc64 2>/dev/null
	insmod "$DMBC_KO" || die "cannot load $DMBC_KO"
}

unload_module() { rmmod dm_bcache || die "the module cannot be unloaded"; }

# ramdisks COUNT MIB: /dev/ram0 …
ramdisks() { $MP brd rd_nr="$1" rd_size=$(($2 * 1024)) || die "no ram disks"; }

sectors() { blockdev --getsz "$1"; }

# Data sectors of a formatted backing device, from the fields of its super block.
data_sectors() {
	local version offset=16
	version=$(od -An -t u8 -j 4112 -N 8 "$1" | tr -d ' ')
	[ "$version" = 1 ] || offset=$(od -An -t u8 -j 4280 -N 8 "$1" | tr -d ' ')
	echo $(($(sectors "$1") - offset))
}

wipe() { # DEVICE...: the first and last MiB, so that nothing old is found
	local dev
	for dev; do
		dd if=/dev/zero of="$dev" bs=1M count=1 conv=fsync 2>/dev/null
	done
}

# format SSD HDD [OPTION...]: both super blocks
format() {
	local ssd=$1 hdd=$2
	shift 2
	wipe "$ssd" "$hdd"
	"$DMBCACHE" format --force --cache "$ssd" --backing "$hdd" "$@" >/dev/null || die "format $*"
}

# create NAME SSD HDD MODE [ARG...]
create() {
	local name=$1 ssd=$2 hdd=$3 mode=$4 args=
	shift 4
	[ $# = 0 ] || args=" $# $*"
	echo "0 $(data_sectors "$hdd") bcache $ssd $hdd $mode$args" | dm create "$name" || die "create $name: $(dmesg | tail -3)"
	nodes
}

remove() {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		dm remove "$1" 2>/dev/null && return
		sleep 0.3
	done
	dm remove "$1" || die "remove $1"
}

# reload NAME TABLE
reload() {
	echo "$2" | dm load "$1" || die "load: $2"
	dm resume "$1" || die "resume $1"
}

# linear NAME DEVICE: all of it as /dev/mapper/NAME, so that swap() can make something else of it
linear() { echo "0 $(sectors "$2") linear $2 0" | dm create "$1" && nodes || die "linear $1"; }

# swap NAME TARGET: the same size, under whoever uses it; with "error" the disk is gone
swap() {
	echo "0 $(sectors "/dev/mapper/$1") $2" | dm load "$1" && dm suspend --noflush --nolockfs "$1" && dm resume "$1" || die "swap $1: $2"
}

message() { dm message "$1" 0 "${@:2}"; }
status() { dm status "$1"; }
# field NAME KEY: one value of the status line
field() { dm status "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

# tally WHAT NUMBER: tests/interop adds them up: theirs-by-us and ours-by-them (a cache that one wrote and the other opened,
# with the right contents), rounds, damaged, refused
tally() { echo "tally $*"; }

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.2
	done
}

is_clean() { [ "$(field "$1" dirty_bytes)" = 0 ]; }

# tolerated CODE: of a check, what it found is in /run/sound. Of our own, nothing is; lib-mainline.sh has another.
tolerated() { false; }

# checked SSD HDD...: with no target running: nothing is wrong on the SSD
checked() {
	local ssd=$1 disk disks=()
	shift
	for disk; do disks+=(--backing "$disk"); done
	"$DMBCACHE" check "$ssd" "${disks[@]}" >/run/sound || tolerated $? || die "check $ssd: $(cat /run/sound)"
}

# sound SSD HDD...: and what is clean there is what the disks have
sound() {
	checked "$@"
	"$DMBCACHE" verify "$@" || die "verify $1: code $?"
}

# drain NAME: everything written back
drain() {
	message "$1" flush || die "flush message"
	wait_for "${2:-120}" is_clean "$1" || die "still dirty: $(status "$1")"
}

# verify_fio NAME DEVICE [OPTION...]: writes and checks what it wrote
verify_fio() {
	local name=$1 dev=$2
	shift 2
	fio --name="$name" --filename="$dev" --direct=1 --ioengine=io_uring --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
		--randrepeat=1 --output-format=terse --minimal "$@" >/run/fio.out 2>/run/fio.err ||
		{ cat /run/fio.err; die "fio $name on $dev: $*"; }
	! grep -q -i -E 'verify|error' /run/fio.err || { cat /run/fio.err; die "fio $name"; }
}
