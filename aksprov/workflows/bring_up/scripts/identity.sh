# identity.sh: nodes leave by a user of its own, aksprov:nodes, that may look at nodes and pods, cordon, evict and delete a
# node, and nothing else.  Needs address.  The administrator's configuration only makes it: on a control plane where it is not
# there yet, and anew after half a year, as kubeadm's certificates last a year.
conf=/etc/kubernetes/aksprov/nodes.conf

as() {
	who=$1
	shift
	no_proxy='*' NO_PROXY='*' kubectl --cache-dir /run/aksprov/kubectl --kubeconfig "$who" --server "https://$address:6443" "$@"
}

make_identity() {
	as /etc/kubernetes/admin.conf apply -f - <<-END &&
		apiVersion: rbac.authorization.k8s.io/v1
		kind: ClusterRole
		metadata: {name: aksprov-nodes}
		rules:
		- {apiGroups: [""], resources: [nodes], verbs: [get, list, patch, delete]}
		- {apiGroups: [""], resources: [pods], verbs: [get, list]}
		- {apiGroups: [""], resources: [pods/eviction], verbs: [create]}
		- {apiGroups: [apps], resources: [daemonsets], verbs: [get]}
		---
		apiVersion: rbac.authorization.k8s.io/v1
		kind: ClusterRoleBinding
		metadata: {name: aksprov-nodes}
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: aksprov-nodes}
		subjects:
		- {apiGroup: rbac.authorization.k8s.io, kind: User, name: "aksprov:nodes"}
	END
		as /etc/kubernetes/admin.conf -n kube-system get configmap kubeadm-config \
			-o 'jsonpath={.data.ClusterConfiguration}' >$conf.yaml || return 1
	# before 1.21 it was an alpha command
	kubeadm kubeconfig user --help >/dev/null 2>&1 && alpha='' || alpha=alpha
	# shellcheck disable=SC2086
	kubeadm $alpha kubeconfig user --client-name aksprov:nodes --config $conf.yaml >$conf.new && mv -f $conf.new $conf
}

umask 077
[ -n "$(find $conf -mtime -180 2>/dev/null)" ] || make_identity || exit 1
rm -f $conf.yaml

ask() {
	as $conf "$@"
}
