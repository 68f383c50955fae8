# keepalived.sh: keepalived -t also wants the interfaces and scripts that the file names.
need_keepalived() { need keepalived; }
check_keepalived() {
	staged_or keepalived /etc/keepalived/keepalived.conf
	# keepalived calls a file that is not there a good one
	[ -s "$f" ] || fail keepalived ConfigRefused "$f is not there"
	try 30 keepalived -t -f "$f" || fail keepalived ConfigRefused "$out"
	text=$(keepalived -v 2>&1 | head -n 1)
	text="checked with ${text%% (*}"
	hold keepalived
}
apply_keepalived() { bring keepalived; }
