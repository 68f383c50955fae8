# swap.sh: the record of a swap, from which it is put back or finished, also after a power cut.
# swap.log is written and synced before what it tells of is done:
#   commit SHA256       of the manifest that ends this swap
#   kept PATH           its first version went to originals
#   had PATH            the old file is kept beside it
#   new PATH            there was no file
#   sysctl PATH VALUE   the old value, below /proc/sys
#   daemon              units were read anew
#   unit NAME ACTIVE ENABLED

# While it is still called swap.log.new nothing has been renamed.

# set o to the name under which the old file is kept; readers of folders ignore such names
old() { o=${1%/*}/.${1##*/}.aksprov-old; }

record() {
	printf "%s\n" "$1" >>$D/swap.log && sync $D/swap.log
}

# sync the folders of the swap's files, and our own
sync_folders() {
	folders=$D
	while read -r kind path _; do
		case $kind in had | new) case " $folders " in *" ${path%/*}/ "*) ;; *) folders="$folders ${path%/*}/" ;; esac ;; esac
	done <$D/swap.log
	# shellcheck disable=SC2086
	sync $folders
}

# bring the old file from $o to $path; before its rename both are one file, which mv refuses
restore() {
	[ -e "$o" ] || return 0
	if [ "$(stat -c %d:%i "$o")" = "$(stat -c %d:%i "$path" 2>/dev/null)" ]; then
		rm -f "$o"
	else
		mv -f "$o" "$path"
	fi
}

# put everything back as swap.log tells; broken says what could not be
put_back() {
	broken= units=
	while read -r kind path value; do
		case $kind in
		had)
			old "$path"
			restore || broken="$broken $path"
			;;
		new) rm -f "$path" || broken="$broken $path" ;;
		kept) rm -f "$D/originals/files$path" "$D/originals/absent$path" ;;
		sysctl) printf "%s\n" "$value" >"/proc/sys/$path" || broken="$broken $path" ;;
		daemon) timeout 60 systemctl daemon-reload || broken="$broken systemd" ;;
		unit) units="$units $path|${value% *}|${value#* }" ;;
		esac
	done <$D/swap.log 2>/dev/null
	sync_folders
	for record in $units; do
		IFS="|"
		# shellcheck disable=SC2086
		set -- $record
		unset IFS
		systemctl reset-failed "$1" 2>/dev/null
		case $2 in
		active | reloading | activating) timeout -k 5 60 systemctl reload-or-restart "$1" ;;
		*) timeout -k 5 60 systemctl stop "$1" ;;
		esac >/dev/null 2>&1 </dev/null || broken="$broken $1"
		case $3 in disabled) timeout 60 systemctl disable "$1" >/dev/null 2>&1 </dev/null ;; esac
	done
	[ -n "$broken" ] || rm -f $D/swap.log
}

# the manifest is in place: what was kept for putting back is not needed any more
clear_old() {
	while read -r kind path _; do
		case $kind in had) old "$path" && rm -f "$o" ;; esac
	done <$D/swap.log
	rm -f $D/swap.log
}

# the swap never began: nothing of its preparation stays
abandon() {
	[ -e $D/swap.log.new ] || return 0
	while read -r kind path _; do
		case $kind in
		had) old "$path" && rm -f "$o" ;;
		kept) rm -f "$D/originals/files$path" "$D/originals/absent$path" "$D/originals/files$path.part" ;;
		esac
	done <$D/swap.log.new
	rm -f $D/swap.log.new
}

# finish or put back the swap that a killed process or a power cut left; done_how says which
repair() {
	read -r _ commit_was _ <$D/swap.log || commit_was=
	set -- "$(sha256sum $D/manifest.json 2>/dev/null)"
	if [ "${1%% *}" = "$commit_was" ]; then
		clear_old
		done_how="finished"
	else
		put_back
		done_how="put back"
	fi
}
