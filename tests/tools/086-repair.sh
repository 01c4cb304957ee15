#!/bin/bash
# repair: places to write to, undo, refusals; what it does to damage is in tests/images.
# timeout: 100
. "$(dirname "$0")/lib.sh"
need_sim
"$sim" make img 9 crash 600 16 1 6000 16 || fail "image"
cp img broken && python3 "$repo/tests/images/60-interior-checksum" broken && cp broken original
size=$(stat -c %s broken)

# By default what is overwritten goes to a file, named after the device.
backup=dmbcache-$(field broken uuid).backup
expect 7 "nothing was written" "$dmbcache" repair --dry-run broken
[ ! -e "$backup" ] && cmp broken original || fail "--dry-run wrote"
expect 7 "To undo: dmbcache repair --undo $backup broken" "$dmbcache" repair broken
expect 0 "broken: sound" "$dmbcache" check broken
cp broken repaired
expect 1 "$backup: exists, perhaps the backup of an earlier repair" "$dmbcache" repair broken
cmp broken repaired || fail "wrote although the backup exists"
expect 0 "could be written back" "$dmbcache" repair --dry-run --undo "$backup" broken
cmp broken repaired || fail "--undo --dry-run wrote"
head -c -100 "$backup" >short
expect 1 "short: incomplete" "$dmbcache" repair --undo short broken
expect 1 "img: no backup of dmbcache repair" "$dmbcache" repair --undo img broken
truncate -s +1M broken && expect 1 "$backup: of a device of another size" "$dmbcache" repair --undo "$backup" broken
truncate -s "$size" broken && cmp broken repaired || fail "a refused undo wrote"
cp img other && uuid_of=$(field other uuid) && poke other 40 "$(printf '5a%.0s' {1..16})" && seal other && cp other keep
expect 1 "$backup: of another device; name the one with uuid $uuid_of" "$dmbcache" repair --undo "$backup" other
cmp other keep || fail "undid on another device"
expect 0 "written back: as before the repair" "$dmbcache" repair --undo "$backup" broken
cmp broken original || fail "--undo"

# As JSON.
equal "json" "[true,true,true,true,true]" "$("$dmbcache" repair --json --dry-run broken 2>err |
	jq -c '[.dry_run, .lost_ranges == (.lost | length), (.findings | length > 0), .dirty_bytes > 0, (.lost[0] | has("disk"))]')"
"$dmbcache" repair --json --backup jbackup broken >json 2>err
equal "json: code" 7 $?
equal "json: backup" jbackup "$(jq -r .backup json)"
equal "json: undo" "$(jq -cn '["broken",false,true]')" "$("$dmbcache" repair --json --undo jbackup broken | jq -c '[.device,.dry_run,.pieces>0]')"
cmp broken original || fail "json: --undo"

# A copy: the original is only read.
fresh copy "$size"
expect 7 "copy: repaired" "$dmbcache" repair --to copy broken
cmp broken original || fail "--to wrote to the original"
expect 0 "copy: sound" "$dmbcache" check copy --backing img.hdd0 --backing img.hdd1
expect 1 "copy: holds data: bcache cache device" "$dmbcache" repair --to copy broken
fresh small 1M
expect 1 "small: smaller than broken" "$dmbcache" repair --to small broken
expect 1 "--to broken: the device itself" "$dmbcache" repair --to broken broken
expect 1 "--to: the original stays as it is" "$dmbcache" repair --to copy --backup x broken
expect 1 "--to and --dry-run" "$dmbcache" repair --to copy --dry-run broken
expect 1 "--undo: makes no backup; leave --backup out" "$dmbcache" repair --undo x --backup y broken
expect 1 "--undo: makes no backup; leave --no-backup out" "$dmbcache" repair --undo x --no-backup broken
expect 1 "--backup and --no-backup: leave one of them out" "$dmbcache" repair --backup x --no-backup broken
expect 7 "repaired" "$dmbcache" repair --no-backup broken
equal "extents that were told" "$(grep -oE '[0-9]+ extents' out)" "$("$dmbcache" check broken | grep -oE '[0-9]+ extents')"

# Nothing to do, and nothing that can be done.
cp img sound
expect 0 "0 ranges lost" "$dmbcache" repair --no-backup sound
cmp <("$sim" serve img | grep ' d ') <("$sim" serve sound | grep ' d ') || fail "a sound cache is another after repair"
fresh new 300M && "$dmbcache" format --cache new >/dev/null
expect 1 "new: never started: there is nothing to repair" "$dmbcache" repair --no-backup new
fresh zero 1M
expect 3 "zero: not a bcache device" "$dmbcache" repair --no-backup zero
expect 1 "repair: name one cache device" "$dmbcache" repair
expect 1 "img.hdd0: a backing device" "$dmbcache" repair --no-backup img.hdd0

# A disk that is cached in place helps to find a lost table of disks, as others do; its note stays.
"$sim" make in 2 crash 700 16 1 4000 16 || fail "image"
id=$(field in.hdd0 uuid)
in_place in in.hdd0 "$id"
cp in keep && python3 "$repo/tests/images/10-journal-erased" in
expect 1 "add --backing DISK for each disk" "$dmbcache" repair --no-backup in
expect 7 "repaired" "$dmbcache" repair --no-backup in --backing in.hdd0 --origin-id "$id"
expect 0 "in: sound" "$dmbcache" check in --backing in.hdd0 --origin-id "$id" --backing in.hdd1
cmp -i 8192 -n 8192 in keep || fail "in place: the notes were changed"
expect 0 "complete; the cache will drop" "$dmbcache" writeback --origin-id "$id" in in.hdd0

# What is kept of mainline's caches is everything.
for name in fC fD; do
	xz -dkc "$repo/tests/images/mainline/${name}_c.img.xz" >ssd && xz -dkc "$repo/tests/images/mainline/${name}_b.img.xz" >hdd
	expect 0 "0 ranges lost" "$dmbcache" repair --no-backup ssd
	expect 0 "sound" "$dmbcache" check ssd --backing hdd
	expect 0 "written back" "$dmbcache" writeback ssd hdd
	equal "$name" a5010ade12fea803f36a11ce177f71d4 "$(tail -c +$((2048 * 512 + 1)) hdd | md5sum | cut -d ' ' -f 1)"
done
finish
