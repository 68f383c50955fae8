# sysctl.sh: set what sysctl.d(5) files say, one by one, and read each back.
# The old values are in swap.log before the first file is renamed.
check_sysctl() {
	settings="" was_sysctls=""
	of sysctl "$files"
	for path in $list; do
		new "$path"
		while IFS="=" read -r key value; do
			key=$(printf "%s" "$key" | tr -d "[:blank:]")
			case $key in
			"" | "#"* | ";"*) ;;
			-*) plan_sysctl "${key#-}" "$value" optional ;;
			*) plan_sysctl "$key" "$value" needed ;;
			esac
		done <"$n"
	done
	[ -z "$was_sysctls" ] || record "$(printf "%s" "$was_sysctls" | while read -r was; do echo "sysctl $was"; done)"
}
# KEY VALUE HOW: note the setting when it has another value now
plan_sysctl() {
	place=$1
	case $place in */*) ;; *) place=$(printf "%s" "$place" | tr . /) ;; esac
	how=$3
	# shellcheck disable=SC2086
	set -- $2
	was=$(words "$place")
	[ "$was" != "$*" ] || return 0
	settings="$settings$how|$place|$*$nl"
	[ -z "$was" ] || was_sysctls="$was_sysctls$place $was$nl"
}
apply_sysctl() {
	count=0
	IFS=$nl
	for setting in $settings; do
		IFS="|"
		# shellcheck disable=SC2086
		set -- $setting
		unset IFS
		out=$({ printf "%s\n" "$3" >"/proc/sys/$2"; } 2>&1)
		is=$(words "$2")
		count=$((count + 1))
		[ "$is" != "$3" ] && [ "$1" = needed ] || continue
		[ -e "/proc/sys/$2" ] || out="this kernel has no such setting"
		fail sysctl SysctlRefused "$2 = $3: ${out:-it reads back as $is}"
	done
	unset IFS
	text="$count changed and read back"
}
