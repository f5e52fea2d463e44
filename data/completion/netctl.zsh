
# Completion for zsh. The tables above are made while building; names of
# interfaces are asked of the daemon, or of the kernel where there is none.

_netctl_names() {
	busctl --auto-start=no call org.netctl1 /org/netctl1 org.netctl1.Manager ListLinks \
		2>/dev/null | grep -o '"[^"]*" "/org/netctl1/' | sed 's/^"\(.*\)" ".*/\1/'
	[ ! -d /sys/class/net ] || ls /sys/class/net
}

_netctl() {
	local verb word option
	for word in ${words[2,CURRENT-1]}; do
		if [[ " $_netctl_verbs " == *" $word "* ]]; then
			verb=$word
			break
		fi
	done
	word=${words[CURRENT]}
	if [[ $word == --*=* ]]; then
		option=${word%%=*}
		compset -P '*='
		compadd -- ${=$(_netctl_words $option)}
	elif [[ ${words[CURRENT-1]} == (-H|--host) ]]; then
		_hosts
	elif [[ $word == -* ]]; then
		for option in ${=$(_netctl_options $verb)}; do
			if [[ $option == *= ]]; then
				compadd -S '' -- $option
			else
				compadd -- $option
			fi
		done
	elif [[ -z $verb ]]; then
		compadd -- ${=_netctl_verbs}
	else
		case $(_netctl_arguments $verb) in
		names) compadd -- ${(uf)"$(_netctl_names)"} ;;
		keys) compadd -- ${=_netctl_keys} ;;
		files)
			_files
			[[ $verb != edit ]] || _files -W /etc/netctld -g '*.conf'
			;;
		esac
	fi
}

_netctl "$@"
