# SPDX-License-Identifier: GPL-2.0
# bash completion for dmbcache(8). Options come from the program's own --help.

_dmbcache() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]}
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "--help --version $("${COMP_WORDS[0]}" --help 2>/dev/null |
			sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) .*/\1/p')" -- "$word")
		return
	fi
	case $previous in
	--mode) mapfile -t COMPREPLY < <(compgen -W "writethrough writeback writearound none" -- "$word") ;;
	--replacement) mapfile -t COMPREPLY < <(compgen -W "lru fifo random" -- "$word") ;;
	volume) [ "$command" = volume ] && mapfile -t COMPREPLY < <(compgen -W "create resize remove list" -- "$word") ;;
	--level) mapfile -t COMPREPLY < <(compgen -W "quick all data" -- "$word") ;;
	--block) mapfile -t COMPREPLY < <(compgen -W "512 1K 2K 4K" -- "$word") ;;
	--bucket) mapfile -t COMPREPLY < <(compgen -W "128K 256K 512K 1M 2M 4M" -- "$word") ;;
	--label | --uuid | --set-uuid | --data-offset | --max | --extent | --size | --volume | --watch | --delay | --count | --option | --origin-id) ;;
	*)
		if [[ $word == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null |
				sed -nE 's/^ +(--[a-z-]+).*/\1/p')" -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "${word:-/dev/}")
		fi
		;;
	esac
}
complete -o filenames -F _dmbcache dmbcache
