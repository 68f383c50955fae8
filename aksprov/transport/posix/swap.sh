# swap.sh: the record of a swap, from which it is put back or finished, also after a power cut.
# swap.log is written and synced before what it tells of is done:
#   commit SHA256       of the manifest that ends this swap
#   kept PATH           its first version went to originals
#   had PATH            the old file is kept beside it
#   new PATH            there was no file
#   sysctl PATH VALUE   the old value, below /proc/sys
#   link NAME           networkd read an interface's file anew
#   daemon              systemd read its units anew
#   unit NAME ACTIVE ENABLED
# While it is still called swap.log.new nothing has been renamed.

# set o to the name under which the old file is kept; readers of folders ignore such names
old() { o=${1%/*}/.${1##*/}.aksprov-old; }

# sync the folders of the swap's files, and our own
sync_folders() {
	folders=$D/
	while read -r kind path _; do
		case $kind in had | new) case " $folders " in *" ${path%/*}/ "*) ;; *) folders="$folders ${path%/*}/" ;; esac ;; esac
	done <$D/swap.log
	# shellcheck disable=SC2086
	sync $folders
}

# set odd to the first line of swap.log that we cannot have written; a last line without its end was never acted upon
check_log() {
	odd="" count=0
	while [ -z "$odd" ] && read -r kind path _; do
		count=$((count + 1))
		case $count:$kind:$path in
		1:commit:?*) ;;
		1:*) odd="line 1: $kind $path" ;;
		*:had:/* | *:new:/* | *:kept:/* | *:sysctl:?* | *:unit:?* | *:link:?* | *:daemon:) ;;
		*) odd="line $count: $kind $path" ;;
		esac
	done <"$D/swap.log"
	[ "$count" -gt 0 ] || odd="no whole line is there"
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
	broken=
	while read -r kind path _; do
		old "$path"
		case $kind in
		had) restore ;;
		new) rm -f "$path" ;;
		kept) rm -f "$D/originals/files$path" "$D/originals/absent$path" ;;
		esac || broken="$broken $path"
	done <$D/swap.log
	sync_folders
	! command -v undo_steps >/dev/null || undo_steps
	[ -n "$broken" ] || rm -f $D/swap.log
}

# the swap never began: nothing of its preparation stays
abandon() {
	[ -e $D/swap.log.new ] || return 0
	while read -r kind path _; do
		old "$path"
		case $kind in
		had) rm -f "$o" ;;
		kept) rm -f "$D/originals/files$path" "$D/originals/absent$path" "$D/originals/files$path.part" ;;
		esac
	done <$D/swap.log.new
	rm -f $D/swap.log.new
}

# what staging runs left that were killed: their lists have files, and folders with a slash at the end
sweep() {
	set +f
	for log in "$D"/stage-*; do
		[ -f "$log" ] || continue
		read -r who <"$log"
		stale "$who" || continue
		folders=
		while read -r path; do
			case $path in
			/*/) folders="$path $folders" ;;
			/*) rm -f "$path" ;;
			esac
		done <"$log"
		# shellcheck disable=SC2086
		[ -z "$folders" ] || rmdir $folders 2>/dev/null
		rm -f "$log"
	done
	set -f
}

# the manifest is in place: what was kept for putting back is not needed any more
clear_old() {
	olds=
	while read -r kind path _; do
		old "$path"
		[ "$kind" != had ] || olds="$olds $o"
	done <$D/swap.log
	# in this order: swap.log goes when nothing is left that it tells of
	# shellcheck disable=SC2086
	rm -f $olds $D/swap.log
}
