#!/bin/bash
# The other tests once more with address and undefined-behaviour checkers, and a build with the other compiler.
# timeout: 300
. "$(dirname "$0")/lib.sh"
here=$repo/tests/tools

make -s -j2 -C "$repo/userspace" OUT="$work/asan" SANITIZE=1 >log 2>&1 || { fail "build with checkers"; cat log; finish; }
for test in "$here"/0[1-5]*.sh "$here"/063*.sh "$here"/08[56]*.sh; do
	DMBCACHE=$work/asan/dmbcache "$test" >log 2>&1
	case $? in
	0 | 77) ;;
	*) fail "${test##*/} with checkers"; sed 's/^/    /' log ;;
	esac
done
for compiler in clang clang-14; do
	command -v $compiler >/dev/null || continue
	make -s -j2 -C "$repo/userspace" OUT="$work/clang" CC=$compiler >log 2>&1 || { fail "build with $compiler"; cat log; }
	break
done
finish
