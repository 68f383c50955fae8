# failover.sh: stop a unit for the length of a probe, and put it back.
# Standard input: "stop UNIT SECONDS" or "start UNIT".
# The timer that puts it back is set first: a controller that dies leaves no host without its unit.
read -r what unit seconds
timer=aksprov-failover-$unit
case $what in
stop)
	systemd-run --quiet --collect --unit="$timer" --on-active="${seconds}s" --timer-property=AccuracySec=100ms \
		systemctl start "$unit" && systemctl stop "$unit"
	;;
start)
	systemctl start "$unit"
	status=$?
	# one that has fired is not there any more
	systemctl stop "$timer.timer" 2>/dev/null
	exit "$status"
	;;
esac
