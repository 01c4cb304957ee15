#!/bin/bash
# dm-bcache(7): made from the table of options, complete, and clean; every message and state of interface.h is in it.
. "$(dirname "$0")/lib.sh"

"$repo/scripts/manual" 0 >page || fail "scripts/manual"
! command -v groff >/dev/null || [ -z "$(groff -man -Tascii -ww -z page 2>&1)" ] || fail "groff: $(groff -man -Tascii -ww -z page 2>&1 | head)"
for name in $(sed -nE 's/^DMBC_OPTION\([A-Z_]+, ([a-z_]+),.*/\1/p' "$repo/include/dm-bcache/options.def"); do
	grep -q "^\.BR $name " page || fail "no option $name"
done
for name in $(sed -nE 's/^#define DMBC_(MESSAGE|STATE_TEXT)_[A-Z_]+ "([a-z_-]+)".*/\2/p' "$repo/include/dm-bcache/interface.h"); do
	sed 's/\\//g' page | grep -q -w -e "$name" || fail "no word $name"
done
! grep -n '@[A-Z_]*@' page || fail "a place was not filled"
finish
