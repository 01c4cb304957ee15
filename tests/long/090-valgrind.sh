#!/bin/bash
# Tests of the offline tools once more under valgrind: no wrong access, no uninitialised value, no leak, on any path they take.
# timeout: 900
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tools/lib.sh"
need_valgrind
for test in 010-format 040-show 075-estimate 080-dump 085-writeback 086-repair; do
	DMBCACHE=$checked "$here/tools/$test.sh" >log 2>&1 || { fail "$test"; head -60 log; }
done
DMBCACHE=$checked ONLY='[0-9][03579]-*' "$here/images/corruptions.sh" >log 2>&1 || { fail "corruptions"; head -60 log; }
finish
