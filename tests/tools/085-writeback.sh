#!/bin/bash
# writeback and verify: the disks get what the store would have served, of caches it left and of mainline's.
# timeout: 200
. "$(dirname "$0")/lib.sh"
need_sim
images=$repo/tests/images/mainline

both=0 # images with dirty data of both disks
for seed in 1 2 3; do
	how=$([ $((seed % 3)) = 0 ] && echo stop || echo crash)
	"$sim" make img $seed $how $((600 + 100 * seed)) $((16 << seed % 3)) $((seed % 2 ? 1 : 8)) 4000 $((4 << seed)) || fail "image $seed"
	sha1sum img >sum
	expect 0 "of clean data compared" "$dmbcache" verify img img.hdd0 img.hdd1
	cp img.hdd0 before
	expect 0 "to be written back; nothing was written" "$dmbcache" writeback --dry-run img img.hdd0 img.hdd1
	cmp img.hdd0 before || fail "$seed: --dry-run wrote"
	expect 0 "written back" "$dmbcache" writeback --keep img img.hdd0
	cmp img.hdd0 img.want0 || fail "$seed: disk 0 is not what the store would serve"
	if "$sim" serve img | grep -q '^1 [0-9]* d'; then
		both=$((both + 1))
		cmp -s img.hdd1 img.want1 && fail "$seed: disk 1 was not named"
	fi
	expect 0 "img.hdd1: complete and detached; its data begins at sector 16" "$dmbcache" writeback img img.hdd0 img.hdd1
	for disk in 0 1; do
		cmp -i 8192 img.hdd$disk img.want$disk || fail "$seed: disk $disk is not what the store would serve"
		equal "$seed: state" none "$(field img.hdd$disk state)"
	done
	sha1sum --quiet -c sum || fail "$seed: the cache was changed"
done
[ $both -ge 1 ] || fail "no image with dirty data of both disks"

# As JSON: standard output is one object, also of a refusal.
"$sim" make img 1 crash 700 16 1 4000 16 || fail "image"
json() { # FILTER COMMAND...: what it says of standard output; findings and messages must not be in it
	local filter=$1
	shift
	"$dmbcache" "$@" 2>err | jq -c "$filter"
}
dirty=$(json .dirty_bytes check --json img)
equal "json: dry run" "[$dirty,0,false]" "$(json '[.dirty_bytes,.written_bytes,.detached]' writeback --json --dry-run img img.hdd0 img.hdd1)"
equal "json: verify" '["sound",true,["img.hdd0","img.hdd1"],0]' \
	"$(json '[.verdict,.compared_bytes>0,.disks,(.findings|length)]' verify --json img img.hdd0 img.hdd1)"
cp img broken && python3 "$repo/tests/images/41-leaf-erased" broken
equal "json: refused" '["data lost",0,"node-leaf"]' "$(json '[.verdict,.written_bytes,.findings[0].finding]' writeback --json broken img.hdd0 img.hdd1)"
equal "json: written" "[$dirty,true]" "$(json '[.written_bytes,.detached]' writeback --json img img.hdd0 img.hdd1)"

# Mainline's caches: the MD5 of what mainline served after its own replay.
for name in fC fD; do
	xz -dkc "$images/${name}_c.img.xz" >ssd && xz -dkc "$images/${name}_b.img.xz" >hdd || fail "$name: cannot unpack"
	expect 0 "written back" "$dmbcache" writeback ssd hdd
	equal "$name" a5010ade12fea803f36a11ce177f71d4 "$(tail -c +$((2048 * 512 + 1)) hdd | md5sum | cut -d ' ' -f 1)"
done

# A clean extent that is another; a disk of another cache; damage.
"$sim" make img 1 crash 700 16 1 4000 16 || fail "image"
read -r disk sector _ < <("$sim" serve img | grep ' c ')
printf x | dd of=img.hdd$disk bs=1 seek=$((sector * 512 + 99)) conv=notrunc status=none
expect 6 "clean-differs: disk $disk, sectors" "$dmbcache" verify img img.hdd0 img.hdd1
grep -q "sector $sector is another on the SSD" out || fail "not sector $sector"
expect 1 "hdd: not a disk of this cache; leave it out" "$dmbcache" writeback img hdd
expect 1 "writeback: name the cache device and its disks" "$dmbcache" writeback img
expect 1 "verify: name the cache device and its disks" "$dmbcache" verify img
python3 "$repo/tests/images/41-leaf-erased" img
expect 7 "add --force to take what can be read" "$dmbcache" writeback img img.hdd0 img.hdd1
expect 7 "written back" "$dmbcache" writeback --force img img.hdd0 img.hdd1
equal "state after a loss" dirty "$(field img.hdd0 state)"

# A disk that is cached in place: its super block is in the SSD's notes.
"$sim" make img 2 crash 700 16 1 4000 16 || fail "image"
id=$(field img.hdd0 uuid)
in_place img img.hdd0 "$id"
cp img keep && cp img.hdd0 keep.hdd0
expect 4 "say with --origin-id as which" "$dmbcache" writeback img img.hdd0
expect 1 "not a UUID" "$dmbcache" writeback --origin-id films img img.hdd0
expect 1 "is that of one disk" "$dmbcache" writeback --origin-id "$id" img img.hdd0 img.hdd1
expect 1 "no note" "$dmbcache" writeback --origin-id "$(field img.hdd1 uuid)" img img.hdd0
printf x | dd of=img.hdd0 bs=1 seek=65600 conv=notrunc status=none
expect 1 "changed without the SSD, at sector 128" "$dmbcache" writeback --origin-id "$id" img img.hdd0
truncate -s +4096 img.hdd0
expect 1 "sectors, the disk that was cached had" "$dmbcache" writeback --origin-id "$id" img img.hdd0
cp keep.hdd0 img.hdd0
expect 0 "of clean data compared" "$dmbcache" verify --origin-id "$id" img img.hdd0
expect 0 "nothing was written" "$dmbcache" writeback --dry-run --origin-id "$id" img img.hdd0
cmp img keep && cmp img.hdd0 keep.hdd0 || fail "in place: --dry-run wrote"
expect 0 "written back" "$dmbcache" writeback --keep --origin-id "$id" img img.hdd0
cmp -i 8192 img.hdd0 img.want0 || fail "in place: not what the store would serve"
cmp -i 16384 img keep && cmp -n 8192 img keep || fail "in place: the cache was changed beside the notes"
expect 0 "img.hdd0: complete; the cache will drop" "$dmbcache" writeback --origin-id "$id" img img.hdd0
cmp -i 8192 img.hdd0 img.want0 || fail "in place: not what the store would serve"
cmp -n 8192 img.hdd0 /dev/zero || fail "in place: the disk has a super block"
expect 1 "went on without the SSD" "$dmbcache" writeback --origin-id "$id" img img.hdd0
expect 0 "sound" "$dmbcache" check img

# Notes that are lost: nobody knows whose the dirty data is, but the one who forces it; the cache keeps it.
cp keep img && cp keep.hdd0 img.hdd0
dd if=/dev/zero of=img bs=512 seek=16 count=16 conv=notrunc status=none
expect 1 "no note on its disk" "$dmbcache" writeback --origin-id "$id" img img.hdd0
cp img lost
expect 6 "written back" "$dmbcache" writeback --force --origin-id "$id" img img.hdd0
cmp -i 8192 img.hdd0 img.want0 || fail "without notes: not what the store would serve"
cmp img lost || fail "without notes: the cache was changed"
finish
