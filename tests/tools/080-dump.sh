#!/bin/bash
# dump and restore: the restored cache holds the same, for check, for the store and for a second dump; what is no dump is refused.
# timeout: 200
. "$(dirname "$0")/lib.sh"
need_sim
images=$repo/tests/images/mainline

# extents FILE: of a dump; what differs between a cache and its copy is where the index lies
extents() { grep -E '^(disk|extent)' "$1"; }

for seed in 1 2; do
	block=$((seed % 2 ? 1 : 8))
	"$sim" make img $seed crash 900 16 $block 5000 16 || fail "image $seed"
	expect 0 "" "$dmbcache" dump img && cp out text
	expect 0 "" "$dmbcache" dump --json img && cp out json
	equal "$seed: lines" "$(wc -l <text)" "$(jq -c . json | wc -l)"
	equal "$seed: extents" "$(grep -c ^extent text)" "$(jq -r 'select(.type == "end").extents' json)"
	for form in text json; do
		fresh new $(($(stat -c %s img) / 512 * 512))
		expect 0 "nothing was written" "$dmbcache" restore --from $form --data img --dry-run new
		cmp -s new <(head -c "$(stat -c %s img)" /dev/zero) || fail "$seed: --dry-run wrote"
		expect 0 "restored" "$dmbcache" restore --from $form --data img new
		expect 0 "new: sound" "$dmbcache" check new --backing img.hdd0 --backing img.hdd1
		"$dmbcache" dump new >again || fail "$seed: dump of the copy"
		cmp <(extents text) <(extents again) || fail "$seed $form: another dump"
		cmp <("$sim" serve img | grep ' d ') <("$sim" serve new | grep ' d ') || fail "$seed $form: the store serves something else"
	done
	fresh new $(($(stat -c %s img) / 512 * 512))
	equal "$seed: json" "$(grep -c ^extent text) $(jq -sr '[.[] | select(.dirty == 1).sectors * 512] | add' json)" \
		"$("$dmbcache" restore --json --from text --data img new | jq -r '"\(.extents) \(.dirty_bytes)"')"
	# in its own place: the data stays where it is
	cp img same && expect 0 "restored" "$dmbcache" restore --force --from text same
	cmp <("$sim" serve img | grep ' d ') <("$sim" serve same | grep ' d ') || fail "$seed: the store serves something else in place"
done

# Notes on disks that are cached in place: of the copy such a disk is as good as of the original; older dumps have none.
"$sim" make in 2 crash 700 16 1 4000 16 || fail "image"
id=$(field in.hdd0 uuid)
in_place in in.hdd0 "$id"
for form in "" --json; do
	"$dmbcache" dump $form in >text || fail "dump in place"
	fresh new $(($(stat -c %s in) / 512 * 512))
	expect 0 "restored" "$dmbcache" restore --from text --data in new
	expect 0 "new: sound" "$dmbcache" check new --backing in.hdd0 --origin-id "$id" --backing in.hdd1
	"$dmbcache" dump $form new >again && cmp <(grep note text) <(grep note again) || fail "other notes"
done
cp in same && expect 0 "restored" "$dmbcache" restore --force --from <("$dmbcache" dump in | sed '/^note/d; s/ notes=1//') same
expect 6 "no note on its disk" "$dmbcache" check same --backing in.hdd0 --origin-id "$id"
expect 0 "complete; the cache will drop" "$dmbcache" writeback --origin-id "$id" new in.hdd0
cmp -i 8192 in.hdd0 in.want0 || fail "in place: not what the store would serve"

# Mainline's caches; the journal's keys have become the index's.
for name in fC fD; do
	xz -dkc "$images/${name}_c.img.xz" >ssd && xz -dkc "$images/${name}_b.img.xz" >hdd || fail "$name: cannot unpack"
	"$dmbcache" dump ssd >text || fail "$name: dump"
	"$dmbcache" restore --force --from - ssd <text >out || fail "$name: restore"
	expect 0 "0 keys to replay" "$dmbcache" check ssd --backing hdd
	"$dmbcache" dump ssd >again && cmp <(extents text) <(extents again) || fail "$name: another dump"
done

# No dumps.
"$dmbcache" dump img >text
count=0
refuse() { # TEXT, dump on standard input
	count=$((count + 1))
	fresh new $(($(stat -c %s img) / 512 * 512))
	cat >bad
	expect 1 "$1" "$dmbcache" restore --from bad --dry-run new
	expect 1 "$1" "$dmbcache" restore --from bad new
	expect 3 "" "$dmbcache" show new
}
refuse "it breaks off" </dev/null
refuse "bad, line 1: the super line is not the first" < <(tail -n +2 text)
refuse "it breaks off" < <(head -n -1 text)
refuse "lines are missing" < <(sed '0,/^extent/{/^extent/d}' text)
refuse "lines are missing" < <(grep -v ^disk text)
refuse "or in no data bucket" < <(grep -v ^bucket text)
refuse "out of order" < <(sed 's/^\(extent disk=0 start=\)[0-9]*/\199/' text)
refuse "out of order" < <(sed '0,/dirty=1/s/dirty=1/dirty=2/' text)
refuse "in no data bucket" < <(sed '0,/^\(extent.*gen=\)[0-9]*/s//\1255/' text)
refuse "an unknown kind of line" < <(sed '3s/^/x/' text)
refuse "not a line of a dump" < <(sed '3s/=/ /' text)
refuse "not the super line of a dump of format 1" < <(sed 's/format=1/format=2/' text)
refuse "not a bucket of this cache" < <(sed '0,/^bucket number=[0-9]*/s//bucket number=900/' text)
refuse "not a disk of this cache" < <(sed 's/slot=1/slot=100000/' text)
refuse "the dump does not fit" < <(sed 's/buckets=900/buckets=9000/' text)
refuse "not a line of a dump" < <(echo '{"type": "super", "uuid": {}'; tail -n +2 text)
refuse "no possible node_size" < <(sed 's/node_size=16/node_size=0/' text)
for seed in 1 2 3; do
	refuse "bad, line 1: " < <(python3 -c "import random, sys; random.seed($seed); sys.stdout.buffer.write(random.randbytes(65536))")
done
"$dmbcache" dump in >text
refuse "lines are missing" < <(grep -v ^note text)
refuse "not a note on a disk in place" < <(sed 's/^note.*/&\n&/' text)
refuse "not a note on a disk in place" < <(sed 's/known=255/known=65536/' text)
"$dmbcache" dump img >text
[ $count = 23 ] || fail "only $count"

expect 1 "img: holds data: bcache cache device" "$dmbcache" restore --from text img
expect 1 "restore: no dump given; add --from FILE" "$dmbcache" restore img
expect 1 "--data img: the device itself; leave it out" "$dmbcache" restore --from text --data img img
expect 2 "none: cannot open" "$dmbcache" restore --from none img
expect 1 "dump: name one cache device" "$dmbcache" dump
python3 "$repo/tests/images/41-leaf-erased" img
expect 7 "add --force to take what can be read" "$dmbcache" dump img
expect 7 "end disks=" "$dmbcache" dump --force img
"$dmbcache" dump --force img >/dev/full 2>err
equal "exit code for a full output" 2 $?
finish
