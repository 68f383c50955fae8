# wait.sh: wait a moment for the end of a long step; say how it ended and what it said, and forget it.
# Standard input: the unit's name.  The first line of the answer is "running", or SUBSTATE STATUS.
read -r unit
n=0
# a systemd that is busy may not answer: that says nothing of the unit
while how=$(systemctl show -p SubState --value "$unit" 2>/dev/null) || how=unknown; do
	case $how in running | start* | unknown | "") ;; *) break ;; esac
	n=$((n + 1))
	if [ "$n" -ge 40 ]; then
		echo running
		exit 0
	fi
	sleep 0.5
done
echo "$how $(systemctl show -p ExecMainStatus --value "$unit")"
tail -n 40 "/run/aksprov/$unit.log" 2>/dev/null
systemctl stop "$unit" 2>/dev/null
systemctl reset-failed "$unit" 2>/dev/null
rm -f "/run/aksprov/$unit.sh" "/run/aksprov/$unit.secret" "/run/aksprov/$unit.log"
