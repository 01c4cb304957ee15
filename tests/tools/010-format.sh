#!/bin/bash
# What format is told is what show reads back, and nothing else on the device changes.
. "$(dirname "$0")/lib.sh"

uuid=01234567-89ab-cdef-0123-456789abcdef
set=fedcba98-7654-3210-fedc-ba9876543210

# A cache device with every option.
fresh c 300M
expect 0 "Next: dmbcache format --backing" "$dmbcache" format --cache c --bucket 128K --block 1K --label "a b" \
	--uuid $uuid --set-uuid $set --replacement random
for pair in kind=cache verdict=ok version=0 uuid=$uuid set_uuid=$set "label=a b" bucket_size=131072 block_size=1024 \
	buckets=2400 first_bucket=1 replacement=random initialised=false journal_buckets=0 devices_in_set=1 discard=false \
	checksum_ok=true features= seq=0 device_size=314572800; do
	equal "cache: ${pair%%=*}" "${pair#*=}" "$(field c "${pair%%=*}")"
done

# A backing device with every option.
fresh b 100M
expect 0 "dmbcache format --cache DEV --block 4096" "$dmbcache" format --backing b --block 4096 --label data --uuid $uuid \
	--data-offset 1MiB --mode writearound
for pair in kind=backing verdict=ok version=4 uuid=$uuid set_uuid= label=data block_size=4096 mode=writearound state=none \
	data_offset=1048576 data_size=103809024; do
	equal "backing: ${pair%%=*}" "${pair#*=}" "$(field b "${pair%%=*}")"
done
for mode in writethrough writeback writearound none; do
	fresh b 1M
	expect 0 "" "$dmbcache" format --backing b --mode $mode
	equal "mode $mode" $mode "$(field b mode)"
done

# Both in one call: one set, one block size; the defaults.
fresh c 300M
fresh b 100M
expect 0 "Next: dmbcache show c b" "$dmbcache" format --cache c --backing b
equal "common set" "$(field c set_uuid)" "$(field b set_uuid)"
[ "$(field c uuid)" != "$(field b uuid)" ] || fail "both devices have the same uuid"
for pair in bucket_size=524288 block_size=512 replacement=lru label=; do
	equal "default ${pair%%=*}" "${pair#*=}" "$(field c "${pair%%=*}")"
done
for pair in version=1 data_offset=8192 mode=writethrough; do
	equal "default ${pair%%=*}" "${pair#*=}" "$(field b "${pair%%=*}")"
done

# Large buckets, first bucket, sizes with units.
fresh c 33G
for row in 4K:4096:0:3 8192:8192:0:2 32s:16384:0:1 16M:16777216:0:1 32MiB:33554432:5:1 64m:67108864:5:1; do
	IFS=: read -r given bytes version first <<<"$row"
	fresh c 33G
	expect 0 "" "$dmbcache" format --cache c --bucket "$given"
	equal "$given: bucket" "$bytes" "$(field c bucket_size)"
	equal "$given: version" "$version" "$(field c version)"
	equal "$given: first bucket" "$first" "$(field c first_bucket)"
	equal "$given: buckets" $((33 * 1024 * 1024 * 1024 / bytes)) "$(field c buckets)"
	equal "$given: verdict" ok "$(field c verdict)"
done
equal "large bucket feature" large_bucket "$(field c features)"

# 513 buckets are enough; a label of 32 bytes fits; odd labels print safely.
fresh c $((513 * 524288))
expect 0 "" "$dmbcache" format --cache c --label 0123456789abcdef0123456789abcdef
equal "long label" 0123456789abcdef0123456789abcdef "$(field c label)"
fresh b 1M
expect 0 'label              \xc3\xa9\x5c' "$dmbcache" format --backing b --label $'\303\251\\'

# A dry run prints the same and writes nothing; JSON in both.
fresh c 300M
cp --sparse=always c before
expect 0 "Nothing was written" "$dmbcache" format --cache c --dry-run
cmp c before || fail "dry run wrote"
"$dmbcache" format --cache c --dry-run --json | jq -e '.[0].kind == "cache"' >/dev/null || fail "dry run: no JSON"
"$dmbcache" format --cache c --json >json || fail "format --json failed"
"$dmbcache" show --json c | cmp - json || fail "format --json and show --json differ"

# Only the first 8 KiB of the device are written.
dd if=/dev/urandom of=c bs=1M count=1 conv=notrunc status=none
poke c 24 00
cp --sparse=always c before
expect 0 "" "$dmbcache" format --cache c --force
cmp -i 8192 c before || fail "format wrote beyond its super block"
cmp -n 4096 c /dev/zero || fail "the start of the device is not zero"

# --force erases what others would still find.
fresh c 300M
mkfs.ext4 -q -F c
expect 1 "c: holds data: ext4; add --force" "$dmbcache" format --cache c
expect 0 "erased" "$dmbcache" format --cache c --force
equal "blkid after --force" bcache "$(blkid -p -s TYPE -o value c)"
equal "signatures after --force" 1 "$(wipefs --noheadings c | wc -l)"
expect 0 "" "$dmbcache" format --cache c --force
fresh c 300M
partition c gpt
expect 1 "c: holds data: gpt partition table" "$dmbcache" format --cache c
expect 0 "erased" "$dmbcache" format --cache c --force
equal "signatures after gpt" 1 "$(wipefs --noheadings c | wc -l)"
finish
