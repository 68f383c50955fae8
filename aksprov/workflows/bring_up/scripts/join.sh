# join.sh: kubeadm join, once.  Needs role, ca (SHA-256 of the cluster's ca.crt) and arguments; $secret has the end of the
# JoinConfiguration, of a control plane after a first line with its certificate key.
note_found
if [ "$stage" != begun ] && [ -e /etc/kubernetes/kubelet.conf ]; then
	[ "$(sha256sum <$pki/ca.crt)" = "$ca  -" ] || {
		echo "$pki/ca.crt is of another cluster"
		exit 10
	}
	systemctl enable --now containerd kubelet || exit 1
	mark done
	exit 0
fi
systemctl enable --now containerd && systemctl enable kubelet || exit 1
[ "$stage" != begun ] || clean
mark begun || exit 1
document=/etc/kubernetes/aksprov/kubeadm-join.yaml
if [ "$role" = control-plane ]; then
	head -n 1 "$secret" >"$secret.key"
	{
		sed "/^controlPlane:/r $secret.key" $document
		tail -n +2 "$secret"
	} >"$secret.yaml"
else
	# kubeadm's own copy, which it refuses to overwrite
	rm -f $pki/ca.crt
	cat $document "$secret" >"$secret.yaml"
fi
# shellcheck disable=SC2086
kubeadm join --config "$secret.yaml" $arguments || give_up 1
mark done
