#!/bin/bash
# bcache-tools as the reference: the same bytes for the same parameters, and it reads ours.
. "$(dirname "$0")/lib.sh"
set=8d7f3d2c-1111-4222-8333-abcdefabcdef

# same_cache SIZE MAKE-BCACHE-OPTIONS -- OPTIONS: one cache device, every byte compared
same_cache() {
	local size=$1 theirs=()
	shift
	while [ "$1" != -- ]; do theirs+=("$1") && shift; done
	shift
	fresh a "$size"
	fresh b "$size"
	make-bcache -C a --cset-uuid $set "${theirs[@]}" >log 2>&1 || { fail "make-bcache -C ${theirs[*]}"; cat log; return; }
	expect 0 "" "$dmbcache" format --cache b --set-uuid $set --uuid "$(uuid_at a 40)" "$@"
	cmp -n 1048576 a b || fail "differs from make-bcache -C ${theirs[*]}"
}

same_cache 300M -w 512 --
same_cache 300M -w 4k -- --block 4K
same_cache 300M -w 1k -b 128k -- --block 1K --bucket 128K
same_cache 300M -w 512 -b 4k -- --bucket 4K
same_cache 300M -w 512 -b 8k -- --bucket 8K
same_cache 9G -w 512 -b 16M -- --bucket 16M
same_cache 300M -w 512 --cache_replacement_policy fifo -- --replacement fifo
same_cache 300M -w 512 --cache_replacement_policy random -- --replacement random
same_cache 314572801 -w 512 --
same_cache 314573312 -w 512 --

# same_both MAKE-BCACHE-OPTIONS -- OPTIONS: a pair in one call; the tools choose the device uuids, which are masked
same_both() {
	local theirs=() kind
	while [ "$1" != -- ]; do theirs+=("$1") && shift; done
	shift
	fresh a.cache 300M
	fresh a.backing 100M
	fresh b.cache 300M
	fresh b.backing 100M
	make-bcache -C a.cache -B a.backing --cset-uuid $set "${theirs[@]}" >log 2>&1 || { fail "make-bcache ${theirs[*]}"; cat log; return; }
	expect 0 "" "$dmbcache" format --cache b.cache --backing b.backing --set-uuid $set "$@"
	for kind in cache backing; do
		poke b.$kind 40 "$(uuid_at a.$kind 40 | tr -d -)"
		seal b.$kind
		cmp -n 1048576 a.$kind b.$kind || fail "$kind differs from make-bcache -C -B ${theirs[*]}"
	done
}

same_both -w 512 --
same_both -w 4k --writeback -- --block 4K --mode writeback
same_both -w 512 -b 256k -o 2048 -- --bucket 256K --data-offset 1M
same_both -w 512 -o 8192 --writeback -- --data-offset 4M --mode writeback

# A backing device alone.
fresh a 100M
fresh b 100M
make-bcache -B a -w 512 --cset-uuid $set --writeback >/dev/null
expect 0 "" "$dmbcache" format --backing b --set-uuid $set --uuid "$(uuid_at a 40)" --mode writeback
cmp a b || fail "differs from make-bcache -B"

# Ours in bcache-super-show and blkid.
shown() { # TEXT OPTIONS: the text must be in the output of bcache-super-show
	local text=$1
	shift
	fresh a 9G
	expect 0 "" "$dmbcache" format "$@"
	bcache-super-show a >log 2>&1 || fail "bcache-super-show: $*"
	[ "$(grep -c '\[match\]' log)" = 2 ] || { fail "bcache-super-show finds mismatches: $*"; cat log; }
	tr -s '\t ' ' ' <log | grep -qF -- "$text" || { fail "bcache-super-show: no '$text': $*"; cat log; }
	equal "blkid: type: $*" bcache "$(blkid -p -s TYPE -o value a)"
	equal "blkid: uuid: $*" "$(field a uuid)" "$(blkid -p -s UUID -o value a)"
}
shown "dev.sectors_per_bucket 1024" --cache a
shown "dev.sectors_per_bucket 32768" --cache a --bucket 16M
shown "dev.cache.replacement 1 [fifo]" --cache a --replacement fifo
shown "dev.label fast" --cache a --label fast --block 4K
shown "dev.data.cache_mode 0 [writethrough]" --backing a
shown "dev.data.cache_mode 1 [writeback]" --backing a --mode writeback
shown "dev.data.cache_mode 3 [no caching]" --backing a --mode none
shown "dev.data.first_sector 2048" --backing a --data-offset 1M
shown "cset.uuid $set" --backing a --set-uuid $set

# Theirs in show.
fresh a 300M
make-bcache -C a -w 4k >/dev/null
expect 0 "a: bcache cache device, ok" "$dmbcache" show a
fresh a 300M
make-bcache -B a --writeback -o 64 >/dev/null
expect 0 "a: bcache backing device, ok" "$dmbcache" show a
equal "their mode" writeback "$(field a mode)"
equal "their offset" 32768 "$(field a data_offset)"
finish
