# wait.sh: wait a moment for the end of a long step; say how it ended and what it said, and forget it.
# Standard input: the unit's name.  The first line of the answer is "running", or SUBSTATE STATUS.
read -r unit
n=0
while how=$(systemctl show -p SubState --value "$unit") && [ "$n" -lt 40 ]; do
	case $how in running | start*) ;; *) break ;; esac
	n=$((n + 1))
	sleep 0.5
done
case $how in
running | start*)
	echo running
	exit 0
	;;
esac
echo "$how $(systemctl show -p ExecMainStatus --value "$unit")"
tail -n 40 "/run/aksprov/$unit.log" 2>/dev/null
systemctl stop "$unit" 2>/dev/null
systemctl reset-failed "$unit" 2>/dev/null
rm -f "/run/aksprov/$unit.sh" "/run/aksprov/$unit.secret" "/run/aksprov/$unit.log"
