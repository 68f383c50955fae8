# sysctl.sh: set what sysctl.d(5) files say, one by one, and read each back.
apply_sysctl() { each set_sysctls sysctl; }
set_sysctls() {
	count=0
	while IFS== read -r key value; do
		key=$(printf "%s" "$key" | tr -d "[:blank:]")
		case $key in
		"" | "#"* | ";"*) continue ;;
		-*) set_sysctl "${key#-}" "$value" optional ;;
		*) set_sysctl "$key" "$value" "" ;;
		esac
	done <"$5"
	text="$count changed and read back"
}
# KEY VALUE OPTIONAL
set_sysctl() {
	key=$1 optional=$3 path=$1
	case $path in */*) ;; *) path=$(printf "%s" "$path" | tr . /) ;; esac
	# shellcheck disable=SC2086
	set -- $2
	wanted=$*
	was=$(words "$path")
	[ "$was" != "$wanted" ] || return 0
	if [ -n "$was" ]; then
		was_sysctls="$was_sysctls$path $was$newline"
		record "sysctl $path $was"
	fi
	out=$({ printf "%s\n" "$wanted" >"/proc/sys/$path"; } 2>&1)
	is=$(words "$path")
	if [ "$is" != "$wanted" ] && [ -z "$optional" ]; then
		[ -e "/proc/sys/$path" ] || out="this kernel has no such setting"
		fail sysctl SysctlRefused "$key = $wanted: ${out:-it reads back as $is}"
	fi
	count=$((count + 1))
}
# the value of a setting, its words one blank apart
words() {
	# shellcheck disable=SC2046
	set -- $(cat "/proc/sys/$1" 2>/dev/null)
	echo "$*"
}
