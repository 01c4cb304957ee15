#!/bin/bash
# Power cuts at every answered flush and FUA write and at random moments of many loads, with everything a volatile cache may
# keep or lose: what was promised is there, the rest is old or new, and nothing that was read once changes by itself.
# SEED, EPOCHS, CUTS (of an epoch; 0: all marks), PERCENT (of a load's operations) and GEOMETRY choose others; REPLAY=FOLDER
# tries a failed cut again.
# kernels: 6.1
# host
# timeout: 200
set -u
cd "$(dirname "$0")/../.." || exit 1
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
make -s -C tests/vm/src || exit 1
kernel=${DMBC_KERNEL:-6.1}
machine=(scripts/vm-run -k "$kernel")
case $kernel in uml-*) machine=(scripts/uml-run "${kernel#uml-}") ;; esac
if [ -n "${REPLAY:-}" ]; then
	exec "${machine[@]}" -m 2048 -o "$REPLAY" tests/vm/src/cuts-guest replay
fi
work=build/test-logs/cuts-$kernel
rm -rf "$work"
mkdir -p "$work"
# buckets, their size and the block's: two and four journal buckets; an index of one and of two levels
geometries=("300 8K 512" "560 8K 512" "130 64K 512" "140 64K 4096")
[ -z "${GEOMETRY:-}" ] || geometries=("$GEOMETRY")
"${machine[@]}" -m 2048 -t "${TIMEOUT:-800}" -o "$work" ${LOG:+-e POWERCUT_LOG=1} \
	-e "POWERCUT_PERCENT=${PERCENT:-100}" tests/vm/src/cuts-guest "$seed" \
	"${EPOCHS:-2}" "${CUTS:-25}" "${geometries[@]}"
status=$?
[ $status = 0 ] || echo "seed $seed; to try the failed cut again: REPLAY=$work DMBC_KERNEL=$kernel tests/vm/100-cuts.sh"
exit $status
