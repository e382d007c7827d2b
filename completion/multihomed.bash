# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for multihomed(8).

_multihomed()
{
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} word

	COMPREPLY=()
	case $before in
	-c | -s)
		compopt -o filenames 2>/dev/null
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -f -- "$current"; [[ $before == -s ]] || compgen -W builtin -- "$current")
		;;
	*)
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -W '-c -s --one --help --version' -- "$current")
		;;
	esac
}

complete -F _multihomed multihomed
