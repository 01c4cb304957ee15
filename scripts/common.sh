# shellcheck shell=bash
# Sourced by the scripts beside it: places, the private package lists, locking, and the scan for kernel complaints.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${DMBC_CACHE:-$HOME/.cache/dm-bcache}
mkdir -p "$cache"

die() { echo "${0##*/}: $*" >&2; exit 2; }

# One setup of a kind at a time: parallel tests may all ask for the same kernel.
lock() {
	exec {lock_fd}>"$cache/$1.lock"
	flock "$lock_fd"
}

apt_mirror() {
	local files=()
	mapfile -t files < <(ls /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)
	sed -nE -e 's#^URIs: *([^ ]*/debian)/? *$#\1#p' \
		-e 's#^deb +(\[[^]]*\] +)?([^ ]*/debian)/? .*#\2#p' "${files[@]}" | head -1
}

# apt_prepare SUITE: a newer suite of the mirror this machine already uses, without touching its own package configuration.
apt_prepare() {
	local mirror place=$cache/apt/$1
	mirror=$(apt_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in /etc/apt"
	mkdir -p "$place/lists/partial" "$place/cache/archives/partial" "$place/deb"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$place/sources.list"
	apt_place=$place
	apt_flags=(-o "Dir::Etc::sourcelist=$place/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$place/lists" -o "Dir::Cache=$place/cache" -o APT::Sandbox::User=root)
	apt-get "${apt_flags[@]}" update -qq
}

# apt_newest PREFIX REGEX: the newest package so named
apt_newest() { apt-cache "${apt_flags[@]}" pkgnames "$1" | grep -E "$2" | sort -V | tail -1; }

# apt_unpack FOLDER PACKAGE...
apt_unpack() {
	local folder=$1 package
	shift
	mkdir -p "$folder"
	for package in "$@"; do
		(cd "$apt_place/deb" && rm -f "${package}"_*.deb && apt-get "${apt_flags[@]}" download -qq "$package")
		dpkg -x "$apt_place/deb/${package}"_*.deb "$folder"
		rm -f "$apt_place/deb/${package}"_*.deb
	done
}

# What no test may leave in the kernel's log.
complaints='WARNING:|BUG:|Oops|INFO: task .* blocked|INFO: trying to register non-static key|INFO: rcu.*detected|'
complaints+='possible recursive locking|circular locking|inconsistent lock state|bad unlock balance|KASAN|UBSAN|'
complaints+='general protection|[Kk]ernel panic|refcount_t:|[Ss]uspicious RCU|sleeping function called|'
complaints+='unreferenced object|soft lockup|hard LOCKUP|held lock freed|Segfault with no mm'

# scan_log FILE: prints the kernel's lines with a complaint; true if there are some.
# Only lines with the kernel's time stamp count: a program may well print WARNING: about something else.
scan_log() { grep -a -E "\[ *[0-9]+\.[0-9]{6}\].*($complaints)" "$1" | grep -a -v -E 'not a bug|Kernel command line|KernelAddressSanitizer initialized|KASAN: (stack|no)'; }
