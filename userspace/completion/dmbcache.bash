# SPDX-License-Identifier: GPL-2.0
# bash completion for dmbcache(8). Commands and options come from the program's own --help.

_dmbcache() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words=
	COMPREPLY=()
	case $COMP_CWORD:$previous:$word in
	1:*:-*) words="--help --version" ;;
	1:*) words=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) .*/\1/p') ;;
	*:--mode:*) words="writethrough writeback writearound none" ;;
	*:--replacement:*) words="lru fifo random" ;;
	*:--level:*) words="quick all data" ;;
	*:--block:*) words="512 1K 2K 4K" ;;
	*:--bucket:*) words="128K 256K 512K 1M 2M 4M" ;;
	*:--label:* | *:--uuid:* | *:--set-uuid:* | *:--origin-id:* | *:--data-offset:* | *:--extent:* | *:--size:* | *:--volume:*) ;;
	*:--option:* | *:--max:* | *:--watch:* | *:--delay:* | *:--count:*) ;;
	*:*:-*) words=$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null | sed -nE 's/^ +(--[a-z-]+).*/\1/p') ;;
	2:volume:*) words="create resize remove list" ;;
	*)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _dmbcache dmbcache
