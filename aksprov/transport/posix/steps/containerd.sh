# containerd.sh: checked where it is installed, restarted where it runs.
check_containerd() {
	text="not checked: containerd is not installed"
	command -v containerd >/dev/null || return 0
	staged_or containerd /etc/containerd/config.toml
	try 30 containerd -c "$f" config dump || fail containerd ConfigRefused "$out"
	text=$(containerd --version 2>/dev/null | head -n 1)
	text="checked with ${text% *}"
	hold containerd
}
apply_containerd() {
	[ "${active-}" = active ] || return 0
	try 90 systemctl restart containerd || fail containerd ReloadFailed "$out$nl$(journal containerd)"
	text="$text, restarted"
	watch containerd
}
