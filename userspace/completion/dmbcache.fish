# SPDX-License-Identifier: GPL-2.0
# fish completion for dmbcache(8). Commands and options come from the program's own --help.

function __dmbcache_commands
	dmbcache --help 2>/dev/null | sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) +(.*)/\1\t\2/p'
end

function __dmbcache_options
	set -l words (commandline -opc)
	dmbcache $words[2] --help 2>/dev/null | sed -nE 's/^  (--[a-z-]+)( [A-Z=]+)? +(.*)/\1\t\3/p'
end

function __dmbcache_after
	set -l words (commandline -opc)
	contains -- "$words[-1]" $argv
end

complete -c dmbcache -n 'test (count (commandline -opc)) = 1' -f -a '(__dmbcache_commands)'
complete -c dmbcache -n 'test (count (commandline -opc)) = 1; and string match -q -- "-*" (commandline -ct)' -f -a '--help --version'
complete -c dmbcache -n 'test (count (commandline -opc)) -gt 1; and string match -q -- "-*" (commandline -ct)' -f -a '(__dmbcache_options)'
complete -c dmbcache -n '__dmbcache_after --mode' -f -a 'writethrough writeback writearound none'
complete -c dmbcache -n '__dmbcache_after --replacement' -f -a 'lru fifo random'
complete -c dmbcache -n '__dmbcache_after --level' -f -a 'quick all data'
complete -c dmbcache -n '__dmbcache_after --block' -f -a '512 1K 2K 4K'
complete -c dmbcache -n '__dmbcache_after --bucket' -f -a '128K 256K 512K 1M 2M 4M'
complete -c dmbcache -n '__dmbcache_after --label --uuid --set-uuid --origin-id --data-offset --extent --size --volume --option --max --watch --delay --count' -f
complete -c dmbcache -n '__dmbcache_after volume' -f -a 'create resize remove list'
