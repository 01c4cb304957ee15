#!/bin/bash
# Every generator beside this file, on a fresh copy of its base image: verdict of check, of repair, and of the module's store.
# timeout: 300
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/lib.sh"
. "$here/lib.sh"
need_sim
make_bases "${SEED:-0}" || { fail "base images"; finish; }
for base in crash stop big; do
	expect 0 "$base: sound" "$dmbcache" check $base --backing $base.hdd0 --backing $base.hdd1
done

served() { # FILE: serves or refuses
	if "$sim" serve "$1" >served 2>&1; then echo serves; elif grep -q ^refused: served; then echo refuses; else echo "broke: $(tail -3 served)"; fi
}

for base in crash stop big; do
	"$sim" serve $base >$base.map || fail "$base: the store"
done

# What repair kept is what was there, and what it did not keep it names: maps of the base and of the repaired image.
cat >compare.py <<'END'
import re, sys
base, repaired, told = sys.argv[1:]
def load(path):
    return {(int(d), int(s)): (kind, stamp) for d, s, kind, stamp in (line.split() for line in open(path))}
before, after, ranges, anywhere = load(base), load(repaired), [], False
for line in open(told):
    m = re.match(r"lost +disk (\d+), sectors? (\d+) to (?:disk (\d+), sector )?(\d+)", line)
    if m:
        first = int(m[1])
        ranges.append(((first, int(m[2])), (int(m[3] or first), int(m[4]))))
    anywhere |= line.startswith("lost    anywhere")
lost = lambda place: anywhere or any(a <= place < b for a, b in ranges)
wrong = 0
for place, (kind, stamp) in before.items():
    if kind == "d" and after.get(place, ("", ""))[1] != stamp and not lost(place):
        print(f"dirty {place} is gone and was not told"); wrong += 1
for place, (kind, stamp) in after.items():
    if kind == "d" and before.get(place) != (kind, stamp) and not lost(place):
        print(f"{place} is {kind} {stamp}, was {before.get(place)}"); wrong += 1
sys.exit(wrong > 0)
END

# repair NAME BASE CODE: of x
repair() {
	local name=$1 base=$2 code=$3 got
	rm -f y backup
	cp x y
	"$dmbcache" repair --dry-run --max 1000000 y --backing x.hdd0 --backing x.hdd1 >dry 2>&1
	cmp -s x y || fail "$name: repair --dry-run wrote"
	"$dmbcache" repair --backup backup --max 1000000 y --backing x.hdd0 --backing x.hdd1 >told 2>&1
	got=$?
	[ "$got" = "$code" ] || { fail "$name: repair says $got instead of $code"; sed 's/^/    /' told | head -20; }
	case $got in 0 | 7) ;; *) cmp -s x y || fail "$name: refused to repair, but wrote"; return ;; esac
	"$dmbcache" check y >checked 2>&1
	got=$?
	case $got in 0 | 5 | "${4:-0}") ;; *) fail "$name: check after repair" && head -8 checked ;; esac
	"$sim" serve y >map || { fail "$name: the store refuses what was repaired"; cat map; }
	python3 compare.py $base.map map told >differ || { fail "$name: what is there after repair"; head -5 differ; }
	"$dmbcache" verify --force y x.hdd0 x.hdd1 >differ 2>&1
	! grep clean-differs differ || fail "$name: clean data that was kept is not what the disk has"
	"$dmbcache" repair --undo backup y >out 2>&1 && cmp -s x y || { fail "$name: --undo"; cat out; }
}

count=0
for generator in "$here"/${ONLY:-[0-9][0-9]-*}; do
	name=${generator##*/}
	base=$(value "$generator" base)
	damage "$generator" x || { fail "$name: the generator"; continue; }
	count=$((count + 1))
	read -r code finding < <(value "$generator" check)
	"$dmbcache" check x --backing x.hdd0 --backing x.hdd1 --json >json 2>err
	got=$?
	[ "$got" = "$code" ] || { fail "$name: check says $got instead of $code"; "$dmbcache" check x --backing x.hdd0 --backing x.hdd1 2>&1 | head -20 | sed 's/^/    /'; }
	[ -z "$finding" ] || jq -e --arg f "$finding" '.findings | any(.finding == $f)' json >/dev/null ||
		{ fail "$name: no $finding, but $(jq -c '[.findings[].finding] | unique' json)"; }
	equal "$name: the store" "$(value "$generator" kernel)" "$(served x)"
	repair "$name" "$base" $(value "$generator" repair)
done
echo "$count images"
[ -n "${ONLY:-}" ] || [ "$count" -ge 40 ] || fail "only $count generators"
finish
