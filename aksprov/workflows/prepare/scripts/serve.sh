# serve.sh: serve this host's files of a bundle, for a time.  Needs listen (ADDRESS:PORT) and lifetime (seconds); the
# answering script comes on standard input.  All of it is below /run, so a restart of the host ends it, too.
umask 022
home=/run/aksprov-serve
units=/run/systemd/system
[ ! -f $home/end.sh ] || sh $home/end.sh
mkdir -p $home $units "$store" && cat >$home/answer.sh || exit 1

cat >$home/end.sh <<END
systemctl stop aksprov-serve.socket
systemctl stop 'aksprov-serve@*.service'
systemctl stop aksprov-serve-end.timer
rm -f $units/aksprov-serve.socket $units/aksprov-serve@.service
rm -rf $home
systemctl daemon-reload
systemctl reset-failed 'aksprov-serve*'
exit 0
END
cat >$units/aksprov-serve.socket <<END
[Unit]
Description=Files of an offline bundle, by their hashes, for other hosts of the site
[Socket]
ListenStream=$listen
Accept=yes
MaxConnections=64
END
# not as root: it only reads what may be read by anybody
cat >$units/aksprov-serve@.service <<END
[Unit]
Description=One file of an offline bundle
CollectMode=inactive-or-failed
[Service]
ExecStart=/bin/sh $home/answer.sh
StandardInput=socket
StandardOutput=socket
StandardError=null
User=nobody
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
BindReadOnlyPaths=$store:$home/files
RuntimeMaxSec=1800
MemoryMax=64M
END
mkdir -p $home/files
systemctl daemon-reload
{
	systemd-run --quiet --unit aksprov-serve-end --on-active="$lifetime" /bin/sh $home/end.sh &&
		systemctl start aksprov-serve.socket
} || {
	sh $home/end.sh 2>/dev/null
	exit 1
}
