# bundle.sh: what is missing comes from files of an offline bundle in the folder $store, named by their hashes.  Needs files
# ("KIND:SHA256:NAME ..."), store, and what host.sh needs.
work=$store/work

# the names of the files of kind $1, as "SHA256:NAME"
of() {
	for file in $files; do case $file in "$1:"*) echo "${file#*:}" ;; esac done
}

# put file $1 ("SHA256:NAME") into folder $2, whole or not at all
place() {
	draft=$2/.aksprov-new
	note_file "$2/${1#*:}"
	said=$({ make_folder "$2" && cp "$store/${1%%:*}" "$draft" && chmod 755 "$draft" && sync "$draft"; } 2>&1) || {
		rm -f "$draft"
		echo "$said"
		case $said in *"No space left"*) exit 13 ;; *) exit 1 ;; esac
	}
	mv -f "$draft" "$2/${1#*:}" || exit 1
}

install_packages() {
	[ -n "$(of package)" ] || return 0
	rm -rf "$work" && mkdir -p "$work" || exit 1
	for file in $(of package); do ln "$store/${file%%:*}" "$work/${file#*:}" || exit 1; done
	if command -v apt-get >/dev/null; then
		export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
		set -- apt-get -q -y \
			-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=0 -o APT::Sandbox::User=root \
			-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null --no-install-recommends --allow-change-held-packages install "$work"/*.deb
		try dpkg --configure -a --force-confold && try "$@" --simulate && note_packages "$said" && try "$@"
	elif command -v dnf >/dev/null; then
		there=$(rpm_packages)
		try dnf -q -y --disablerepo='*' --setopt=install_weak_deps=False --setopt=exit_on_lock=True install "$work"/*.rpm && note_rpm "$there"
	else
		there=$(rpm_packages)
		try rpm -U --quiet "$work"/*.rpm && note_rpm "$there"
	fi || {
		printf '%s\n' "$said" | tail -n 6
		case $said in *"unmet dependencies"* | *"is needed by"* | *"nothing provides"* | *"Failed to fetch"*) exit 14 ;; *) exit 1 ;; esac
	}
	rm -rf "$work"
}

# units for programs that no package brought
write_units() {
	if has containerd && [ "$(systemctl show -p FragmentPath --value containerd)" = "" ]; then
		note_file /etc/systemd/system/containerd.service
		printf '%s\n' '[Unit]' 'Description=containerd' After=network.target '[Service]' \
			'ExecStartPre=-/sbin/modprobe overlay' ExecStart=/usr/bin/containerd Type=notify Delegate=yes KillMode=process \
			Restart=always RestartSec=5 LimitNPROC=infinity LimitCORE=infinity TasksMax=infinity OOMScoreAdjust=-999 \
			'[Install]' WantedBy=multi-user.target >/etc/systemd/system/containerd.service
	fi
	if has kubelet && [ "$(systemctl show -p FragmentPath --value kubelet)" = "" ]; then
		note_file /etc/systemd/system/kubelet.service
		printf '%s\n' '[Unit]' 'Description=kubelet' Wants=network-online.target After=network-online.target '[Service]' \
			"ExecStart=$(command -v kubelet)" Restart=always RestartSec=10 StartLimitInterval=0 \
			'[Install]' WantedBy=multi-user.target >/etc/systemd/system/kubelet.service
	fi
	# what kubeadm writes for the kubelet has to be read by it; a package brings this file under the same name
	case $(systemctl show -p DropInPaths --value kubelet) in *10-kubeadm.conf*) return ;; esac
	folder=/etc/systemd/system/kubelet.service.d
	has kubelet && make_folder $folder && note_file $folder/10-kubeadm.conf && cat >$folder/10-kubeadm.conf <<'END'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
EnvironmentFile=-/etc/sysconfig/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
END
}

import_images() {
	[ -n "$(of image)" ] || return 0
	said=$(systemctl start containerd 2>&1) || {
		echo "$said"
		journalctl -u containerd -n 6 --no-pager -o cat
		exit 1
	}
	before=$(ctr -n k8s.io images ls -q)
	for file in $(of image); do
		said=$(ctr -n k8s.io images import "$store/${file%%:*}" 2>&1) || {
			printf '%s\n' "$said" | tail -n 3
			case $said in *"no space left"*) exit 13 ;; *) exit 1 ;; esac
		}
	done
	for image in $(ctr -n k8s.io images ls -q); do
		printf '%s\n' "$before" | grep -qxF "$image" || note image "$image"
	done
}

link_plugins
! lacks containerd || note_folders
quiet
install_packages
for file in $(of program); do place "$file" /usr/bin; done
for file in $(of cni); do place "$file" /opt/cni/bin; done
link_plugins
loud
write_units
systemctl daemon-reload
import_images
left=$(missing)
[ -z "$left" ] || {
	echo "the bundle does not have what this host lacks:$left"
	exit 14
}
