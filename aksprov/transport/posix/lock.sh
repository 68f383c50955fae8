# lock.sh: one writer at a time on this host.
# The lock is a symlink, since making one is atomic on every file system; its text is
# PID:START:BOOT:EPOCH.  It is stale when the machine has booted since, or when that process is gone.
D=/var/lib/aksprov

# set V to the time (in ticks since boot) at which process $1 started, "" when it is gone
started() {
	V=
	[ -r "/proc/$1/stat" ] && read -r V <"/proc/$1/stat"
	# the name, in round brackets, may have blanks; the start time is the 20th word after it
	# shellcheck disable=SC2086
	set -- ${V##*) }
	V=${20-}
}

# set me to the word for this process
name_self() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r pid _ </proc/self/stat
	started "$pid"
	me=$pid:$V:$boot
}

# whether the process of a word "PID:START:BOOT..." is gone
stale() {
	IFS=:
	# shellcheck disable=SC2086
	set -- $1
	unset IFS
	[ "${3-}" = "$boot" ] || return 0
	started "$1"
	[ "$V" != "$2" ]
}

# take the lock within $1 seconds; else held says who has it, "" when it cannot be made, and out why
take_lock() {
	patience=$1 refusals=0
	until out=$(ln -s "$me:$epoch" $D/lock 2>&1); do
		held=$(readlink $D/lock)
		if [ -z "$held" ]; then
			# given back meanwhile, or the disk is full or read-only
			refusals=$((refusals + 1))
			[ "$refusals" -lt 5 ] || return 1
			continue
		fi
		if stale "$held"; then
			# two that find it stale must not both remove it: only who has lock.break may
			if ln -s "$me" $D/lock.break 2>/dev/null; then
				[ "$(readlink $D/lock)" = "$held" ] && rm -f $D/lock
				rm -f $D/lock.break
				continue
			fi
			stale "$(readlink $D/lock.break)" && rm -f $D/lock.break
		fi
		[ "$patience" -gt 0 ] || return 1
		patience=$((patience - 1))
		sleep 1
	done
	locked=yes
}
