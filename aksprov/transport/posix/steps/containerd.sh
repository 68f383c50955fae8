# containerd.sh: checked where it is installed, restarted where it runs.
check_containerd() {
	command -v containerd >/dev/null 2>&1 || return 0
	staged_or containerd /etc/containerd/config.toml
	try 30 containerd -c "$f" config dump || fail containerd ConfigRefused "$out"
	text="checked with containerd"
}
apply_containerd() {
	command -v containerd >/dev/null 2>&1 || {
		text="not checked: containerd is not installed"
		return 0
	}
	active=$(systemctl is-active containerd)
	[ "$active" = active ] || return 0
	record "unit containerd active unknown"
	try 90 systemctl restart containerd || fail containerd ReloadFailed "$out$newline$(journal containerd)"
	text="$text, restarted"
	touched="$touched containerd"
	pulse_containerd=$(pulse containerd)
}
