# removes.sh: managed files that go get their original back, where there was one.

# under the lock: stage the original of the path $1
stage_original() {
	[ -e "$D/originals/files$1" ] || return 0
	new "$1"
	staged="$staged $n"
	out=$(cp -p "$D/originals/files$1" "$n" 2>&1) || fail stage StagingFailed "$out"
	sync "$n"
}

remove() {
	# what we never put there is not ours to remove: somebody wrote it into the manifest
	case $1 in $D/*) ;; *) [ -e "$D/originals/files$1" ] || [ -e "$D/originals/absent$1" ] || return 0 ;; esac
	new "$1"
	if [ -e "$n" ]; then
		mv -f "$n" "$1"
	else
		rm -f "$1"
	fi || fail "$reader" SwapFailed "$1 cannot be removed"
}

# a file that went is not ours any more: the next time its first version is another
forget_original() { rm -f "$D/originals/files$1" "$D/originals/absent$1"; }
