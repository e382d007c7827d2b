#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What bash completes is what mhctl takes: every word of `mhctl --help` and of the help of each
# command is offered, and no other.
#	completion_test.sh MHCTL COMPLETION
mhctl=$(realpath "$1") || exit 1
failures=0

# shellcheck source=../../completion/mhctl.bash
source "$2" || exit 1
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
touch multihomed.yaml other.txt
mkdir conf.d

# What is offered for the words of a command line, the last of which is being typed.
offered()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_mhctl
	printf '%s\n' "${COMPREPLY[@]:-}" | sort
}

# expect WHAT WANTED GOT
expect()
{
	if [[ $2 != "$3" ]]; then
		printf '%s:\nwanted: %s\ngot:    %s\n' "$1" "${2//$'\n'/ }" "${3//$'\n'/ }" >&2
		failures=$((failures + 1))
	fi
}

commands=$("$mhctl" --help | sed -n '/^Options:/q; s/^  \([a-z]*\) .*/\1/p' | sort)

# The long options that a help names, those with a value ending in '='.
options()
{
	"$mhctl" "$@" --help |
		sed -n 's/^  -., //; s/^      --/--/; s/^\(--[a-z-]*\)\[\{0,1\}\(=\{0,1\}\).*/\1\2/p' |
		sort
}

[[ $(wc -w <<<"$commands") -ge 9 ]] || expect 'the commands in --help' 'nine or more' "$commands"
expect 'commands' "$commands" "$(offered mhctl '')"
expect 'commands behind an option' "$commands" "$(offered mhctl -s /run/x --json '')"
expect 'a command that was begun' 'status' "$(offered mhctl st)"
expect 'help' "$commands" "$(offered mhctl help '')"
expect 'options' "$(options version)" "$(offered mhctl --)"
for command in $commands; do
	expect "options of $command" "$(options "$command")" "$(offered mhctl "$command" --)"
done
expect 'values of --color' $'always\nauto\nnever' "$(offered mhctl --color = '')"
expect 'values of --color, from the sign on' $'always\nauto\nnever' "$(offered mhctl --color '=')"
expect 'a command behind --color=always' "$commands" "$(offered mhctl --color = always '')"
expect 'files' $'conf.d\nmultihomed.yaml' "$(offered mhctl check '')"
expect 'one file only' '' "$(offered mhctl check multihomed.yaml '')"
packet=$(printf '%s\n' from to in out proto sport dport mark uid tos | sort)
expect 'words of a packet' "$packet" "$(offered mhctl explain '')"
expect 'more words of a packet' "$packet" "$(offered mhctl explain to 192.0.2.1 '')"
expect 'a link' 'lo' "$(offered mhctl explain to 192.0.2.1 in l)"
expect 'a protocol' 'udp' "$(offered mhctl explain to 192.0.2.1 proto u)"
expect 'an address is not known' '' "$(offered mhctl explain to '')"
expect 'a file to explain' $'conf.d\nmultihomed.yaml' "$(offered mhctl explain --file = '')"
expect 'forms of a picture' $'dot\nsvg' "$(offered mhctl explain --graph = '')"
expect 'sockets' $'conf.d\nmultihomed.yaml\nother.txt' "$(offered mhctl -s '')"
expect 'a socket behind --socket=' 'other.txt' "$(offered mhctl --socket = o)"
expect 'programs' 'bash' "$(offered mhctl run -v bash | grep -x bash | sort -u)"
expect 'options of a program are not ours' '' "$(offered mhctl run bash --js)"
expect 'files of a program' 'other.txt' "$(offered mhctl run bash --option o)"
features=$("$mhctl" status no-such-feature-anywhere 2>&1 |
	sed 's/.*there are: //; s/,//g' | tr ' ' '\n' | sort)
expect 'features' "$features" "$(offered mhctl status '')"

exit $((failures > 0))
