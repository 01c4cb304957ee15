#!/bin/bash
# The commands of docs/walkthrough.md that use files in place of devices, in order, with the output that it shows. Those that
# need a kernel are run by tests/vm/195-walkthrough.sh.
# timeout: 60
. "$(dirname "$0")/lib.sh"
need_sim
mkdir bin && ln -s "$dmbcache" bin/dmbcache && PATH=$work/bin:$PATH

# A cache whose power was cut, and a damaged one.
"$sim" make fast-ssd 9 crash 600 16 1 6000 16 || fail "image"
mv fast-ssd.hdd0 fast-disk0 && mv fast-ssd.hdd1 fast-disk1
cp fast-ssd broken-ssd && python3 "$repo/tests/images/60-interior-checksum" broken-ssd || fail "damage"
python3 "$repo/tests/tools/walk.py" "$repo/docs/walkthrough.md" plain || fail "the walk-through"
finish
