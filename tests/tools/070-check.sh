#!/bin/bash
# check: sound caches of mainline and of the store, stopped and crashed; levels, disks, output, refusals.
# timeout: 200
. "$(dirname "$0")/lib.sh"
need_sim

# Caches left by mainline.
images=$repo/tests/images/mainline
for name in fC_c fC_b fD_c fD_b; do
	xz -dkc "$images/$name.img.xz" | cp --sparse=always /dev/stdin $name || fail "$name: cannot unpack"
done
expect 0 "fC_c: sound: 77 nodes, 15751 extents" "$dmbcache" check fC_c --backing fC_b
expect 0 "fD_c: sound: 3 nodes, 6949 extents" "$dmbcache" check --level data fD_c --backing fD_b
grep -q "60 keys to replay" out || fail "fD_c: not 60 keys"
expect 0 "fC_c: sound: 1 nodes, 0 extents" "$dmbcache" check --level quick fC_c

# What the store leaves: what a start would serve is what check counts.
for seed in 1 2; do
	for how in stop crash; do
		"$sim" make img $seed $how $((600 + 300 * seed)) 16 $((seed % 2 ? 1 : 8)) 4000 16 || fail "image $seed $how"
		expect 0 "img: sound" "$dmbcache" check img --backing img.hdd0 --backing img.hdd1 --level data
		"$dmbcache" check --json img >json || fail "image $seed $how: json"
		"$sim" serve img >map || fail "image $seed $how: the store"
		[ "$(wc -l <map)" -le $(($(jq .cached_bytes json) / 512)) ] || fail "$seed $how: the store serves more than is there"
		equal "$seed $how: dirty" $(($(grep -c ' d ' map) * 512)) "$(jq .dirty_bytes json)"
		equal "$seed $how: dirty by disk" "$(jq .dirty_bytes json)" "$(jq '[.disks[].dirty_bytes] | add' json)"
	done
done

# A disk that is cached in place: its note, and what a start would make of it.
"$sim" make in 2 crash 700 16 1 4000 16 || fail "image"
id=$(field in.hdd0 uuid) other=$(field in.hdd1 uuid)
in_place in in.hdd0 "$id"
cp in keep && cp in.hdd0 keep.hdd0
expect 0 "in: sound" "$dmbcache" check in --backing in.hdd0 --origin-id "$id" --backing in.hdd1
sha1sum --quiet -c <(sha1sum in in.hdd0) || fail "in place: check wrote"
expect 4 "say with --origin-id as which" "$dmbcache" check in --backing in.hdd0
expect 1 "has a bcache super block; leave out --origin-id" "$dmbcache" check in --backing in.hdd1 --origin-id "$other"
expect 1 "no disk is cached under this origin_id" "$dmbcache" check in --backing in.hdd0 --origin-id 5ca1ab1e-0000-4000-8000-000000000001
expect 6 "in-place-refused: in.hdd0: the SSD has dirty data under this id, but no note" "$dmbcache" check in --backing in.hdd0 --origin-id "$other"
printf x | dd of=in.hdd0 bs=1 seek=65600 conv=notrunc status=none
expect 6 "in-place-refused: in.hdd0: it is another disk, or was changed without the SSD, at sector 128" \
	"$dmbcache" check in --backing in.hdd0 --origin-id "$id"
truncate -s +4096 in.hdd0
expect 6 "sectors, the disk that was cached had" "$dmbcache" check in --backing in.hdd0 --origin-id "$id"
truncate -s 4M in.hdd0
expect 6 "in-place-refused" "$dmbcache" check in --backing in.hdd0 --origin-id "$id"
cp keep.hdd0 in.hdd0
spoil() { printf x | dd of=in bs=1 seek=$((512 * $1 + 100)) conv=notrunc status=none; }
spoil 16
expect 0 "note    notes-copy: notes on disks, sectors 16 and 24: 1 good, 1 damaged" "$dmbcache" check in --backing in.hdd0 --origin-id "$id"
spoil 24
expect 6 "broken  notes-bad: notes on disks, sectors 16 and 24: notes on disks: bad checksum" "$dmbcache" check in
expect 6 "in-place-refused" "$dmbcache" check in --backing in.hdd0 --origin-id "$id"
expect 6 "notes-bad" "$dmbcache" check in --backing in.hdd1
cp keep in
expect 0 "complete; the cache will drop" "$dmbcache" writeback --origin-id "$id" in in.hdd0
expect 0 "in-place-dropped: in.hdd0: it went on without the SSD" "$dmbcache" check in --backing in.hdd0 --origin-id "$id"

# Output: JSON alone on standard output, nothing on standard error that is no terminal.
equal "verdict" sound "$(jq -r .verdict json)"
equal "findings" 0 "$(jq '.findings | length' json)"
equal "disks" 2 "$(jq '[.disks[] | select(.label == "disk")] | length' json)"
"$dmbcache" check img >/dev/null 2>err
equal "standard error" 0 "$(wc -c <err)"
"$dmbcache" check img >/dev/full 2>err
equal "exit code for a full output" 2 $?
sha1sum img >sum
python3 "$repo/tests/images/44-leaf-last-set-rotten" img && ! sha1sum --quiet -c sum >/dev/null 2>&1 || fail "the generator"
expect 7 "lost    node-torn-lost: node at sector" "$dmbcache" check img
expect 7 "1 more; add --max 1 to see them" "$dmbcache" check --max 0 img
equal "with --max 0" 1 "$("$dmbcache" check --max 0 --json img | jq .lost)"

# Never started; refusals.
fresh new 300M && "$dmbcache" format --cache new >/dev/null
expect 0 "new: sound: never started" "$dmbcache" check new
fresh disk 100M && "$dmbcache" format --backing disk >/dev/null
fresh zero 1M
while IFS='|' read -r code text arguments; do
	eval "set -- $arguments"
	expect "$code" "$text" "$dmbcache" check "$@"
	[ "$(grep -c '^dmbcache: ' out)" = 1 ] && [ "$(wc -l <out)" = 1 ] || fail "$arguments: not one line"
done <<'END'
1|check: no device given; see dmbcache check --help|
1|check: one cache device at a time; leave out fC_b, or give it as --backing fC_b|fC_c fC_b
1|--level deep: no such level; use quick, all or data|--level deep fC_c
1|--max many: not a number; use --max 1000|--max many fC_c
1|disk: a backing device; name the cache device (the SSD)|disk
1|fC_b: not a disk of this cache; leave it out|img --backing fC_b
1|/dev/null: neither a block device nor a regular file|/dev/null
1|--origin-id films: not a UUID; give that of the table line|img --backing img.hdd0 --origin-id films
1|of which disk? use --backing DEV --origin-id UUID|img --origin-id 5ca1ab1e-0000-4000-8000-000000000001
2|missing: cannot open: No such file or directory|missing
3|zero: not a bcache device|zero
4|new: no backing device|img --backing new
END

# Every test on a running kernel has the caches checked that it leaves.
for test in "$repo"/tests/vm/[0-9]*.sh $(grep -l '/vm/lib.sh' "$repo"/tests/long/*.sh); do
	programs=$(grep -o 'tests/vm/src/[a-z]*-guest' "$test" | sort -u)
	# shellcheck disable=SC2086 # none or one
	(cd "$repo" && grep -q -E '(^|[[:blank:]])(sound|checked)[[:blank:]"]|dmbcache check |"\$DMBCACHE" check ' "$test" $programs) || fail "${test##*/}: no check at its end"
done

# Bounded memory: a cache of mainline in less than 64 MiB of address space beside the program's threads.
(ulimit -v 400000 && expect 0 "sound" "$dmbcache" check fC_c) || fail "needs more memory than it should"
finish
