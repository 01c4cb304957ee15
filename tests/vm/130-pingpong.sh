#!/bin/bash
# One cache in two hands: mainline bcache and dm-bcache take turns, cut off under load in each; both open what is left and
# read the same, which is what the shadow allows.  SEED, ROUNDS (of each geometry) and GEOMETRIES choose others; the disks of
# a round that fails go to FOLDER.
# timeout: 150
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
export DMBCACHE EXAMINE="$repo/tests/vm/src/examine checked"
mainline_load
$MP nbd nbds_max=2 max_part=0 || die "no nbd"
seed=${SEED:-$RANDOM$RANDOM}
for geometry in ${GEOMETRIES:-600:8K:512 520:64K:4096}; do
	IFS=: read -r buckets bucket block <<<"$geometry"
	truncate -s $((buckets * ${bucket%K}))K /run/ssd
	truncate -s $((4096 + 8))K /run/hdd
	run "$DMBCACHE" format --force --cache /run/ssd --backing /run/hdd --bucket "$bucket" --block "$block" >/dev/null
	echo "$geometry, seed $seed"
	run "$repo/build/tests/pingpong" /run/ssd /run/hdd "$seed" "${ROUNDS:-3}" ${FOLDER:-}
	mainline_quiet "$geometry"
	rm -f /run/ssd /run/hdd
	seed=$((seed + 1))
done
