# common.sh: what steps use that do more than put files in place.

# run a program for at most $1 seconds; out gets the end of what it says
try() {
	limit=$1
	shift
	out=$({
		timeout -k 5 "$limit" "$@" 2>&1 </dev/null
		echo "=$?"
	} | tail -c 2000)
	status=${out##*=}
	out=${out%=*}
	[ "$status" != 124 ] || out="$out${nl}no end after $limit s"
	return "$status"
}

# a line of swap.log, before what it tells of is done
record() {
	{ printf "%s\n" "$1" >>"$D/swap.log" && sync "$D/swap.log"; } 2>/dev/null || fail "$reader" SwapFailed "cannot write to $D"
}

# add the lines of $2 to the list $1 of first states, unless a line for the same thing is there
first_states() {
	known=$(cat "$D/originals/$1" 2>/dev/null)
	fresh=$(printf "%s" "$2" | while read -r name value; do
		case $nl$known$nl in *"$nl$name "*) ;; *) printf "%s %s\n" "$name" "$value" ;; esac
	done)
	[ -n "$fresh" ] || return 0
	list=$D/originals/$1
	staged="$staged $list.new"
	if ! { printf "%s\n" "${known:+$known$nl}$fresh" >"$list.new" && sync "$list.new" && mv -f "$list.new" "$list"; } 2>/dev/null; then
		fail "$reader" SwapFailed "cannot write to $D"
	fi
}

# the value of a kernel setting, its words one blank apart
words() {
	# shellcheck disable=SC2046
	set -- $(cat "/proc/sys/$1" 2>/dev/null)
	echo "$*"
}

# called before the manifest is written
close_steps() {
	! command -v settle >/dev/null || settle
	[ -z "${was_units-}" ] || first_states units "$was_units"
	[ -z "${was_sysctls-}" ] || first_states sysctls "$was_sysctls"
}
