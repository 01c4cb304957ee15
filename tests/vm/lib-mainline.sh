# shellcheck shell=bash
# Sourced after lib.sh: the kernel's own bcache, as judge and as the other owner of a cache.

# mainline_load
mainline_load() { $MP bcache || die "no bcache module"; }

# For fio on mainline: of two writes that overlap in time and place it may keep one on the disk and the other as clean data.
# shellcheck disable=SC2034 # for those who source this
one_by_one=--serialize_overlap=1

# Mainline saves generations late, also when it stops; a start corrects that.
tolerated() { [ "$1" = 5 ] && ! grep '^minor ' /run/sound | grep -v -q generation-ahead; }

register() { echo "$1" 2>/dev/null >/sys/fs/bcache/register; }

# mainline_up SSD HDD: sets $bcache to the device
mainline_up() {
	local i dir
	mainline_disks=("$1" "$2")
	register "$1" || die "mainline refuses our cache: $(dmesg | tail -5)"
	register "$2" || die "mainline refuses our disk: $(dmesg | tail -5)"
	for i in $(seq 100); do
		for dir in /sys/block/bcache*/; do
			[ -e "$dir/slaves/$(basename "$2")" ] && [ -e "$dir/bcache/cache" ] && break 2
		done
		sleep 0.1
	done
	[ -e "$dir/bcache/cache" ] || die "mainline did not attach: $(dmesg | tail -8)"
	bcache=/dev/$(basename "$dir")
	nodes
	[ -b "$bcache" ] || mknod "$bcache" b $(tr : ' ' <"$dir/dev")
}

mainline_gone() { ! compgen -G '/sys/fs/bcache/*-*' >/dev/null && ! compgen -G '/sys/block/bcache*' >/dev/null; }

# Its last write comes after its folders are gone, and the disks are let go after that.
mainline_let_go() {
	local disk
	for disk in "${mainline_disks[@]}"; do
		echo "0 8 linear $disk 0" | dm create let_go 2>/dev/null || return 1
		dm remove let_go
	done
}

# mainline_down: everything mainline has.  It does not wait for the fills of reads that are answered: it frees their memory
# under them, and the kernel may notice (6.12, 7.2: "bio-200: Objects remaining").
mainline_down() {
	local file
	sleep 0.5
	for file in /sys/block/bcache*/bcache/stop /sys/fs/bcache/*-*/stop; do
		[ ! -e "$file" ] || echo 1 >"$file"
	done
	wait_for 60 mainline_gone || die "mainline does not stop"
	wait_for 60 mainline_let_go || die "mainline keeps ${mainline_disks[*]}"
}

# mainline_quiet WHAT: it has found no fault.  "stale dirty pointer" is none: the key that covers it is in the journal,
# which is replayed later.
mainline_quiet() {
	local complaint
	complaint=$(dmesg | sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/UUID/g' | # which may be bad
		grep -E '^\[[^]]*\] bcache: .*(error|corrupt|bad)' | grep -v -E 'stale dirty pointer|device busy')
	[ -z "$complaint" ] || die "$1: mainline complains: $complaint"
}
