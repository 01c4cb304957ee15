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

# The newer suites of the mirror this machine already uses, without touching its own package configuration.
apt_options() {
	local lists=$cache/apt
	printf '%s\n' -o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::lists=$lists/lists" -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1
}

apt_mirror() {
	local files=()
	mapfile -t files < <(ls /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)
	sed -nE -e 's#^URIs: *([^ ]*/debian)/? *$#\1#p' \
		-e 's#^deb +(\[[^]]*\] +)?([^ ]*/debian)/? .*#\2#p' "${files[@]}" | head -1
}

apt_prepare() {
	local mirror suite
	mirror=$(apt_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in /etc/apt"
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial" "$cache/apt/deb"
	for suite in "$@"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
	done >"$cache/apt/sources.list"
	mapfile -t apt_flags < <(apt_options)
	apt-get "${apt_flags[@]}" update -qq
}

# newest PREFIX REGEX: the newest package so named
apt_newest() { apt-cache "${apt_flags[@]}" pkgnames "$1" | grep -E "$2" | sort -V | tail -1; }

# apt_unpack FOLDER PACKAGE...
apt_unpack() {
	local folder=$1 package
	shift
	mkdir -p "$folder"
	for package in "$@"; do
		(cd "$cache/apt/deb" && rm -f "${package}"_*.deb && apt-get "${apt_flags[@]}" download -qq "$package")
		dpkg -x "$cache/apt/deb/${package}"_*.deb "$folder"
		rm -f "$cache/apt/deb/${package}"_*.deb
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
