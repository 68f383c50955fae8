# kubeadm.sh: a copy with a throw-away token is checked where kubeadm can (1.26 and newer).
check_kubeadm() {
	command -v kubeadm >/dev/null 2>&1 || {
		text="not checked: kubeadm is not installed"
		return 0
	}
	# older ones answer with the help of "kubeadm config", and with success
	try 30 kubeadm config validate --help
	case $out in
	*"kubeadm config validate"*) ;;
	*)
		text="not checked: this kubeadm cannot validate"
		return 0
		;;
	esac
	of kubeadm "$files"
	for path in $list; do validate "$path"; done
}
validate() {
	new "$1"
	copy=/run/aksprov/$pid
	mkdir -p /run/aksprov && chmod 700 /run/aksprov && mkdir -p "$copy"
	document=$(cat "$n")
	case $document in
	*"bootstrapToken:"*) document="$document$nl    token: abcdef.0123456789abcdef$nl    unsafeSkipCAVerification: true" ;;
	esac
	(umask 077 && printf "%s\n" "$document" >"$copy/kubeadm.yaml")
	try 30 kubeadm config validate --config "$copy/kubeadm.yaml"
	status=$?
	rm -rf "$copy"
	[ "$status" = 0 ] || fail kubeadm ConfigRefused "$out"
	text="checked with kubeadm"
}
