#!/bin/bash
# Swap on a cached disk: memory is got free through us, so nothing here may wait for memory that only we can free.
# kernels: 6.1
# host
# timeout: 150
set -u
cd "$(dirname "$0")/../.." || exit 1
make -s -C tests/vm/src || exit 1
work=$(mktemp -d build/swap.XXXXXX)
trap 'rm -rf "$work"' EXIT
truncate -s 256M "$work/ssd"
truncate -s 1G "$work/hdd"
build/userspace/dmbcache format --cache "$work/ssd" --backing "$work/hdd" --bucket 128K --block 4K >/dev/null || exit 1
scripts/vm-run -k "${DMBC_KERNEL:-6.1}" -m 224 -d "$work/ssd" -d "$work/hdd" tests/vm/src/swap-guest || exit
build/userspace/dmbcache check "$work/ssd" --backing "$work/hdd" && build/userspace/dmbcache verify "$work/ssd" "$work/hdd"
