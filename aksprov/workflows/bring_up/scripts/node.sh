# node.sh: what the scripts that make a host a node begin with.
# originals/kubernetes has how the host was found: lines "unit NAME ENABLED", "file FILE", "cni FILE", "link NAME".
# originals/kubeadm is "begun" from before kubeadm's first change on, then "done": what was begun and not done is cleaned and
# begun again; what was done is never cleaned but by a removal, whatever the API server says.
set -u
umask 077
# kubeadm would give the proxy that it is run with to static pods, and kubectl would ask the API server through it
unset http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY
pki=/etc/kubernetes/pki
originals=/var/lib/aksprov/originals
mkdir -p $originals || exit 1
stage=$(cat $originals/kubeadm 2>/dev/null)

mark() {
	echo "$1" >$originals/kubeadm.new && sync $originals/kubeadm.new && mv -f $originals/kubeadm.new $originals/kubeadm
}

note_found() {
	[ ! -e $originals/kubernetes ] || return 0
	{
		for unit in kubelet containerd; do echo "unit $unit $(systemctl is-enabled $unit 2>/dev/null)"; done
		[ ! -e $pki/ca.crt ] || echo "file $pki/ca.crt"
		for file in /etc/cni/net.d/*; do [ ! -e "$file" ] || echo "cni $file"; done
		for link in /sys/class/net/*; do echo "link ${link##*/}"; done
	} >$originals/kubernetes.new && mv -f $originals/kubernetes.new $originals/kubernetes
}

# what kubeadm left half done; the folder of certificates is not its to clean, as the cluster's CA is in it
clean() {
	empty=$(mktemp -d)
	kubeadm reset -f --kubeconfig /nonexistent --cert-dir "$empty" --cri-socket unix:///run/containerd/containerd.sock
	rmdir "$empty"
}

# stop with what etcd, the API server and the kubelet said last; that there is no node yet says nothing of why
give_up() {
	for place in /var/log/pods/kube-system_etcd-*/etcd /var/log/pods/kube-system_kube-apiserver-*/kube-apiserver; do
		newest=
		for log in "$place"/*.log; do
			[ ! -e "$log" ] || { [ -n "$newest" ] && [ "$newest" -nt "$log" ]; } || newest=$log
		done
		# without the frames of a panic of Go
		[ -z "$newest" ] || cut -d ' ' -f 4- "$newest" | grep -vE '^([[:space:]]|goroutine |created by |[^ ]+\(.*\)$|$)' |
			tail -n 3 | cut -c 1-300 | sed "s/^/${place##*/}: /"
	done
	journalctl -u kubelet -n 80 --no-pager -o cat | grep -v 'node ".*" not found' | tail -n 5
	exit "$1"
}
