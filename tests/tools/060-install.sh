#!/bin/bash
# What make install puts where; the pages format cleanly, and documentation and program name the same options.
. "$(dirname "$0")/lib.sh"

make -s -C "$repo/userspace" OUT="$work/build" DESTDIR="$work/root" PREFIX=/usr install >log 2>&1 || { fail "make install"; cat log; }
for file in sbin/dmbcache share/man/man8/dmbcache.8 share/man/man8/dmbcache-format.8 share/man/man8/dmbcache-show.8 \
	share/bash-completion/completions/dmbcache share/zsh/vendor-completions/_dmbcache \
	share/fish/vendor_completions.d/dmbcache.fish; do
	[ -f "root/usr/$file" ] || fail "not installed: $file"
done
for file in lib/udev/rules.d/68-dm-bcache.rules lib/udev/rules.d/70-dm-bcache.rules usr/share/initramfs-tools/hooks/dm-bcache; do
	[ -f "root/$file" ] || fail "not installed: $file"
done
[ -d root/etc/dm-bcache/devices ] || fail "not installed: /etc/dm-bcache/devices"

commands=$("$dmbcache" --help | sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) .*/\1/p')
for command in $commands; do
	equal "commands of the file of $command" 1 "$(grep -c '^const struct command ' "$repo/userspace/tools/cmd_${command//-/_}.c")"
	page=root/usr/share/man/man8/dmbcache-$command.8
	"$dmbcache" $command --help | sed -nE 's/^ +(--[a-z-]+)( [A-Z=]+)? .*/\1\2/p' | sort >program
	sed -nE 's/\\//g; s/^\.BI (--[a-z-]+) "(.*)"/\1\2/p' "$page" | sort -u >page
	diff program page || fail "$command: options of program and page differ"
	sed 's/\\//g' root/usr/share/man/man8/dmbcache.8 | grep -q -w -e "dmbcache-$command" || fail "$command: not in dmbcache(8)"
	for option in $(sed -nE 's/.*(--[a-z-]+) +[A-Z=]+ .*(quick|lru|writethrough).*/\1/p' <("$dmbcache" $command --help)); do
		for file in vendor-completions/_dmbcache completions/dmbcache vendor_completions.d/dmbcache.fish; do
			grep -q -e "$option[') ]" root/usr/share/*/$file || fail "$command $option: no values in $file"
		done
	done
done
for page in root/usr/share/man/man8/*; do
	! command -v groff >/dev/null || [ -z "$(groff -man -Tascii -ww -z "$page" 2>&1)" ] || fail "$page: groff complains"
done

# Completion offers the commands and the program's own options.
PATH=$work/root/usr/sbin:$PATH
. root/usr/share/bash-completion/completions/dmbcache
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_dmbcache
	echo "${COMPREPLY[*]}"
}
equal "commands with fo" "format" "$(complete_words dmbcache fo)"
equal "options" "--data-offset" "$(complete_words dmbcache format --da)"
equal "values" "fifo" "$(complete_words dmbcache format --replacement f)"
equal "all commands" "$(sort <<<"$commands" | tr '\n' ' ')" "$(complete_words dmbcache "" | tr ' ' '\n' | grep -v ^-- | sort | tr '\n' ' ')"
equal "commands with ch" "check" "$(complete_words dmbcache ch)"
equal "levels" "data" "$(complete_words dmbcache check --level d)"
equal "options of show" "--json" "$(complete_words dmbcache show --j)"
! command -v zsh >/dev/null || zsh -n root/usr/share/zsh/vendor-completions/_dmbcache || fail "zsh"
! command -v fish >/dev/null || fish -n root/usr/share/fish/vendor_completions.d/dmbcache.fish || fail "fish"
finish
