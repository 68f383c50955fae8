# haproxy.sh: haproxy -c says what is wrong; an [ALERT] counts also where its exit status does not.
need_haproxy() { need haproxy; }
check_haproxy() {
	staged_or haproxy /etc/haproxy/haproxy.cfg
	try 30 haproxy -c -f "$f" || fail haproxy ConfigRefused "$out"
	case $out in *"[ALERT]"*) fail haproxy ConfigRefused "$out" ;; esac
	text=$(haproxy -v 2>&1 | head -n 1)
	text="checked with ${text%%-*}"
	hold haproxy
}
apply_haproxy() { bring haproxy; }
