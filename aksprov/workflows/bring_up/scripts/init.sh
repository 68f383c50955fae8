# init.sh: kubeadm init on the first control plane, once.  Needs address and arguments.
conf=/etc/kubernetes/admin.conf

ask() {
	kubectl --cache-dir /run/aksprov/kubectl --kubeconfig $conf --server "https://$address:6443" --request-timeout 5s "$@"
}
has_own_ca() {
	there=$(sed -n 's/ *certificate-authority-data: //p' $conf | base64 -d | sha256sum)
	[ "$there" = "$(sha256sum <$pki/ca.crt)" ]
}
is_whole() {
	ask -n kube-public get configmap cluster-info && ask -n kube-system get daemonset kube-proxy
}

note_found
if [ "$stage" != begun ] && [ -e $conf ]; then
	has_own_ca || {
		echo "$conf is of another CA than $pki/ca.crt"
		exit 10
	}
	systemctl enable --now containerd kubelet || exit 1
	n=0
	until ask get --raw /healthz; do
		n=$((n + 1))
		[ "$n" -lt 60 ] || give_up 11
		sleep 2
	done
	is_whole || {
		echo "kubeadm init was not finished here, and not by aksprov"
		exit 10
	}
	mark done
	exit 0
fi
if [ "$stage" != begun ] && [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]; then
	echo "/etc/kubernetes/manifests has the control plane of another cluster"
	exit 10
fi
systemctl enable --now containerd && systemctl enable kubelet || exit 1
[ "$stage" != begun ] || clean
mark begun || exit 1
# shellcheck disable=SC2086
kubeadm init --config /etc/kubernetes/aksprov/kubeadm-init.yaml --skip-token-print --skip-certificate-key-print \
	$arguments || give_up 1
# the token that kubeadm made for whoever types; ours live for minutes
ask -n kube-system delete secret --field-selector type=bootstrap.kubernetes.io/token || exit 1
mark done
