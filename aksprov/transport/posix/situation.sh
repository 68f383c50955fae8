# situation.sh: what else is here that matters before Kubernetes starts.
# those of some paths that are there
there() {
	for T; do [ ! -e "$T" ] || echo "$T"; done
}
part clock
date +%s
part kernel
line controllers /sys/fs/cgroup/cgroup.controllers
read -r K </proc/sys/kernel/osrelease
K=/lib/modules/$K
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
part environment
text /etc/environment
timeout 5 systemctl show -p Environment
part containerd
T=/etc/containerd/config.toml
[ ! -f $T ] || {
	read -r V <$T
	[ "$V" = "# managed by aksprov" ] || head -c 60000 $T
}
part packages
for I in $(stat -c %i /var/lib/dpkg/lock* /var/lib/apt/lists/lock /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock 2>/dev/null); do
	while read -r _ _ _ _ P V _; do
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
