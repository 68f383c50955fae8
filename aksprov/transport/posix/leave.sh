# leave.sh: a removal.  Files go or get their original back (removes.sh), units and sysctls are as they were
# found, in the opposite order: keepalived gives the VIP up before HAProxy stops to answer on it.
# A step of a removal is a reader of which nothing stays; another cluster's file of it keeps it as it is.
order="keepalived haproxy containerd systemd sysctl modules kubeadm named data network"

check_keepalived() { hold keepalived; }
apply_keepalived() {
	as_found keepalived
	[ "$found" = active ] || for address in $vips; do release "$address"; done
}
check_haproxy() { hold haproxy; }
apply_haproxy() { as_found haproxy; }

# a unit that we never started or enabled: it only reads its file again
check_containerd() { hold containerd; }
apply_containerd() {
	text="not running"
	[ "$active" = active ] || return 0
	try 90 systemctl restart containerd || fail containerd ReloadFailed "$out$nl$(journal containerd)"
	text=restarted
	watch containerd
}

# the address goes with the file that gives it: networkd leaves it on an interface that it does not manage any more
check_network() {
	of network "$removes"
	given=
	for path in $list; do given="$given $(interface_of "$path")|$(address_in "$path")"; done
}
apply_network() {
	for word in $given; do
		record "link ${word%|*}"
		systemctl stop "aksprov-address-${word%|*}.timer" 2>/dev/null
		rm -f "/run/aksprov/take-back-${word%|*}"
		read_network "${word%|*}" || fail network ReloadFailed "$out"
		ip address del "${word#*|}" dev "${word%|*}" 2>/dev/null
	done
	text="$given taken off"
}

apply_modules() { text="what is loaded stays until a reboot"; }

# bring the unit $1 to the state that it was found in; found is its first one
as_found() {
	found="" was_enabled="" text="not there any more"
	timeout 10 systemctl cat "$1" >/dev/null 2>&1 || return 0
	[ ! -f "$D/originals/units" ] || while read -r name one other; do
		[ "$name" != "$1" ] || found=$one was_enabled=$other
	done <"$D/originals/units"
	case $found in
	"")
		text="left as it is: how it was found is not known"
		return 0
		;;
	active | reloading | activating)
		found=active text="restarted, as it was found running"
		try 90 systemctl restart "$1" || fail "$1" ReloadFailed "$out$nl$(journal "$1")"
		await_active "$1" ReloadFailed
		watch "$1"
		;;
	*)
		text="stopped, as it was found"
		try 90 systemctl stop "$1" || fail "$1" ReloadFailed "$out$nl$(journal "$1")"
		systemctl reset-failed "$1" 2>/dev/null
		;;
	esac
	[ "$was_enabled" != "$enabled" ] || return 0
	case $was_enabled in
	enabled) try 60 systemctl enable "$1" || fail "$1" ReloadFailed "$out" ;;
	disabled) try 60 systemctl disable "$1" || fail "$1" ReloadFailed "$out" ;;
	esac
}

# take the VIP $1 off: keepalived that was killed leaves it
release() {
	ip -o address show to "$1" | while read -r _ device _ prefix _; do ip address del "$prefix" dev "$device"; done
}

check_sysctl() {
	[ -f "$D/originals/sysctls" ] || return 0
	while read -r place _; do
		[ ! -e "/proc/sys/$place" ] || record "sysctl $place $(words "$place")"
	done <"$D/originals/sysctls"
}
apply_sysctl() {
	count=0
	[ ! -f "$D/originals/sysctls" ] || while read -r place was; do
		[ -e "/proc/sys/$place" ] || continue
		out=$({ printf "%s\n" "$was" >"/proc/sys/$place"; } 2>&1)
		[ "$(words "$place")" = "$was" ] || fail sysctl SysctlRefused "$place = $was: $out"
		count=$((count + 1))
	done <"$D/originals/sysctls"
	text="$count put back"
}

# ---- after the manifest is in place: what goes only once nothing names it ----

give_back() {
	drop_authority
	drop_folders
	if [ -n "$items" ]; then
		for reader in $steps; do forget_state "$reader"; done
		return 0
	fi
	# the manifest goes last: while it is there, the next removal of this cluster ends what this one began
	# while a run that was paused may still wake, its epoch is refused
	mv -f $D/epoch /run/aksprov.epoch
	rm -rf $D/originals $D/offline "$D/stage-$mark"
	rm -f $D/manifest.json $D/lock
	locked=
	rmdir $D /run/aksprov 2>/dev/null
}

# the CA pair that we made for this cluster, unless Kubernetes was started with it
drop_authority() {
	[ -f "$D/originals/ca" ] || return 0
	read -r sum owner <"$D/originals/ca"
	pki=/etc/kubernetes/pki
	now=$(sha256sum $pki/ca.crt 2>/dev/null)
	[ "$owner" = "$leaving" ] || return 0
	rm -f $pki/.ca.crt.aksprov-new $pki/.ca.key.aksprov-new
	[ "${now%% *}" != "$sum" ] || [ -e $pki/apiserver.crt ] || rm -f $pki/ca.crt $pki/ca.key
	rm -f $D/originals/ca
}

# folders that we made and that are empty now, the inner ones first
drop_folders() {
	[ -f "$D/originals/folders" ] || return 0
	sort -ru $D/originals/folders >"$D/originals/folders.new"
	while read -r folder; do
		rmdir "$folder" 2>/dev/null || [ ! -d "$folder" ] || echo "$folder"
	done <"$D/originals/folders.new" >"$D/originals/folders"
	rm -f $D/originals/folders.new
}

# the first state of what reader $1 had is in force: it is not ours any more
forget_state() {
	case $1 in
	sysctl) rm -f "$D/originals/sysctls" ;;
	*)
		[ -f "$D/originals/units" ] || return 0
		while read -r name rest; do [ "$name" = "$1" ] || echo "$name $rest"; done <"$D/originals/units" >"$D/originals/units.new"
		mv -f $D/originals/units.new $D/originals/units
		;;
	esac
}
