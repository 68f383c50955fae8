# uninstall.sh: take away what preparations brought to this host (installed.sh).  A package that another one needs by now stays.
# Needs what host.sh needs.
before=

brought() {
	[ ! -f "$ours" ] || sed -n "s/^$1 //p" "$ours"
}

is_brought() {
	for line in "package $1" "package $1.io" "file /usr/bin/$1"; do ! grep -qxF "$line" "$ours" || return 0; done
	return 1
}

is_package() {
	if command -v dpkg-query >/dev/null; then
		case $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null) in "" | "not-installed ") return 1 ;; esac
	else
		rpm -q --quiet "$1"
	fi
}

belongs_to_a_package() {
	if command -v dpkg-query >/dev/null; then dpkg-query -S "$1" >/dev/null 2>&1; else rpm -qf --quiet "$1"; fi
}

drop_packages() {
	left=$(for package in $(brought package); do ! is_package "$package" || echo "$package"; done)
	[ -n "$left" ] || return 0
	if ! command -v dpkg >/dev/null; then
		# one that others need goes after them
		until [ "$before" = "$left" ]; do
			before=$left
			for package in $left; do rpm -e "$package" 2>/dev/null; done
			left=$(for package in $before; do ! is_package "$package" || echo "$package"; done)
		done
		return 0
	fi
	for package in $left; do apt-mark -q unhold "$package" >/dev/null 2>&1; done
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
	# shellcheck disable=SC2086
	try dpkg --purge $left || case $said in
	*"dependency problems"*) ;;
	*)
		printf '%s\n' "$said" | tail -n 6
		exit 1
		;;
	esac
}

drop_files() {
	brought file | while read -r file; do
		unit=${file##*/}
		case $file in /etc/systemd/system/*.service) systemctl disable --now "$unit" 2>/dev/null ;; esac
		belongs_to_a_package "$file" || rm -f "$file"
	done
	systemctl daemon-reload
	systemctl reset-failed kubelet containerd 2>/dev/null
	rm -f "$list" "$keys" "$repo" "$rpm_keys"
}

[ -f "$ours" ] || exit 0
if systemctl -q is-active kubelet; then
	echo "kubelet runs here: end that Kubernetes first (kubeadm reset, systemctl stop kubelet)"
	exit 1
fi
for package in $(brought hold); do apt-mark -q unhold "$package" >/dev/null; done
if is_brought containerd; then
	systemctl stop containerd 2>/dev/null
elif systemctl -q is-active containerd; then
	for image in $(brought image); do ctr -n k8s.io images rm "$image" >/dev/null 2>&1; done
fi
drop_packages
drop_files
# what these write where they run is theirs alone
! is_brought haproxy || has haproxy || rm -rf /var/lib/haproxy /run/haproxy /run/haproxy.pid /run/haproxy-master.sock
! is_brought containerd || has containerd || rm -rf /var/lib/containerd /run/containerd
! is_brought kubelet || has kubelet || rm -rf /var/lib/kubelet /usr/libexec/kubernetes
[ -d /opt ] || mkdir -m 755 /opt # dpkg takes it away with the last package that had something there
brought folder | sort -r | while read -r folder; do rmdir "$folder" 2>/dev/null; done
rm -f "$ours"
rmdir "${ours%/*}" 2>/dev/null
exit 0
