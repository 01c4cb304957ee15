#!/bin/bash
# Tests of the offline tools once more under valgrind: no wrong access, no uninitialised value, no leak, on any path they take.
# timeout: 900
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tools/lib.sh"
command -v valgrind >/dev/null || { echo "install valgrind"; exit 1; }
cat >checked <<END
#!/bin/sh
exec valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible "$dmbcache" "\$@"
END
chmod +x checked
for test in 010-format 040-show 075-estimate 080-dump 085-writeback 086-repair; do
	DMBCACHE=$work/checked "$here/tools/$test.sh" >log 2>&1 || { fail "$test"; head -60 log; }
done
DMBCACHE=$work/checked ONLY='[0-9][03579]-*' "$here/images/corruptions.sh" >log 2>&1 || { fail "corruptions"; head -60 log; }
finish
