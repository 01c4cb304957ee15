#!/bin/bash
# What every command of dmbcache keeps to: help with an example; wrong usage refused in one line that says what to type; JSON alone on
# standard output; progress on standard error and only on a terminal, no colours on a pipe; --dry-run changes nothing.
. "$(dirname "$0")/lib.sh"
need_sim

"$sim" make sound 5 crash 600 16 8 2000 16 && cp sound broken && python3 "$repo/tests/images/39-leaf-one-bit" broken || fail "images"
"$dmbcache" dump sound >sound.dump || fail "dump"
"$dmbcache" repair --backup sound.backup broken --json >/dev/null 2>&1 # of --undo
cp sound broken && python3 "$repo/tests/images/39-leaf-one-bit" broken
cp sound searched && python3 "$repo/tests/images/41-leaf-erased" searched
fresh empty 10M
sha1sum sound sound.hdd0 sound.hdd1 broken empty sound.dump sound.backup >sums
untouched() { sha1sum --quiet -c sums >out 2>&1 || { fail "$1: wrote"; cat out; }; }
# one_line WHAT TEXT CODES COMMAND...: a refusal
one_line() {
	local what=$1 text=$2 codes=$3 code
	shift 3
	"$dmbcache" "$@" >stdout 2>stderr </dev/null
	code=$?
	case " $codes " in *" $code "*) ;; *) fail "$what ($*): status $code, not $codes" ;; esac
	[ "$(wc -l <stderr)" = 1 ] && grep -q '^dmbcache: ' stderr && grep -q -F -e "$text" stderr || { fail "$what ($*): not one line with '$text':"; cat stderr; }
	[ ! -s stdout ] || fail "$what ($*): says something on standard output: $(cat stdout)"
}

# COMMAND|WHAT|ARGUMENTS: of each command a line at least.
#   asks      needs no arguments
#   dry       changes something: --dry-run and these arguments say what, and leave everything alone
#   reads     writes nothing with these arguments, and ends with 0
#   json      the same with --json: one JSON text on standard output
#   running   of a cache that does not run: refused in one line
cat >rows <<'END'
format|dry|--cache empty --bucket 8K --dry-run
format|json|--cache empty --bucket 8K --dry-run --json
create|dry|fast empty --volume films --size 1G --dry-run
create|dry|fast sound sound.hdd0 --mode writeback --dry-run
create|running|fast sound no-such-disk
remove|dry|fast --dry-run
remove|running|no-such-cache
list|asks|
list|running|
list|running|--json
status|asks|
status|running|no-such-cache
status|running|--json no-such-cache
status|running|--watch 1 no-such-cache
top|asks|
top|running|--count 1
mode|dry|fast writeback --dry-run
mode|running|no-such-cache writeback
set|dry|fast writeback_percent=20 --dry-run
set|running|no-such-cache writeback_percent=20
get|running|no-such-cache writeback_percent
reset|dry|fast all --dry-run
reset|running|no-such-cache all
options|running|no-such-cache
options|running|--json no-such-cache
flush|dry|fast --wait --dry-run
flush|running|--wait no-such-cache
detach|dry|fast --dry-run
detach|running|no-such-cache
attach|dry|fast --dry-run
attach|running|no-such-cache
stats|running|no-such-cache
stats|running|--json no-such-cache hour
label|dry|fast films --dry-run
label|running|no-such-cache
gc|dry|fast --dry-run
gc|running|no-such-cache
clear-stats|dry|fast --dry-run
clear-stats|running|no-such-cache
volume|dry|create fast films 1G --dry-run
volume|dry|resize fast films 2G --dry-run
volume|dry|remove fast films --dry-run
volume|running|list no-such-cache
volume|running|list no-such-cache --json
show|reads|sound sound.hdd0
show|json|--json sound sound.hdd0
check|reads|sound --backing sound.hdd0
check|json|--json sound --level data
dump|reads|sound
dump|json|--json sound
restore|dry|--from sound.dump --force --dry-run sound
restore|json|--from sound.dump --dry-run --json empty
writeback|dry|--dry-run sound sound.hdd0
writeback|json|--dry-run --json sound sound.hdd0 sound.hdd1
verify|reads|sound sound.hdd0
verify|json|--json sound sound.hdd1
repair|dry|--dry-run broken
repair|dry|--dry-run --undo sound.backup broken
repair|json|--dry-run --json sound
estimate|reads|100G 4T
estimate|json|--json 100G 4T
END

commands=$("$dmbcache" --help | sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) .*/\1/p')
equal "commands with a line" "$(sort <<<"$commands")" "$(cut -d'|' -f1 rows | sort -u)"
for command in $commands; do
	for help in --help -h; do
		"$dmbcache" "$command" $help >stdout 2>stderr || fail "$command $help: status $?"
		[ ! -s stderr ] && grep -q "^Usage: dmbcache $command" stdout && grep -q -A1 '^Example:' stdout && tail -1 stdout | grep -q "^  dmbcache $command" ||
			{ fail "$command $help"; cat stdout stderr; }
	done
	one_line "unknown option" "see dmbcache $command --help" 1 "$command" --frobnicate
	grep -q "^$command|asks|" rows || one_line "no arguments" "$command: " 1 "$command"
	for option in $("$dmbcache" "$command" --help | sed -nE 's/^  (--[a-z-]+) [A-Z=]+ .*/\1/p'); do
		one_line "option without its value" "$option: needs a value; see dmbcache $command --help" 1 "$command" "$option"
	done
	for flag in dry-run:dry json:'(json|running)'; do
		! "$dmbcache" "$command" --help | grep -q -e "^  --${flag%:*} " || grep -q -E "^$command\|${flag#*:}\|.*--${flag%:*}" rows ||
			fail "$command --${flag%:*}: no line"
	done
done

while IFS='|' read -r command what arguments; do
	read -r -a words <<<"$arguments"
	"$dmbcache" "$command" "${words[@]}" >stdout 2>stderr </dev/null
	code=$?
	row="$command $arguments"
	! grep -q -a $'[\r\033]' stdout stderr || fail "$row: colours or progress on a pipe"
	case $what in
	dry)
		"$dmbcache" "$command" --help | grep -q -e '^  --dry-run ' || fail "$command: changes something and has no --dry-run"
		grep -q 'nothing\|^dmsetup \|could be' <(cat stdout; "$dmbcache" "$command" --help) && [ -s stdout ] || fail "$row: says nothing"
		;&
	reads) [ $code = 0 ] && [ -s stdout ] || { fail "$row: status $code"; cat stderr; } ;;
	json) [ $code = 0 ] && jq -e . <stdout >/dev/null || { fail "$row: status $code, or not JSON"; cat stdout stderr; } ;;
	running) one_line "does not run" "; " "1 2" "$command" "${words[@]}" ;;
	esac
	untouched "$row"
done <rows

equal "words for the kernel behind a shell" 'dmsetup message fast 0 label my\\\ disk' "$("$dmbcache" label fast "my disk" --dry-run)"
equal "set" "dmsetup message fast 0 set sequential_cutoff 8M" "$("$dmbcache" set fast sequential_cutoff=8M --dry-run)"
one_line "an empty word" "give a letter at least" 1 label fast ""
one_line "a value of nothing" "give a letter at least" 1 set fast sequential_cutoff=
one_line "a long word" "at most 100 bytes" 1 label fast "$(printf 'a%.0s' {1..101})"
one_line "words behind list" "see dmbcache status fast" 1 list fast
# shellcheck disable=SC2046
one_line "many names" "more than 64 caches; leave some out" 1 status $(seq 65)

# On a terminal: progress, on standard error alone.
for row in "check sound" "verify sound sound.hdd0" "writeback --dry-run sound sound.hdd0" "repair --dry-run searched" "dump sound"; do
	script -qec "$dmbcache $row >stdout" /dev/null >terminal </dev/null || [ "${row%% *}" = repair ] || fail "$row: status $?"
	grep -q -a '\[[#.]*\] .*%' terminal || fail "$row: no progress on a terminal"
	! grep -q -a $'[\r\033]' stdout || fail "$row: progress on standard output"
done
untouched "on a terminal"

# Standard output that takes nothing is a failure, of every command that writes there.
for row in "check sound" "show sound" "dump sound" "estimate 100G" "check --help" "set fast writeback_percent=1 --dry-run"; do
	# shellcheck disable=SC2086
	"$dmbcache" $row >/dev/full 2>stderr && fail "$row >/dev/full: status 0"
	grep -q 'make room' stderr || fail "$row >/dev/full: no reason"
done
finish
