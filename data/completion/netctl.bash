
# Completion for bash. The tables above are made while building; names of
# interfaces are asked of the daemon, or of the kernel where there is none.

_netctl_names() {
	busctl --auto-start=no call org.netctl1 /org/netctl1 org.netctl1.Manager ListLinks \
		2>/dev/null | grep -o '"[^"]*" "/org/netctl1/' | sed 's/^"\(.*\)" ".*/\1/'
	[ ! -d /sys/class/net ] || ls /sys/class/net
}

_netctl_verb() {
	local word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case " $_netctl_verbs " in
		*" $word "*) echo "$word"; return ;;
		esac
	done
}

_netctl() {
	local cur prev verb option words
	# --json=short is three words for bash: it breaks at "=".
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD-1]}
	if [ "$cur" = "=" ]; then
		option=$prev cur=
	elif [ "$prev" = "=" ] && [ "$COMP_CWORD" -ge 2 ]; then
		option=${COMP_WORDS[COMP_CWORD-2]}
	fi
	verb=$(_netctl_verb)
	if [ -n "$option" ]; then
		words=$(_netctl_words "$option")
	elif [ "$prev" = -H ] || [ "$prev" = --host ]; then
		COMPREPLY=($(compgen -A hostname -- "$cur"))
		return
	elif [[ $cur == -* ]]; then
		words="$(_netctl_options "$verb")"
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
		return
	elif [ -z "$verb" ]; then
		words=$_netctl_verbs
	else
		case $(_netctl_arguments "$verb") in
		names) words=$(_netctl_names) ;;
		keys) words=$_netctl_keys ;;
		files)
			COMPREPLY=($(compgen -f -- "$cur"))
			[ "$verb" != edit ] ||
				COMPREPLY+=($(cd /etc/netctld 2>/dev/null && compgen -f -X '!*.conf' -- "$cur"))
			return ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$cur" | sort -u))
}

complete -F _netctl netctl
