# network.sh: the address that a host is given, on an interface that has none; no other interface is touched.
# Until it was seen to answer a timer is set that takes it off again, whatever becomes of this run.
interface_of() {
	name=${1##*-aksprov-}
	name=${name%.network}
	echo "${name%.yaml}"
}
address_in() {
	while read -r word value; do
		case $word in
		Address=*) echo "${word#Address=}" ;;
		-)
			value=${value#\"}
			echo "${value%\"}"
			;;
		esac
	done <"$1"
}

# have networkd read the files of the interface $1 anew
read_network() {
	if command -v netplan >/dev/null; then try 30 netplan generate || return 1; fi
	try 30 networkctl reload && try 30 networkctl reconfigure "$1"
}

# a script that takes the address $cidr and its file off $link
take_back() {
	cat <<-END
		rm -f $path /run/aksprov/take-back-$link
		! command -v netplan >/dev/null || netplan generate
		networkctl reload
		networkctl reconfigure $link
		ip address del $cidr dev $link
		rmdir /run/aksprov
	END
}

need_network() { command -v networkctl >/dev/null || fail network HostToolMissing "networkctl is not installed"; }

apply_network() {
	of network "$files"
	for path in $list; do
		link=$(interface_of "$path")
		cidr=$(address_in "$path")
		record "link $link"
		systemctl stop "aksprov-address-$link.timer" 2>/dev/null
		# in a file: a transient unit that systemd reads anew has another quoting than the one it was made with
		{ mkdir -p /run/aksprov && take_back >"/run/aksprov/take-back-$link"; } 2>/dev/null || fail network SwapFailed "cannot write to /run/aksprov"
		try 30 systemd-run --quiet --collect --on-active=300 --unit "aksprov-address-$link" /bin/sh "/run/aksprov/take-back-$link" ||
			fail network ReloadFailed "$out"
		read_network "$link" || fail network ReloadFailed "$out"
		left=75
		until [ -n "$(ip -o -4 address show dev "$link" to "${cidr%/*}")" ]; do
			left=$((left - 1))
			[ "$left" -gt 0 ] || fail network AddressNotSet "$link does not have $cidr 15 s after networkctl reconfigure$nl$(networkctl status "$link" 2>&1 | head -n 5)"
			sleep 0.2
		done
		text="$link has $cidr"
	done
}
