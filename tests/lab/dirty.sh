# Makes a lab host what a real one may be: used before, by others, and for something else.
squat() {
	# shellcheck disable=SC2016 # perl's variables
	perl -MIO::Socket::INET -e '
fork && exit;
open STDOUT, ">/dev/null"; open STDERR, ">&STDOUT";
$0 = "squatter";
@s = map { IO::Socket::INET->new(LocalPort => $_, Listen => 1, ReuseAddr => 1) or die } @ARGV;
sleep 600' "$@" </dev/null
}
squat 6443 10250
# shellcheck disable=SC2016
mkdir -p /var/lib/dpkg && perl -MFcntl -e '
fork && exit;
open STDOUT, ">/dev/null"; open STDERR, ">&STDOUT";
$0 = "upgrades";
open F, ">>/var/lib/dpkg/lock-frontend";
$l = pack "s s x4 l! l! i", F_WRLCK, 0, 0, 0, 0;
fcntl F, F_SETLK, $l or die;
sleep 600' </dev/null

echo '/swapfile none swap sw 0 0' >>/etc/fstab
echo '[zram0]' >/etc/systemd/zram-generator.conf
ip link add docker0 type bridge && ip address add 10.244.7.1/24 dev docker0 && ip link set docker0 up
ip link add cni0 type bridge
ip link set eth0 mtu 1400
mkdir -p /etc/cni/net.d /etc/systemd/system/kubelet.service.d /etc/systemd/system.conf.d /etc/kubernetes/manifests /etc/containerd
echo '{}' >/etc/cni/net.d/05-theirs.conflist
echo '{}' >/etc/kubernetes/manifests/etcd.yaml
printf '[Service]\nExecStart=/bin/sleep 600\n' >/etc/systemd/system/kubelet.service
printf '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--node-ip=10.9.9.9"\n' >/etc/systemd/system/kubelet.service.d/50-theirs.conf
echo 'KUBELET_EXTRA_ARGS=--v=4' >/etc/default/kubelet
echo 'https_proxy=http://user:hidden@proxy.example:3128' >>/etc/environment
printf '[Manager]\nDefaultEnvironment=HTTPS_PROXY=http://user:hidden@proxy.example:3128\n' >/etc/systemd/system.conf.d/proxy.conf
printf 'version = 2\ndisabled_plugins = ["cri"]\nimports = ["/etc/containerd/more/*.toml"]\n' >/etc/containerd/config.toml
iptables -t nat -N KUBE-SERVICES
iptables -A INPUT -p udp --dport 8472 -j DROP
# a clock of its own is not to be had in a namespace
printf '#!/bin/sh\n[ "$*" = +%%s ] && exec /usr/bin/date -d "+400 seconds" +%%s\nexec /usr/bin/date "$@"\n' >/usr/local/sbin/date
chmod +x /usr/local/sbin/date
systemctl daemon-reexec
