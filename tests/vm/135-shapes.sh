#!/bin/bash
# Caches of many shapes go from mainline to us and back, each side writing: large buckets, the feature of bucket sizes as
# logarithms, deep trees, discards, and a flash volume of mainline's, which we leave alone.
# SHAPES chooses others: buckets:size:block:KIND, KIND one of plain, log2 (the feature), deep (three levels).  The disks of a
# shape that fails go to FOLDER.
# timeout: 90
# memory: 4000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
$MP brd rd_nr=2 rd_size=$((1280 * 1024)) || die "no ram disks"
$MP loop max_loop=4
shapes=${SHAPES:-600:64K:512:log2}

md5() { dd if="$1" bs=1M iflag=direct status=none | md5sum | cut -d' ' -f1; }

load() { # DEVICE BLOCK SEED [SIZE]
	local order=
	case $1 in /dev/bcache*) order=$one_by_one ;; esac
	# shellcheck disable=SC2086 # none or one
	fio --name=load --filename="$1" --direct=1 --ioengine=io_uring --iodepth=32 --rw=randwrite --bsrange="$2-${4:-64k}" \
		--blockalign="$2" --norandommap $order --io_size="${5:-16m}" --randseed="$3" --output-format=terse >/run/o || die "load on $1"
}

flash_volume() { # sets $flash to mainline's device without a disk
	local dir
	for dir in /sys/block/bcache*/; do
		[ -e "$dir/slaves/$(basename "$hdd")" ] || flash=/dev/$(basename "$dir")
	done
	[ -b "$flash" ] || mknod "$flash" b $(tr : ' ' <"/sys/block/${flash#/dev/}/dev") || die "no flash volume"
}

want() { dd if="$1" of=/run/want bs=1M iflag=direct status=none || die "read $1"; } # DEVICE: check() wants what it reads now

check() { # WHO DEVICE
	dd if="$2" of=/run/got bs=1M iflag=direct status=none || die "$shape: $1 cannot read"
	cmp -s /run/want /run/got && return
	cmp -l /run/want /run/got | awk '{ s = int(($1 - 1) / 512); if (s != last) print "sector", s; last = s }' | head -40
	[ -z "${FOLDER:-}" ] || cp /run/want /run/got /run/hdd.img $ssd "$FOLDER"
	die "$shape: $1 reads something else"
}

for shape in $shapes; do
	IFS=: read -r buckets size block kind <<<"$shape"
	truncate -s $((buckets * $(numfmt --from=iec "$size"))) /run/ssd.img
	# a part of the ram disk of just that size
	ssd=/dev/mapper/ssd hdd=/dev/ram1
	echo "0 $(($(stat -c %s /run/ssd.img) / 512)) linear /dev/ram0 0" | dm create ssd && nodes || die "ssd"
	rm /run/ssd.img
	truncate -s 40M /run/hdd.img
	hdd=$(losetup -f --show /run/hdd.img) || die losetup
	format $ssd "$hdd" --bucket "$size" --block "$block"
	if [ "$kind" = log2 ]; then
		bytes=$(numfmt --from=iec "$size") bits=0
		while [ $((512 << bits)) -lt "$bytes" ]; do bits=$((bits + 1)); done
		for field in "16 8 5" "128 8 2" "194 2 $bits"; do
			# shellcheck disable=SC2086 # offset, bytes, value
			run "$repo/build/tests/superpoke" $ssd $field
		done
	fi
	mainline_up $ssd "$hdd"
	echo 8M >"$(echo /sys/fs/bcache/*-*/flash_vol_create)" || die "no flash volume"
	discard=$(echo /sys/fs/bcache/*-*/cache0/discard)
	[ ! -e "$discard" ] || echo 1 >"$discard" || die "no discard" # gone in 7.2
	sleep 1
	flash_volume
	load "$flash" "$block" 1
	flash_want=$(md5 "$flash")
	echo writeback >"/sys/block/${bcache#/dev/}/bcache/cache_mode"
	echo 0 >"/sys/block/${bcache#/dev/}/bcache/sequential_cutoff"
	load "$bcache" "$block" 2
	[ "$kind" != deep ] || load "$bcache" 512 3 512 30m
	want "$bcache"
	mainline_down

	create c $ssd "$hdd" writeback sequential_cutoff 0
	check "dm-bcache" /dev/mapper/c
	depth=$(field c tree_depth)
	load /dev/mapper/c "$block" 4
	message c gc
	want /dev/mapper/c
	status c
	remove c
	[ "$kind" != deep ] || [ "$depth" -ge 3 ] || die "$shape: only $depth levels"

	mainline_up $ssd "$hdd"
	flash_volume
	check mainline "$bcache"
	[ "$(md5 "$flash")" = "$flash_want" ] || die "$shape: the flash volume has changed"
	mainline_quiet "$shape"
	mainline_down
	sound $ssd "$hdd"
	dm remove ssd || die "remove ssd"
	losetup -d "$hdd"
	tally theirs-by-us 1
	tally ours-by-them 1
	echo "ok $shape, $depth levels"
done
