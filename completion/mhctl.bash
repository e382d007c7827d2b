# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for mhctl(1). It needs nothing but bash itself; src/ctl/completion_test.sh
# compares its words with those of `mhctl --help`.

# Names of files: of those that end with the suffix $1, when it is given, and of folders.
_mhctl_files()
{
	local suffix=$1 name

	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		if [[ -d $name || -z $suffix || $name == *"$suffix" ]]; then
			COMPREPLY+=("$name")
		fi
	done < <(compgen -f -- "$current")
}

_mhctl_words()
{
	local word

	while IFS= read -r word; do
		COMPREPLY+=("$word")
	done < <(compgen -W "$1" -- "$current")
}

_mhctl()
{
	local commands='check plan apply confirm rollback status checks subscriber upgrade metrics dns explain doctor watch run help version'
	local options='--socket= --json --color= --help --version'
	local features='links routing prefixes subscribers replies services checks dns neighbours'
	local packet='from to in out proto sport dport mark uid tos'
	local current=${COMP_WORDS[COMP_CWORD]} option='' command='' argument='' word i

	COMPREPLY=()
	# What stands before the cursor: an option that waits for its value, a command, its
	# argument. Of --name=value bash makes three words.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == '=' ]]; then
			continue
		elif [[ -n $option ]]; then
			option=''
		elif [[ $word == -s || $word == --socket || $word == --confirm || $word == --extend ||
			$word == --file || $word == --graph || $word == --port || $word == --address ||
			$word == --prefix || $word == --mac || $word == --via ]]; then
			option=$word
		elif [[ $word == --color && ${COMP_WORDS[i + 1]} == '=' ]]; then
			option=$word
		elif [[ $word == -* && $word != - ]]; then
			continue
		elif [[ -z $command ]]; then
			command=$word
		else
			argument=$word
			# What follows belongs to the program.
			[[ $command != run ]] || break
		fi
	done
	[[ $current != '=' ]] || current=''

	case $option in
	-s | --socket)
		_mhctl_files ''
		return
		;;
	--color)
		_mhctl_words 'auto always never'
		return
		;;
	--confirm | --extend)
		_mhctl_words '30s 60s 5m'
		return
		;;
	--file)
		_mhctl_files .yaml
		return
		;;
	--port)
		_mhctl_words "$(cd /sys/class/net 2>/dev/null && echo *)"
		return
		;;
	--address | --prefix | --mac | --via)
		return
		;;
	--graph)
		_mhctl_words 'dot svg'
		return
		;;
	esac
	if [[ $command == run && -n $argument ]]; then
		_mhctl_files ''
		return
	fi
	if [[ $current == -* ]]; then
		case $command in
		check) options+=' --print' ;;
		plan) options+=' --rollback' ;;
		apply) options+=' --confirm=' ;;
		confirm) options+=' --extend=' ;;
		explain) options+=' --plan --file= --graph=' ;;
		subscriber) options+=' --port= --address= --prefix= --mac= --via=' ;;
		run) options+=' --no-hook --no-preload --verbose' ;;
		esac
		_mhctl_words "$options"
		if [[ ${COMPREPLY[0]} == *= ]]; then
			compopt -o nospace 2>/dev/null
		fi
		return
	fi
	if [[ $command == checks ]]; then
		[[ -n $argument ]] || _mhctl_words 'list drain force-up force-down auto'
		return
	fi
	if [[ $command == subscriber ]]; then
		[[ -n $argument ]] || _mhctl_words 'list add move remove auto'
		return
	fi
	if [[ $command == explain ]]; then
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		in | out) _mhctl_words "$(cd /sys/class/net 2>/dev/null && echo *)" ;;
		proto) _mhctl_words 'tcp udp icmp icmpv6 arp nd' ;;
		from | to | sport | dport | mark | uid | tos) ;;
		*) _mhctl_words "$packet" ;;
		esac
		return
	fi
	if [[ $command == dns && $argument == query && ${COMP_WORDS[COMP_CWORD - 1]} != query ]]; then
		_mhctl_words 'A AAAA ANY CAA CNAME DNSKEY DS MX NS PTR SOA SRV TXT'
		return
	fi
	[[ -z $argument ]] || return
	case $command in
	'') _mhctl_words "$commands" ;;
	check | plan | apply) _mhctl_files .yaml ;;
	status) _mhctl_words "$features" ;;
	run)
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -c -- "$current"; compgen -d -- "$current")
		;;
	dns) _mhctl_words 'zones reload query' ;;
	help) _mhctl_words "$commands" ;;
	esac
}

complete -F _mhctl mhctl
