#!/bin/bash
# A flush is not acknowledged while what it covers depends on an earlier one that has not ended, on either disk, in any mode.
# kernels: 6.1 6.12
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
export EXAMINE="$repo/tests/vm/src/examine sound"
$MP nbd nbds_max=2 max_part=0 || die "no nbd"
truncate -s 5M /run/ssd
truncate -s 8M /run/hdd
run "$DMBCACHE" format --force --cache /run/ssd --backing /run/hdd --bucket 8K --block 512 >/dev/null
run "$repo/build/tests/flushorder" /run/ssd /run/hdd
