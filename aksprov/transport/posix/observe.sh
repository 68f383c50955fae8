# observe.sh [PATH...]: everything a plan needs to know of this host, in one answer.
# A part begins with the line "NONCE:NAME"; the nonce keeps a file's content from looking like one.
D=/var/lib/aksprov
part() { printf "%s:%s\n" "$N" "$1"; }
# a file's first line, named
line() {
	V=
	[ -r "$2" ] && read -r V <"$2"
	printf "%s %s\n" "$1" "$V"
}
# a file's text; nothing when it is not there
text() { [ -f "$1" ] && cat "$1"; }
# the first line that a program says of its version; nothing when it is not there
version() {
	command -v "$1" >/dev/null 2>&1 || return 0
	printf "%s " "$1"
	timeout 3 "$@" 2>&1 </dev/null | head -n 1
}
part host
line machine /etc/machine-id
line boot /proc/sys/kernel/random/boot_id
line memory /proc/meminfo
echo "uname $(uname -nrm)"
echo "cpus $(nproc)"
stat -f -c "fs %n %T %a %S" /sys/fs/cgroup /var/lib
part release
text /etc/os-release || text /usr/lib/os-release
part interfaces
ip -j address
# addresses that go again, as no run has seen them answer
part unsettled
for T in /run/aksprov/take-back-*; do [ ! -e "$T" ] || echo "$T"; done
part units
timeout 10 systemctl show -p Id,LoadState,ActiveState,UnitFileState,DropInPaths,ExecStart,Environment haproxy.service keepalived.service containerd.service kubelet.service systemd-resolved.service systemd-networkd.service
part programs
version haproxy -v
version keepalived -v
version containerd --version
version kubelet --version
version kubeadm version -o short
version kubectl version --client
version crictl --version
# says its own version first, then looks for a cluster; not every release can be told not to
version calicoctl version
for T in runc conntrack socat ethtool iptables netplan; do ! command -v $T >/dev/null 2>&1 || echo $T; done
for T in bridge host-local loopback portmap; do [ ! -x /opt/cni/bin/$T ] || echo cni/$T; done
# ---- what else is here that matters before Kubernetes starts ----
# those of some paths that are there
there() {
	for T; do [ ! -e "$T" ] || echo "$T"; done
}
part clock
date +%s
part kernel
line controllers /sys/fs/cgroup/cgroup.controllers
K=/lib/modules/$(uname -r)
for T in overlay br_netfilter vxlan; do
	[ -d /sys/module/$T ] || [ ! -e "$K/modules.dep" ] || echo "module $T $(timeout 3 modprobe -nv $T 2>&1 | head -n 1)"
done
for T in /proc/cgroups /proc/swaps /etc/fstab /etc/default/kubelet /etc/sysconfig/kubelet $D/originals/kubeadm; do
	part "$T"
	text "$T"
done
part swapunits
T=/etc/systemd/zram-generator.conf
[ -e $T ] || T=/usr/lib/systemd/zram-generator.conf
# what is masked, or switched off by an empty file, has no size
for T in $T /etc/default/zramswap /etc/systemd/system/*.swap /run/systemd/generator*/*.swap /usr/lib/systemd/system/*.swap; do [ ! -s "$T" ] || echo "$T"; done
part resolv
text /etc/resolv.conf
[ -e /run/systemd/resolve/resolv.conf ] && echo "# by systemd-resolved"
part environment
text /etc/environment
timeout 5 systemctl show -p Environment
part containerd
line "" /etc/containerd/config.toml | { read -r V; [ "$V" = "# managed by aksprov" ]; } || head -c 60000 /etc/containerd/config.toml 2>/dev/null
part packages
for T in /var/lib/dpkg/lock* /var/lib/apt/lists/lock /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock; do
	I=$(stat -c %i "$T" 2>/dev/null) && while read -r _ _ _ _ P V _; do
		case $V in *:"$I") line "$P" "/proc/$P/comm" ;; esac
	done </proc/locks
done
part cni
there /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json
# where our Kubernetes began, the rest is its own
[ -e $D/originals/kubeadm ] || {
	part ports
	command -v ss >/dev/null 2>&1 && timeout 5 ss -tlnp
	part routes
	for T in -4 -6; do ip $T route | head -n 400; done
	part left
	there /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /var/lib/etcd/member /var/lib/kubelet/config.yaml
	part chains
	for T in iptables-save iptables-legacy-save; do
		command -v $T >/dev/null 2>&1 && timeout 5 $T 2>/dev/null | while read -r V _; do
			case $V in :KUBE-* | :cali-* | :FLANNEL-*) echo "$V" && break ;; esac
		done
	done
}
part epoch
text $D/epoch || text /run/aksprov.epoch
part swap
for T in "$D"/swap.log* "$D"/stage-* "$D"/lock; do [ ! -e "$T" ] && [ ! -L "$T" ] || echo "$T"; done
part manifest
M=
[ -f $D/manifest.json ] && M=$(cat $D/manifest.json)
printf "%s\n" "$M"
# the manifest's paths join the arguments: the text in quotes after "path" and a colon
set -f
IFS="\""
K=
for T in $M; do
	case $K in
	path)
		K=
		case $T in "" | *[!:\ ]*) ;; *) K=value ;; esac
		;;
	value)
		K=
		case "\"$*\"" in *"\"$T\""*) continue ;; esac
		case $T in *[!A-Za-z0-9._@+/-]*) ;; /*) set -- "$@" "$T" ;; esac
		;;
	*) [ "$T" = path ] && K=path ;;
	esac
done
unset IFS
part files
# only regular files are hashed: a fifo would never end
F=
for T in "$@"; do [ -f "$T" ] && [ ! -h "$T" ] && F="$F $T"; done
[ $# -gt 0 ] && stat -c "= %f %U:%G %n" "$@" 2>/dev/null
# shellcheck disable=SC2086 # a list of paths without blanks
[ -n "$F" ] && sha256sum $F
part ca
text /etc/kubernetes/pki/ca.crt
part cakey
[ -e /etc/kubernetes/pki/ca.key ] && echo yes
part end
# secrets that a killed run left: each lies in a folder named by the process that used it, or belongs to a unit
set +f
for T in /run/aksprov/*; do
	K=${T##*/}
	case $K in
	aksprov-step-*.secret*) timeout 3 systemctl -q is-active "${K%%.secret*}" || rm -f "$T" ;;
	*[!0-9]*) ;;
	*) [ -d "/proc/$K" ] || rm -rf "$T" ;;
	esac
done
exit 0
