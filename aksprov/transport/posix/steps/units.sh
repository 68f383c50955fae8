# units.sh: reload or start a unit, and see that it lives and listens.

# the processes of the unit $1, on cgroup v2, the hybrid and the v1 layout
processes() {
	group=$(systemctl show -p ControlGroup "$1")
	group=${group#*=}
	cat "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs" 2>/dev/null
}

# whether process $1 has one of the sockets $inodes open
holds() {
	# shellcheck disable=SC2045
	for open in $(ls -l "/proc/$1/fd" 2>/dev/null); do
		case $open in socket:*) case " $inodes " in *" $open "*) return 0 ;; esac ;; esac
	done
	return 1
}

# whether a process of unit $1 that was not there before the reload listens on address $3 of /proc/net/$2.
# A reload that failed leaves the old processes and their sockets, and systemctl calls it a success.
listens() {
	inodes=
	while read -r _ address _ socket_state _ _ _ _ _ inode _; do
		[ "$address $socket_state" = "$3 0A" ] && inodes="$inodes socket:[$inode]"
	done <"/proc/net/$2"
	[ -n "$inodes" ] || return 1
	for process in $(processes "$1"); do
		case " $before " in *" $process "*) ;; *) holds "$process" && return 0 ;; esac
	done
	return 1
}

# wait up to 10 s until the unit $1 is active, else fail with the code $2: it may tell systemd of its reload after systemctl has returned
await_active() {
	left=50
	until now=$(systemctl is-active "$1"); do
		left=$((left - 1))
		case $left$now in [1-9]*reloading | [1-9]*activating) ;; *) fail "$1" "$2" "$1 is $now$nl$(journal "$1")" ;; esac
		sleep 0.2
	done
}

# wait up to 10 s until the unit $1 listens on all its addresses
await_listens() {
	for listen in $listens; do
		IFS="|"
		# shellcheck disable=SC2086
		set -- "$1" $listen
		unset IFS
		[ "$1" = "$2" ] || continue
		left=50
		until listens "$1" "$4" "$5"; do
			left=$((left - 1))
			[ "$left" -gt 0 ] || fail "$1" NotListening "$1 does not listen on $3 10 s after the reload$nl$(journal "$1")"
			sleep 0.2
		done
		text="$text, listens on $3"
	done
}

journal() { timeout 10 journalctl -q -u "$1" -n 7 -o cat --no-pager 2>/dev/null; }

# what must not change in the seconds after a reload, as one word
pulse() {
	# shellcheck disable=SC2046
	set -- $(systemctl show -p MainPID,NRestarts "$1")
	IFS=,
	echo "$*"
}

# remember how the unit $1 is now, before its file is renamed
hold() {
	active=$(systemctl is-active "$1")
	enabled=$(systemctl is-enabled "$1" 2>/dev/null)
	was_units="${was_units-}$1 $active ${enabled:-unknown}$nl"
	record "unit $1 $active ${enabled:-unknown}"
}

# see that the unit $1 is enabled, and reload it when it was active, else start it
bring() {
	before=" $(processes "$1" | tr "\n" " ") "
	[ "$enabled" = enabled ] || try 60 systemctl enable "$1" || fail "$1" ReloadFailed "$out"
	case $active in
	active | reloading)
		text="$text, reloaded"
		try 60 systemctl reload "$1"
		;;
	*)
		text="$text, started"
		systemctl reset-failed "$1" 2>/dev/null
		try 60 systemctl start "$1"
		;;
	esac || fail "$1" ReloadFailed "$out$nl$(journal "$1")"
	await_active "$1" ReloadFailed
	await_listens "$1"
	watch "$1"
}

# have settle look at the unit $1
watch() { touched="${touched-} $1|$(pulse "$1")"; }

# a unit that dies or starts anew within 3 s did not take its configuration
settle() {
	[ -n "${touched-}" ] || return 0
	sleep 3
	for word in $touched; do
		unit=${word%%|*}
		await_active "$unit" UnitUnstable
		[ "$(pulse "$unit")" = "${word#*|}" ] || fail "$unit" UnitUnstable "$unit died within 3 s$nl$(journal "$unit")"
	done
}

# set f to the staged file of reader $1, or to the one in force, $2
staged_or() {
	f=$2
	of "$1" "$files"
	for path in $list; do new "$path" && f=$n; done
}

need() { command -v "$1" >/dev/null || fail "$1" HostToolMissing "$1"; }
