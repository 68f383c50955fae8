# apt.sh: missing programs from package repositories, by apt.  Needs repository (with its folder, or ""), proxy, installed.sh, and what
# host.sh needs; $secret has the keys of the repository.  Nothing of apt's configuration stays: a repository that goes on offering
# newer versions to a node is nobody's wish.

apt() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none \
		apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=0 \
		${proxy:+-o "Acquire::http::Proxy=$proxy" -o "Acquire::https::Proxy=$proxy"} "$@"
}

offer() {
	rm -f $list $keys
	[ -n "$repository" ] || return 0
	make_folder ${keys%/*} && cat "$secret" >$keys && echo "deb [signed-by=$keys] $repository/deb/ /" >$list
}

# the package that brings program $1
package() {
	case $1 in
	kubelet | kubeadm | kubectl) echo "$1=$kubernetes-*" ;;
	crictl) echo cri-tools ;;
	cni/*) if apt-cache show kubernetes-cni >/dev/null 2>&1; then echo kubernetes-cni; else echo containernetworking-plugins; fi ;;
	*) echo "$1" ;;
	esac
}

by_apt() {
	trap 'rm -f $list $keys; loud' EXIT
	# what a package manager that was killed left half done
	try dpkg --configure -a --force-confold || {
		echo "$said"
		exit 1
	}
	offer || exit 1
	try apt update
	lists=$said
	packages=$(for program in $(missing); do package "$program"; done | sort -u)
	# shellcheck disable=SC2086
	try apt install --simulate --no-install-recommends --allow-downgrades --allow-change-held-packages $packages || {
		printf '%s\n%s\n' "$lists" "$said" | grep '^[EW]:'
		exit 14
	}
	case " $packages " in *containerd*) note_folders ;; esac
	note_packages "$said"
	# shellcheck disable=SC2086
	try apt install --no-install-recommends --allow-downgrades --allow-change-held-packages $packages || {
		echo "$said"
		exit 1
	}
}

hold() {
	for program in kubelet kubeadm kubectl; do
		dpkg-query -W $program >/dev/null 2>&1 || continue
		[ -n "$(apt-mark showhold $program)" ] || note hold $program
		apt-mark -q hold $program >/dev/null
	done
}
