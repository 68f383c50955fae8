# delete.sh: a node whose host does not answer is deleted; its pods are made anew elsewhere.  Needs address and node.
ask() {
	no_proxy='*' NO_PROXY='*' kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$address:6443" --request-timeout 60s "$@"
}
ask delete node "$node" --ignore-not-found
