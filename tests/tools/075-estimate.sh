#!/bin/bash
# estimate: what it says is what format and the kernel make; refusals.
. "$(dirname "$0")/lib.sh"
need_sim

value() { "$dmbcache" estimate --json "${@:2}" | jq ".$1"; }
"$sim" make img 3 stop 700 32 8 3000 64 || fail "image"
equal "buckets" 700 "$(value buckets img --bucket 16K)"
equal "journal" "$("$dmbcache" show --json img | jq '.[0].journal_buckets * .[0].bucket_size')" "$(value journal_bytes img --bucket 16K --block 4K)"
equal "node" 16384 "$(value node_bytes img --bucket 16K)"
equal "bucket of a large SSD" $((512 << 10)) "$(value bucket_bytes 1T)"
equal "bucket of a small SSD" $((128 << 10)) "$(value bucket_bytes 512M)"
equal "bucket of a huge SSD" $((4 << 20)) "$(value bucket_bytes 64T)"
equal "a disk smaller than the SSD" $((1048576 / 16)) "$(value extents 200G 1G)"
[ "$(value index_bytes 1T --extent 4K)" -gt "$(value index_bytes 1T --extent 64K)" ] || fail "smaller extents need more"
fresh cache "$(value bucket_bytes 512M)" && truncate -s 512M cache
expect 0 "" "$dmbcache" format --cache cache --bucket "$(($(value bucket_bytes cache) / 1024))K"
equal "buckets of format" "$(value buckets cache)" "$(field cache buckets)"
expect 1 "estimate: name an SSD" "$dmbcache" estimate
expect 1 "none: neither a size nor a device that can be opened; use one like 100G" "$dmbcache" estimate none
expect 1 "too small: 100 buckets, 513 are needed" "$dmbcache" estimate 100M --bucket 1M
expect 1 "--bucket: not a power of two" "$dmbcache" estimate 100G --bucket 96K
expect 1 "--block: not a power of two" "$dmbcache" estimate 100G --block 8K
expect 1 "0: not a size" "$dmbcache" estimate 100G --extent 0
finish
