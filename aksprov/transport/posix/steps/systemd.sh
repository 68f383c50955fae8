# systemd.sh: units and drop-ins are read anew; what runs goes on as it is.
apply_systemd() {
	record daemon
	try 60 systemctl daemon-reload || fail systemd ReloadFailed "$out"
	text="units read anew"
}
