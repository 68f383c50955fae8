# undo.sh: put back what the steps did beside files, as swap.log tells.
undo_steps() {
	units="" links=""
	while read -r kind name value; do
		case $kind in
		sysctl) printf "%s\n" "$value" >"/proc/sys/$name" || broken="$broken $name" ;;
		link) links="$links $name" ;;
		daemon) timeout -k 5 60 systemctl daemon-reload </dev/null || broken="$broken systemd" ;;
		unit) units="$units $name|${value% *}|${value#* }" ;;
		esac 2>/dev/null
	done <$D/swap.log
	for name in $links; do
		! command -v netplan >/dev/null || timeout -k 5 30 netplan generate
		timeout -k 5 30 networkctl reload && timeout -k 5 30 networkctl reconfigure "$name" || broken="$broken $name"
	done >/dev/null 2>&1 </dev/null
	for unit in $units; do
		IFS="|"
		# shellcheck disable=SC2086
		set -- $unit
		unset IFS
		{
			systemctl reset-failed "$1"
			case $2 in
			active | reloading | activating)
				# where reloads fail, a start anew is what brings the old configuration for certain
				timeout -k 5 60 systemctl reload-or-restart "$1" || timeout -k 5 60 systemctl restart "$1"
				;;
			*) timeout -k 5 60 systemctl stop "$1" ;;
			esac || broken="$broken $1"
			[ "$3" != disabled ] || timeout -k 5 60 systemctl disable "$1"
		} >/dev/null 2>&1 </dev/null
	done
}
