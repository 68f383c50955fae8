# installed.sh: what a preparation brings is written down before it comes, so that `remove-host --purge` takes it away again
# (uninstall.sh), and nothing that was there before.  Lines "package NAME", "file PATH", "folder PATH", "image NAME", "hold NAME".
ours=/var/lib/aksprov/installed
# repositories that only a preparation asks, there while it goes on
list=/etc/apt/sources.list.d/aksprov.list
keys=/etc/apt/keyrings/aksprov.asc
repo=/etc/yum.repos.d/aksprov.repo
rpm_keys=/etc/pki/rpm-gpg/aksprov.asc

note() {
	! grep -qxF "$1 $2" "$ours" 2>/dev/null || return 0
	mkdir -p "${ours%/*}" && echo "$1 $2" >>"$ours" && sync "$ours"
}

# file $1 is about to be written
note_file() {
	[ -e "$1" ] || [ -L "$1" ] || note file "$1"
}

make_folder() {
	[ ! -d "$1" ] || return 0
	make_folder "${1%/*}" && note folder "$1" && mkdir "$1"
}

# folders that containerd makes as it starts
note_folders() {
	! command -v containerd >/dev/null || return 0
	for folder in /etc/cni /etc/cni/net.d /opt/containerd /opt/containerd/bin /opt/containerd/lib; do
		[ -d "$folder" ] || note folder "$folder"
	done
}

# packages that apt has said it would install, and not replace
note_packages() {
	printf '%s\n' "$1" | sed -n 's/^Inst \([^ ]*\) (.*/\1/p' | while read -r package; do note package "$package"; done
}

# what rpm knows, to see what came
rpm_packages() {
	rpm -qa --qf '%{NAME}\n' | sort
}

# packages that are there and were not among those of $1
note_rpm() {
	rpm_packages | while read -r package; do printf '%s\n' "$1" | grep -qxF "$package" || note package "$package"; done
}
