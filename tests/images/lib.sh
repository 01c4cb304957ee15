# shellcheck shell=bash
# Sourced after tests/tools/lib.sh: the caches that the generators beside this file damage, and what their comments say.

images=$repo/tests/images

# value GENERATOR NAME: what its comment says of base, check, repair or kernel (the store: whether
# the set starts), module where that does something else, and repaired where the module does not serve what repair made
value() { sed -n -E "1,10s/^# $2: *(.*)/\1/p" "$1"; }

# What the generators change must be there: entries of the journal that a start needs, beside the newest.
is_rich() {
	PYTHONPATH=$images python3 -c 'import image, sys; sys.exit(not any(e.words for e in image.Image(sys.argv[1]).newest_bucket()[:-1]))' "$1"
}

# make_bases SEED: crash, stop and big, each with its disks .hdd0 and .hdd1
make_bases() {
	local seed last=$((1000 * $1 + 123))
	# FILE SEED HOW and geometry: a tree of two levels, with sets after the first in its leaves
	for ((seed = last - 100; seed < last; seed++)); do
		"$sim" make crash $seed crash 600 16 1 6000 16 || return
		! is_rich crash || break
	done
	"$sim" make stop $seed stop 600 16 1 6000 16 && "$sim" make big $seed crash 3000 16 8 8000 4
}

# damage GENERATOR FILE: FILE, FILE.hdd0 and FILE.hdd1 are its base, damaged
damage() {
	local base suffix
	base=$(value "$1" base)
	for suffix in "" .hdd0 .hdd1; do
		cp "$base$suffix" "$2$suffix" || return
	done
	"$1" "$2" "$2.hdd0" "$2.hdd1"
}
