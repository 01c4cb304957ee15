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
done
for page in root/usr/share/man/man8/*; do
	! command -v groff >/dev/null || [ -z "$(groff -man -Tascii -ww -z "$page" 2>&1)" ] || fail "$page: groff complains"
done
finish
