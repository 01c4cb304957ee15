#!/bin/bash
# Completion in bash, zsh and fish, each run by its own shell, offers the same: the commands of --help, each command's own options, the
# words that an option takes, files where a file or a device is wanted and nothing where only a person knows.
. "$(dirname "$0")/lib.sh"
for shell in zsh fish; do command -v $shell >/dev/null || { echo "install $shell"; exit 1; }; done
export completion=$repo/userspace/completion HOME=$work
mkdir bin empty && ln -s "$dmbcache" bin/dmbcache && PATH=$work/bin:$PATH
cd empty && touch file-1 file-2 || exit 1

# A row is the beginning of a line and what is offered at its end, in any order.
rows() {
	local command option argument
	commands=$(dmbcache --help | sed -nE '/^Examples/q; s/^  ([a-z][a-z-]*) .*/\1/p')
	echo "dmbcache |" $commands
	echo "dmbcache --|--help --version"
	echo "dmbcache fo|format"
	echo "dmbcache frobnicate --|"
	echo "dmbcache format --da|--data-offset"
	echo "dmbcache format --replacement f|fifo"
	echo "dmbcache format --force --cache file-1 --backing file-|file-1 file-2"
	echo "dmbcache show |file-1 file-2"
	echo "dmbcache volume |create list remove resize"
	for command in $commands; do
		echo "dmbcache $command --|" $(dmbcache "$command" --help | sed -nE 's/^  (--[a-z-]+) .*/\1/p')
		while read -r option argument; do
			echo "dmbcache $command $option |$(words_for "$option" "$argument")"
		done < <(dmbcache "$command" --help | sed -nE 's/^  (--[a-z-]+) ([A-Z=]+) .*/\1 \2/p')
	done
}
words_for() { # OPTION ARGUMENT
	case $1 in
	--mode) echo writethrough writeback writearound none ;;
	--replacement) echo lru fifo random ;;
	--level) echo quick all data ;;
	--block) echo 512 1K 2K 4K ;;
	--bucket) echo 128K 256K 512K 1M 2M 4M ;;
	*) case $2 in DEV | FILE) echo file-1 file-2 ;; esac ;;
	esac
}
sorted() { tr ' ' '\n' | grep . | sort; }

cat >"$work/in-bash" <<'END_OF_BASH'
. "$completion/dmbcache.bash"
while IFS= read -r line; do
	read -r -a COMP_WORDS <<<"$line"
	[ "${line% }" = "$line" ] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_dmbcache
	printf '%s\n' "${COMPREPLY[@]}" ==
done
END_OF_BASH
cat >"$work/in-fish" <<'END_OF_FISH'
source $completion/dmbcache.fish
while read -l line
	complete -C $line | string replace -r '\t.*' ''
	echo ==
end
END_OF_FISH
# zsh completes at a terminal only: a second one gets the lines there, a tab behind each, and then ^N.
cat >"$work/in-zsh" <<'END_OF_ZSH'
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'source $HOME/inner-zsh'
zpty -r inner said '*ready*'
while IFS= read -r line; do zpty -w -n inner "$line"$'\t\016'; done
zpty -w inner exit
while zpty -r inner said; do :; done
cat $HOME/offered
END_OF_ZSH
cat >"$work/inner-zsh" <<'END_OF_ZSH'
fpath=($completion $fpath)
autoload -Uz compinit && compinit -u -D
bindkey '^I' list-choices
bindkey '^N' next_line
zle -N next_line
next_line() { print '==' >>$HOME/offered; zle kill-whole-line; }
# stands before the real one, and notes which of the words fit
compadd() {
	local -a fit
	if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		builtin compadd -A fit "$@"
		((! $#fit)) || print -rl -- $fit >>$HOME/offered
	fi
	builtin compadd "$@"
}
PS1=ready
END_OF_ZSH

rows >"$work/rows"
for shell in bash zsh fish; do
	cut -d '|' -f 1 "$work/rows" | timeout 120 $shell "$work/in-$shell" >"$work/all" 2>"$work/errors" || fail "$shell: status $?"
	[ ! -s "$work/errors" ] || { fail "$shell complains"; cat "$work/errors"; }
	equal "$shell: lines" "$(wc -l <"$work/rows")" "$(grep -c '^==$' "$work/all")"
	while IFS='|' read -r line words; do
		got=
		while read -r word && [ "$word" != == ]; do got+="$word "; done <&3
		equal "$shell: '$line'" "$(sorted <<<"$words")" "$(sorted <<<"$got")"
	done <"$work/rows" 3<"$work/all"
done
finish
