# upload.sh: the control plane's certificates, encrypted, for further control planes.  Needs address.
# Standard input: the line with the certificate key, which goes into a copy of the cluster's own document.
umask 077
# by the process, so that the next look at the host takes it away where this one was killed
copy=/run/aksprov/$$
mkdir -p "$copy" && trap 'rm -rf "$copy"' EXIT || exit 1
cat >"$copy/key"
sed "/^kind: InitConfiguration/r $copy/key" /etc/kubernetes/aksprov/kubeadm-init.yaml >"$copy/init.yaml"
sed "s#server: https://.*#server: https://$address:6443#" /etc/kubernetes/admin.conf >"$copy/admin.conf"
no_proxy='*' NO_PROXY='*' kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print \
	--config "$copy/init.yaml" --kubeconfig "$copy/admin.conf"
