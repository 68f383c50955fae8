#!/bin/sh
# Stands for kubeadm, kubectl, kubelet and others of a Linux host, by its own name.  What they are not known to be called
# with fails, and is in /var/lib/standin/unknown.  /var/lib/standin has nodes (names, one a line), token (the Secret of the
# bootstrap token), calls (verbs of kubeadm and kubectl),
# ca.crt (what a join finds the cluster to have).
there=/var/lib/standin
kubernetes=/etc/kubernetes
mkdir -p $there
name=${0##*/}

unknown() {
	echo "$name $*" >>$there/unknown
	echo "error: unknown call: $name $*" >&2
	exit 1
}

admin() {
	{
		echo "clusters: [{cluster: {"
		echo "    certificate-authority-data: $(base64 -w0 $kubernetes/pki/ca.crt)"
	} >$kubernetes/admin.conf
}

kubeadm() {
	case $* in
	"version -o short") echo v1.36.4 ;;
	"config validate --help") echo "Read a file" ;;
	"config validate --config "*) grep -q '^kind: ' "$4" ;;
	"init --config $kubernetes/aksprov/kubeadm-init.yaml --skip-token-print --skip-certificate-key-print"*)
		[ -s $kubernetes/pki/ca.key ] || unknown "without the CA: $*"
		mkdir -p $kubernetes/manifests
		echo "kind: Pod" >$kubernetes/manifests/kube-apiserver.yaml
		admin
		hostname >>$there/nodes
		# as the real one, it ends when the API server answers; HAProxy asks it every 2 s
		until ss -Hltn | grep -q ':6443 '; do sleep 0.1; done
		sleep 5
		systemctl start kubelet
		;;
	"kubeconfig user --help") ;;
	"kubeconfig user --client-name aksprov:nodes --config "*) cat $kubernetes/admin.conf ;;
	"join --config "*)
		grep -q 'token: "[a-z0-9]\{6\}\.[a-z0-9]\{16\}"' "$3" && grep -q caCertHashes "$3" || unknown "without a token: $*"
		mkdir -p $kubernetes/pki
		cp $there/ca.crt $kubernetes/pki/ca.crt
		echo "a kubelet's" >$kubernetes/kubelet.conf
		systemctl start kubelet
		;;
	"reset -f --kubeconfig /nonexistent --cert-dir "*)
		systemctl stop kubelet
		rm -rf $kubernetes/manifests $kubernetes/admin.conf $kubernetes/kubelet.conf
		;;
	*) unknown "$@" ;;
	esac
	echo "kubeadm $1" >>$there/calls
}

kubectl() {
	[ "$*" != "version --client" ] || {
		echo "Client Version: v1.36.4"
		exit 0
	}
	while [ $# -gt 0 ]; do
		case $1 in
		--kubeconfig | --server | --request-timeout) shift 2 ;;
		--request-timeout=* | --server=* | --kubeconfig=*) shift ;;
		*) break ;;
		esac
	done
	[ -e $kubernetes/admin.conf ] || unknown "without a cluster: $*"
	echo "kubectl $*" | cut -c1-160 >>$there/calls
	case $* in
	"get --raw /healthz") echo ok ;;
	"-n kube-public get configmap cluster-info" | "-n kube-system get daemonset kube-proxy") ;;
	"-n kube-system delete secret --field-selector type=bootstrap.kubernetes.io/token") ;;
	"create -f -")
		cat >$there/token
		grep -q bootstrap.kubernetes.io/token $there/token || unknown "another object: $*"
		;;
	"-n kube-system delete secret -l app.kubernetes.io/managed-by=aksprov") rm -f $there/token ;;
	"-n kube-system delete secret --ignore-not-found kubeadm-certs") ;;
	"apply --server-side --force-conflicts -f "*) [ "$5" = - ] && cat >$there/applied || cat "$5"* >/dev/null ;;
	"apply -f -")
		cat >$there/given
		if grep -q kubernetes.io/service-account-token $there/given; then
			mv $there/given $there/account
		else
			grep -q 'name: aksprov-nodes' $there/given || unknown "another object: $*"
			rm $there/given
		fi
		;;
	"-n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration}") echo "kind: ClusterConfiguration" ;;
	"-n kube-system get secret aksprov-windows-kube-proxy --ignore-not-found -o jsonpath={.data.token}")
		printf 'an.account.token' | base64 -w0
		;;
	"get customresourcedefinition installations.operator.tigera.io") exit 1 ;;
	"get nodes -o jsonpath="*) while read -r node; do printf '%s\tTrue\tready\n' "$node"; done <$there/nodes ;;
	"get node "*" --ignore-not-found -o name") echo "node/$3" ;;
	"drain --help") echo "--delete-emptydir-data" ;;
	"drain "*) echo "$2" >>$there/drained ;;
	"delete node "*) echo "$3" >>$there/deleted ;;
	*) unknown "$@" ;;
	esac
}

case $name in
kubeadm) kubeadm "$@" ;;
kubectl) kubectl "$@" ;;
kubelet | containerd)
	case $* in
	--version) [ "$name" = kubelet ] && echo "Kubernetes v1.36.4" || echo "containerd containerd.io 2.2.0 1" ;;
	run) exec sleep infinity ;;
	*"config dump") cat /etc/containerd/config.toml ;;
	*) unknown "$@" ;;
	esac
	;;
crictl)
	case $* in
	--version) echo "crictl version v1.36.0" ;;
	*"pods -q") ;;
	*) unknown "$@" ;;
	esac
	;;
runc | socat | ethtool | conntrack) ;;
*) unknown "$@" ;;
esac
