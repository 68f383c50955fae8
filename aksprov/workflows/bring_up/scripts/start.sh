# start.sh: begin a long step, or find the one that was begun.
# Standard input: a line "UNIT STATE EPOCH LINES SECRETS", the script in LINES lines, the secret text that the script finds in
# the file $secret in SECRETS lines, then a line "end": what was cut off on its way is not begun.  A unit of the same name is left to run, its result to be read; another step is waited for by whoever asks.
umask 077
D=/var/lib/aksprov
read -r unit state epoch lines secrets
mkdir -p /run/aksprov $D && cd /run/aksprov || exit 1
# what a killed run sent may still be on its way here
exec 9<. && flock -w 30 9 || exit 1

seen=0
for file in $D/epoch /run/aksprov.epoch; do
	[ ! -f "$file" ] || while read -r number of_state; do
		[ "$of_state" != "$state" ] || [ "$number" -le "$seen" ] || seen=$number
	done <"$file"
done
if [ "$seen" -gt "$epoch" ]; then
	echo "fenced $seen"
	exit 0
fi
if [ "$seen" -lt "$epoch" ]; then
	echo "$epoch $state" >$D/epoch.new && sync $D/epoch.new && mv -f $D/epoch.new $D/epoch || exit 1
fi

if [ "$(systemctl show -p LoadState --value "$unit")" != not-found ]; then
	echo there
	exit 0
fi
for other in $(systemctl list-units --plain --no-legend 'aksprov-step-*' | cut -d' ' -f1); do
	if [ "$(systemctl show -p SubState --value "$other")" = running ]; then
		echo "busy $other"
		exit 0
	fi
	systemctl stop "$other"
	systemctl reset-failed "$other" 2>/dev/null
done
# secrets, too, of a step whose end nobody saw
rm -f aksprov-step-*

# copy $1 lines
copy() {
	left=$1
	while [ "$left" -gt 0 ]; do
		IFS= read -r line || return 1
		printf '%s\n' "$line"
		left=$((left - 1))
	done
}

{
	echo "secret=/run/aksprov/$unit.secret"
	echo 'trap '\''rm -f "$secret" "$secret".*'\'' EXIT'
	echo '('
	copy "$lines" && echo ')'
} >"$unit.sh" && copy "$secrets" >"$unit.secret" && read -r end && [ "$end" = end ] || {
	rm -f "$unit.sh" "$unit.secret"
	exit 1
}
: >"$unit.log"
said=$(systemd-run --quiet --unit "$unit" --property RemainAfterExit=yes \
	--property "StandardOutput=append:/run/aksprov/$unit.log" --property "StandardError=append:/run/aksprov/$unit.log" \
	--setenv HOME=/root --setenv LC_ALL=C.UTF-8 \
	--setenv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/bin/sh "/run/aksprov/$unit.sh" 2>&1) && echo started || {
	echo "$said" >&2
	exit 1
}
