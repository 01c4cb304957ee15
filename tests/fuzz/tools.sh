#!/bin/bash
# Sixty damaged caches for check, dump, writeback and repair, built with checkers. The seed is printed.
# timeout: 300
cd "$(dirname "$0")/../.." || exit 1
out=$PWD/build/tools-asan
make -s -j2 -C userspace OUT="$out" SANITIZE=1 || exit 1
exec python3 tests/fuzz/mutate_tools.py "$out/dmbcache" build/unit/sim_image "${COUNT:-60}" ${SEED:-}
