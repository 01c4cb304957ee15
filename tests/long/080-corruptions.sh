#!/bin/bash
# tests/images/corruptions.sh on caches of many workloads: SEEDS, 30 of them by default.
# timeout: 1200
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tools/lib.sh"
need_sim

run_seed() {
	SEED=$1 "$here/images/corruptions.sh" >"seed$1" 2>&1 && echo "ok $1" && return
	echo "FAILED: SEED=$1:"
	sed 's/^/    /' "seed$1"
	return 1
}
export here
export -f run_seed
# shellcheck disable=SC2086 # several
printf '%s\n' ${SEEDS:-$(seq 30)} | xargs -P "${DMBC_JOBS:-2}" -I{} bash -c 'run_seed {}' || failures=1
finish
