# dnf.sh: the same by dnf.  A repository of its own, which only this asks.

dnf_package() {
	case $1 in
	kubelet | kubeadm | kubectl) echo "$1-$kubernetes" ;;
	crictl) echo cri-tools ;;
	conntrack) echo conntrack-tools ;;
	cni/*) if [ -n "$repository" ]; then echo kubernetes-cni; else echo containernetworking-plugins; fi ;;
	*) echo "$1" ;;
	esac
}

by_dnf() {
	trap 'rm -f $repo $rpm_keys; loud' EXIT
	rm -f $repo $rpm_keys
	if [ -n "$repository" ]; then
		cat "$secret" >$rpm_keys && printf '%s\n' '[aksprov]' name=aksprov "baseurl=$repository/rpm/" enabled=1 gpgcheck=1 \
			"gpgkey=file://$rpm_keys" >$repo || exit 1
	fi
	packages=$(for program in $(missing); do dnf_package "$program"; done | sort -u)
	case " $packages " in *containerd*) note_folders ;; esac
	there=$(rpm_packages)
	# shellcheck disable=SC2086
	try dnf -q -y --setopt=install_weak_deps=False --setopt=exit_on_lock=True ${proxy:+--setopt="proxy=$proxy"} \
		install $packages || {
		echo "$said"
		case $said in *"No match for argument"* | *"Unable to find a match"*) exit 14 ;; *) exit 1 ;; esac
	}
	note_rpm "$there"
}
