#!/bin/bash
# show on sets that mainline made and used, and on damaged super blocks.
. "$(dirname "$0")/lib.sh"

images=$repo/tests/images/mainline # its README says how they came about
for name in fC_c fC_b fD_c fD_b; do
	xz -dkc "$images/$name.img.xz" | cp --sparse=always /dev/stdin $name || fail "$name: cannot unpack"
done
while read -r file name value; do
	equal "$file: $name" "$value" "$(field "$file" "$name")"
done <<'END'
fC_c kind cache
fC_c verdict ok
fC_c initialised true
fC_c version 3
fC_c bucket_size 8192
fC_c block_size 512
fC_b kind backing
fC_b verdict ok
fC_b state dirty
fD_c kind cache
fD_c verdict ok
fD_c initialised true
fD_c bucket_size 131072
fD_c block_size 4096
fD_b verdict ok
fD_b state dirty
END
if [ -n "$images" ]; then
	expect 0 "fC_b: bcache backing device, ok" "$dmbcache" show fC_c fC_b fD_c fD_b
	equal "sets C" "$(field fC_c set_uuid)" "$(field fC_b set_uuid)"
fi

# Not bcache.
fresh zero 1M
fresh short 6K
fresh empty 0
for file in zero short empty; do
	expect 3 "$file: not a bcache device" "$dmbcache" show $file
	equal "$file: verdict" "not bcache" "$(field $file verdict)"
done

# Damage, each on a good super block; "seal" where the checksum is to be right.
fresh cache 300M
fresh backing 100M
"$dmbcache" format --cache cache --backing backing >/dev/null || fail "cannot format"
damage() { # FILE SEAL REASON OFFSET HEX [VERDICT]
	local file=$1 verdict=${6:-damaged}
	cp --sparse=always "$file" broken
	poke broken "$4" "$5"
	[ "$2" = no ] || seal broken
	expect 4 "$3" "$dmbcache" show broken
	grep -qE '^dmbcache: broken: (damaged|not supported): .*; ' out || fail "$file $4 $5: no line on standard error"
	equal "$file $4 $5: verdict" "$verdict" "$(field broken verdict)"
	"$dmbcache" show --json broken 2>/dev/null | jq -e '.[0].reason != ""' >/dev/null || fail "$file $4 $5: no reason"
}
damage cache no "checksum_ok        no" 0 0123456789abcdef
damage cache no "bad checksum" 40 ffffffff
damage backing no "bad checksum" 104 ff
damage cache yes "at sector 9, not 8" 8 09
damage cache yes "unknown version 2" 16 02 unsupported
damage cache yes "unknown version 7" 16 07 unsupported
damage backing yes "unknown version 99" 16 63 unsupported
damage cache yes "uuid is zero" 40 00000000000000000000000000000000
damage backing yes "uuid is zero" 40 00000000000000000000000000000000
damage cache yes "set's uuid is zero" 56 00000000000000000000000000000000
damage cache yes "block size 3 sectors" 192 0300
damage cache yes "block size 0 sectors" 192 0000
damage backing yes "block size 0 sectors" 192 0000
damage cache yes "block size 16 sectors" 192 1000
damage cache yes "bucket size 0 sectors" 194 0000
damage cache yes "bucket size 24 sectors is not a power of two" 194 1800
damage cache yes "bucket size 4 sectors is less than a page" 194 0400
damage cache yes "buckets of 1024 sectors" 184 ffffffffffffff00
damage cache yes "16 buckets, at least" 184 1000000000000000
damage cache yes "device 0 of 0" 196 0000
damage cache yes "device 0 of 2" 196 0200
damage cache yes "device 1 of 1" 198 0100
damage cache yes "first bucket 0" 204 0000
damage cache yes "first bucket 65535" 204 ffff
damage cache yes "journal bucket 0 is 0, not 1" 206 0100
damage cache yes "65535 journal buckets, more than 256" 206 ffff
damage cache yes "unknown replacement policy 3" 104 0c
damage backing yes "unknown cache mode 4" 104 04
damage backing yes "a backing device with 1 journal buckets" 206 0100
cp --sparse=always backing offset && poke offset 16 04
damage offset yes "data offset 8 " 184 0800000000000000
damage offset yes "data offset 9223372036854775807" 184 ffffffffffffff7f
cp --sparse=always cache large && poke large 16 05
damage large yes "incompat 0x4" 128 0400000000000000 unsupported
damage large yes "ro 0x1" 136 0100000000000000 unsupported
damage large yes "compat 0x1" 120 0100000000000000 unsupported
damage large yes "32-bit bucket size" 128 0100000000000000 unsupported
damage large yes "bucket size 2^1024 sectors" 128 0200000000000000

# Truncated: the device is smaller than its super block says.
cp --sparse=always cache damaged && truncate -s 200M damaged
expect 4 "dmbcache: damaged: damaged: 600 buckets of 1024 sectors do not fit" "$dmbcache" show damaged

# The worst of several counts, and all are shown.
expect 4 "cache: bcache cache device, ok" "$dmbcache" show cache zero damaged
expect 3 "backing: bcache backing device, ok" "$dmbcache" show zero backing
expect 0 verdict "$dmbcache" show --json cache
equal "one object each" 3 "$("$dmbcache" show --json cache zero damaged 2>/dev/null | jq length)"

# Any bytes: no crash, a code of the list. 4 KiB after a good magic.
for seed in 1 2 3 4 5 6 7 8 9 10; do
	python3 -c "import random, sys; random.seed($seed); sys.stdout.buffer.write(random.randbytes(65536))" >random
	expect 3 "not a bcache device" "$dmbcache" show random
	poke random 24 c68573f64e1a45ca8265f57f48ba6d81
	expect 4 "damaged" "$dmbcache" show random
	[ $((seed % 2)) = 0 ] || poke random 16 0500000000000000
	seal random
	expect 4 "dmbcache: random: " "$dmbcache" show random
	"$dmbcache" show --json random 2>/dev/null | jq . >/dev/null || fail "random $seed: bad JSON"
done
finish
