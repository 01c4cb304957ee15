#!/bin/bash
# What must be refused is refused, with one helpful line, and nothing is written.
. "$(dirname "$0")/lib.sh"

uuid=01234567-89ab-cdef-0123-456789abcdef
fresh c 300M
fresh b 100M
fresh small 100M
fresh tiny 64K
fresh ext4 100M && mkfs.ext4 -q -F -L home ext4
fresh swap 100M && mkswap -q swap
fresh gpt 100M && partition gpt gpt
fresh dos 100M && partition dos dos
fresh bcache 300M && make-bcache -C bcache --cset-uuid $uuid >/dev/null
cp --sparse=always bcache damaged && poke damaged 40 ffff
cp --sparse=always bcache used && poke used 104 01 && seal used
fresh dirty 100M && make-bcache -B dirty >/dev/null && poke dirty 111 40 && seal dirty
mkfifo fifo
ln -s c link
sha1sum c b small tiny ext4 swap gpt dos bcache damaged used dirty >sums

# CODE|TEXT|ARGUMENTS
rows=0
while IFS='|' read -r code text arguments; do
	rows=$((rows + 1))
	eval "set -- $arguments"
	expect "$code" "$text" "$dmbcache" "$@"
	[ "$(grep -c '^dmbcache: ' out)" = 1 ] && [ "$(wc -l <out)" = 1 ] || fail "$arguments: not one line"
done <<'END'
1|frobnicate: no such command; see dmbcache --help|frobnicate
1|format: no device given; use --cache DEV or --backing DEV|format
1|show: no device given|show
1|--frob: unknown or wrong option; see dmbcache format --help|format --frob
1|--frob: unknown or wrong option; see dmbcache show --help|show --frob c
1|--cache: needs a value|format --cache
1|--json=1: unknown or wrong option|format --json=1 --cache c
1|c: a device without its kind; use --cache c or --backing c|format c
1|b: a device without its kind|format --cache c b
1|--cache: given twice; a set has one|format --cache c --cache b
1|--backing: given twice|format --backing c --backing b
1|c: given as cache and as backing device; name two devices|format --cache c --backing c
1|link: given as cache and as backing device|format --cache c --backing link
1|--bucket 12x: not a size; use a number with K, M, G or T|format --cache c --bucket 12x
1|--bucket -1: not a size|format --cache c --bucket -1
1|--bucket : not a size|format --cache c --bucket ''
1|--bucket 1.5M: not a size|format --cache c --bucket 1.5M
1|--bucket 99999999999999999999: not a size|format --cache c --bucket 99999999999999999999
1|--bucket 99999999P: not a size|format --cache c --bucket 99999999P
1|--bucket 96 KiB: not a power of two|format --cache c --bucket 96K
1|--bucket 2 KiB: not a power of two of at least 4 KiB|format --cache c --bucket 2K
1|--bucket 0 B: not a power of two|format --cache c --bucket 0
1|--block 768 B: not a power of two from 512 to 4096|format --cache c --block 768
1|--block 256 B: not a power of two|format --cache c --block 256
1|--block 8 KiB: not a power of two|format --cache c --block 8K
1|--block 0: not a block size|format --cache c --block 0
1|--data-offset 4 KiB: overlaps the super block; use 8K or more|format --backing b --data-offset 4K
1|--data-offset: not a multiple of the block size, 4096 bytes|format --backing b --block 4K --data-offset 8704
1|--data-offset: not a multiple of the block size, 512 bytes|format --backing b --data-offset 10000
1|b: too small: it ends before the data begins (sector 204800)|format --backing b --data-offset 100M
1|--mode fast: no such mode; use writethrough, writeback, writearound or none|format --backing b --mode fast
1|--replacement mru: no such replacement; use lru, fifo or random|format --cache c --replacement mru
1|--uuid 1234: not a UUID; see uuidgen(1)|format --cache c --uuid 1234
1|--set-uuid: all zero|format --cache c --set-uuid 00000000-0000-0000-0000-000000000000
1|--uuid: two devices cannot share one|format --cache c --backing b --uuid 01234567-89ab-cdef-0123-456789abcdef
1|--label: 33 bytes; use at most 32|format --cache c --label 0123456789abcdef0123456789abcdef0
1|--label: has a control character|format --cache c --label "$(printf 'a\nb')"
1|--mode: only a backing device has it; add --backing DEV|format --cache c --mode writeback
1|--data-offset: only a backing device has it|format --cache c --data-offset 8K
1|--bucket: only a cache device has it; add --cache DEV|format --backing b --bucket 1M
1|--replacement: only a cache device has it|format --backing b --replacement lru
1|small: too small for buckets of 512 KiB: it has 200, 513 are needed; use --bucket 128K|format --cache small
1|tiny: 64 KiB is too small for a cache; use a device of 2052 KiB or more|format --cache tiny
1|ext4: holds data: ext4 "home"; add --force to destroy it|format --cache ext4
1|ext4: holds data: ext4|format --backing ext4 --dry-run
1|swap: holds data: swap; add --force|format --backing swap
1|gpt: holds data: gpt partition table; add --force|format --backing gpt
1|dos: holds data: dos partition table; add --force|format --backing dos
1|bcache: holds data: bcache cache device, never used; add --force|format --cache bcache
1|damaged: holds data: bcache cache device, never used; add --force|format --cache damaged
1|used: holds data: bcache cache device, perhaps with data that is nowhere else; add --force|format --cache used
1|dirty: holds data: bcache backing device, with newer data in its cache; add --force|format --backing dirty
1|bcache: was the cache of this very set|format --force --cache bcache --set-uuid 01234567-89ab-cdef-0123-456789abcdef
1|ext4: holds data: ext4|format --cache c --backing ext4
1|tiny: 64 KiB is too small|format --force --cache tiny --backing ext4
1|/dev/null: neither a block device nor a regular file|format --cache /dev/null
1|fifo: neither a block device nor a regular file|show fifo
1|.: a directory; name a block device|format --cache .
1|.: neither a block device nor a regular file|show .
2|missing: cannot open: No such file or directory; check the path|format --cache missing
2|missing: cannot open: No such file or directory; check the path|show missing
END
[ "$rows" -ge 20 ] || fail "only $rows rows"
sha1sum --quiet -c sums || fail "a refused device was written"

# A read-only file is no obstacle to root; to others it is.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 .
	chmod 444 c
	expect 2 "c: cannot open: Permission denied; run as root" \
		setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all "$dmbcache" format --cache c
	chmod 644 c
	expect 1 "only root may; try sudo" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all "$dmbcache" list
	equal "lines for others than root" 1 "$(wc -l <out)"
fi

# A full standard output is not success.
"$dmbcache" format --cache c --dry-run >/dev/full 2>err
equal "exit code for a full output" 2 $?
"$dmbcache" show bcache >/dev/full 2>err
equal "exit code for a full output" 2 $?

# Help and version.
expect 1 "Usage: dmbcache COMMAND" "$dmbcache"
expect 0 "Examples:" "$dmbcache" --help
expect 0 "dmbcache 0." "$dmbcache" --version
for command in format show; do
	expect 0 "  dmbcache $command " "$dmbcache" $command --help
	expect 0 "Example:" "$dmbcache" $command --help --json
done
finish
