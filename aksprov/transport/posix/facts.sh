# facts.sh: what a host is and has.
# the first line that a program says of its version; nothing when it is not there
version() {
	command -v "$1" >/dev/null 2>&1 || return 0
	timeout 3 "$@" 2>&1 </dev/null | {
		read -r V
		printf "%s %s\n" "$1" "$V"
	}
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
part resolv
text /etc/resolv.conf
[ -e /run/systemd/resolve/resolv.conf ] && echo "# by systemd-resolved"
