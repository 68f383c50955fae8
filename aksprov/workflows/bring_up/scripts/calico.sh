# calico.sh: our documents for Calico's operator, where it is there.  Needs address.
# The operator makes the kinds of one document known only once it has dealt with the one before.
ask() {
	no_proxy='*' NO_PROXY='*' kubectl --cache-dir /run/aksprov/kubectl --kubeconfig /etc/kubernetes/admin.conf \
		--server "https://$address:6443" --request-timeout 20s "$@"
}
ask get customresourcedefinition installations.operator.tigera.io || exit 0
for file in /etc/kubernetes/aksprov/calico/*.yaml; do
	n=0
	until ask apply --server-side --force-conflicts -f "$file"; do
		n=$((n + 1))
		[ "$n" -lt 30 ] || exit 1
		sleep 5
	done
done
