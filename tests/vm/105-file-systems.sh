#!/bin/bash
# Power cuts under ext4 and xfs: it mounts, every synced file is there, and the checker finds nothing to repair.
# SEED and CUTS choose others.
# kernels: 6.1
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
export EXAMINE="$repo/tests/vm/src/examine sound"
$MP -a nbd ext4 xfs || die "modules"
seed=${SEED:-$RANDOM$RANDOM}
echo "seed $seed"
for kind in ext4 xfs; do
	truncate -s 40M /run/ssd
	truncate -s 65544K /run/hdd
	run "$DMBCACHE" format --force --cache /run/ssd --backing /run/hdd --bucket 64K --block 512 >/dev/null
	run "$repo/build/tests/fscut" /run/ssd /run/hdd "$seed" "${CUTS:-8}" $kind
done
