# leave.sh: end Kubernetes on this host: kubeadm reset, then what that leaves.  No API server is asked: where
# the whole cluster goes, a member that waits for others that go at the same time would wait for ever.
found=$originals/kubernetes

was_there() {
	grep -qxF "$1" "$found"
}

[ -e "$found" ] || exit 0
if command -v kubeadm >/dev/null; then
	systemctl start containerd
	clean || exit 1
fi
left=$(crictl --runtime-endpoint unix:///run/containerd/containerd.sock pods -q 2>/dev/null)
[ -z "$left" ] || {
	echo "these pods did not end: $left"
	exit 1
}

# kubeadm's certificates; a CA pair that was there before it is taken off with our files, where it was made here
rm -f /etc/kubernetes/aksprov/nodes.conf
rm -rf /run/aksprov/kubectl
rm -rf $pki/etcd $pki/apiserver* $pki/front-proxy-* $pki/sa.key $pki/sa.pub
was_there "file $pki/ca.crt" || rm -f $pki/ca.crt $pki/ca.key
rmdir $pki /etc/kubernetes/manifests /var/lib/etcd 2>/dev/null

for file in /etc/cni/net.d/*; do
	[ ! -e "$file" ] || was_there "cni $file" || rm -rf "$file"
done
rm -rf /var/lib/cni/networks /var/lib/cni/cache /var/lib/cni/results /var/lib/cni/flannel /run/flannel /var/lib/calico /run/calico
for link in /sys/class/net/*; do
	link=${link##*/}
	was_there "link $link" || case $link in
	cni0 | flannel.* | flannel-v6.* | vxlan.calico | vxlan-v6.calico | cali* | kube-ipvs0 | nodelocaldns | veth*)
		ip link delete "$link"
		;;
	esac
done

# rules of kube-proxy and of network plugins, of each program that may have written them
for program in iptables iptables-nft iptables-legacy ip6tables ip6tables-nft ip6tables-legacy; do
	command -v $program-save >/dev/null || continue
	rules=$($program-save 2>/dev/null | grep -v '^#')
	kept=$(printf '%s\n' "$rules" | grep -vE 'KUBE-|CNI-|CNI:|cali[-:]|FLANNEL-|flanneld')
	[ "$rules" = "$kept" ] || printf '%s\n' "$kept" | $program-restore || exit 1
done
for table in "ip kube-proxy" "ip6 kube-proxy" "ip calico" "ip6 calico"; do
	# shellcheck disable=SC2086
	! command -v nft >/dev/null || nft delete table $table 2>/dev/null
done

systemctl stop kubelet 2>/dev/null
while read -r kind unit enabled; do
	[ "$kind" = unit ] && [ "$enabled" = disabled ] || continue
	systemctl disable --now "$unit" 2>/dev/null
done <"$found"
rm -f "$found" $originals/kubeadm
