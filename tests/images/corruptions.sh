#!/bin/bash
# Every generator beside this file, on a fresh copy of its base image: verdict of check, of repair, and of the module's store.
# timeout: 300
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/lib.sh"
sim=$repo/build/unit/sim_image
[ -x "$sim" ] || { echo "no $sim; make -f tests/unit/store.mk"; exit 1; }

# FILE SEED HOW and geometry: a tree of two levels, with sets after the first in its leaves
"$sim" make crash 9 crash 600 16 1 6000 16 || fail "base image"
"$sim" make stop 3 stop 600 16 1 6000 16 || fail "base image"
"$sim" make big 5 crash 3000 16 8 8000 4 || fail "base image"
for base in crash stop big; do
	expect 0 "$base: sound" "$dmbcache" check $base --backing $base.hdd0 --backing $base.hdd1
done

value() { sed -n -E "1,10s/^# $2: *(.*)/\1/p" "$1"; }

served() { # FILE: serves or refuses
	if "$sim" serve "$1" >served 2>&1; then echo serves; elif grep -q ^refused: served; then echo refuses; else echo "broke: $(tail -3 served)"; fi
}

count=0
for generator in "$here"/${ONLY:-[0-9][0-9]-*}; do
	name=${generator##*/}
	base=$(value "$generator" base)
	for suffix in "" .hdd0 .hdd1; do
		cp "$base$suffix" "x$suffix" || fail "$name: base $base"
	done
	"$generator" x x.hdd0 x.hdd1 || { fail "$name: the generator"; continue; }
	count=$((count + 1))
	read -r code finding < <(value "$generator" check)
	"$dmbcache" check x --backing x.hdd0 --backing x.hdd1 --json >json 2>err
	got=$?
	[ "$got" = "$code" ] || { fail "$name: check says $got instead of $code"; "$dmbcache" check x --backing x.hdd0 --backing x.hdd1 2>&1 | head -20 | sed 's/^/    /'; }
	[ -z "$finding" ] || jq -e --arg f "$finding" '.findings | any(.finding == $f)' json >/dev/null ||
		{ fail "$name: no $finding, but $(jq -c '[.findings[].finding] | unique' json)"; }
	equal "$name: the store" "$(value "$generator" kernel)" "$(served x)"
done
echo "$count images"
[ -n "${ONLY:-}" ] || [ "$count" -ge 40 ] || fail "only $count generators"
finish
