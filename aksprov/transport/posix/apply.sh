# apply.sh: stage what comes on stdin, swap it in, reload its readers; or put everything back.
#
# stdin: the header, a line with a dot, then a ustar stream of the staged files.  Header lines:
#   run STATE EPOCH MARK COMMIT           whose manifest, which run, the name of its staged files,
#                                         and the sha256 of the manifest that ends the swap
#   file READER MODE OWNER SHA256 PATH    a file of the stream; reader "manifest" comes last of all
#   remove READER PATH
#   step READER                           check and reload
#   listen UNIT ADDRESS:PORT TABLE HEX    as /proc/net/TABLE writes the address
# Answer: lines "STEP RESULT CODE", each followed by its text in lines that begin with a tab.
# From the first rename to the manifest nothing is printed, and HUP and PIPE are ignored.
set -f
newline=$(printf "\nx")
newline=${newline%x}
files="" removes="" steps="" listens="" kind="" report="" made="" swapping="" touched="" parts="" was_units="" was_sysctls=""
READERS="named modules sysctl systemd containerd haproxy keepalived kubeadm data"
# how long another run may take to finish its swap
LOCK_SECONDS=30
# a unit that dies this long after a reload counts as failed
SETTLE_SECONDS=3

while read -r kind a b c d e; do
	case $kind in
	run) state=$a epoch=$b mark=$c commit=$d ;;
	file) files="$files $a|$b|$c|$d|$e" ;;
	remove) removes="$removes $a|$b" ;;
	step) steps="$steps $a" ;;
	listen) listens="$listens $a|$b|$c|$d" ;;
	.) break ;;
	esac
done

# set n to the name under which a file is staged; readers of folders ignore such names
new() { n=${1%/*}/.${1##*/}.aksprov-$mark; }

# call $1 with READER MODE OWNER SHA256 PATH for each file of the reader $2 ("all": of every one)
each() {
	each_do=$1 each_of=$2
	for each_file in $files; do
		IFS="|"
		# shellcheck disable=SC2086
		set -- $each_file
		unset IFS
		case $each_of in "$1" | all) $each_do "$@" || return ;; esac
	done
}

# call $1 with the path of each file of the reader $2 that goes
each_removed() {
	each_do=$1 each_of=$2
	for each_file in $removes; do
		case $each_of in "${each_file%%|*}" | all) $each_do "${each_file#*|}" || return ;; esac
	done
}

# run a program for at most $1 seconds; out gets the end of what it says
try() {
	limit=$1
	shift
	out=$({
		timeout -k 5 "$limit" "$@" 2>&1 </dev/null
		echo "=$?"
	} | tail -c 2000)
	status=${out##*=}
	out=${out%=*}
	[ "$status" != 124 ] || out="$out${newline}no end after $limit s"
	return "$status"
}

# STEP RESULT CODE TEXT
say() {
	report="$report$1 $2 $3$newline$(printf "%s\n" "$4" | tail -n 8 | while IFS= read -r said; do printf "\t%s\n" "$said"; done)$newline"
}

# STEP CODE TEXT: put everything back and end
fail() {
	report=
	say "$1" failed "$2" "$3"
	if [ -n "$swapping" ]; then
		put_back
		[ -z "$broken" ] || say back failed HostLeftHalf "$broken"
	elif [ -n "$locked" ]; then
		abandon
	fi
	drop_staged
	# shellcheck disable=SC2086
	[ -z "$made" ] || rmdir $made 2>/dev/null
	drop_lock
	printf "%s" "$report"
	exit 1
}

drop_staged() {
	# shellcheck disable=SC2086
	rm -f $staged $D/stage-$mark
}

# ---- staging, without the lock ----

staged_name() { new "$5" && printf "%s\n" "$n"; }
staged_sum() { new "$5" && printf "%s  %s\n" "$4" "$n"; }
staged_look() { new "$5" && printf "%s %s %s\n" "$2" "$3" "$n"; }
bad_sums() { printf "%s\n" "$sums" | while read -r line; do case $line in *": OK") ;; *) echo "$line" ;; esac done; }
staged_wrong() {
	new "$5"
	looks=$(stat -c "%a %U:%G" "$n" 2>&1)
	[ "$looks" = "$2 $3" ] || printf "%s would be %s instead of %s\n" "$5" "$looks" "$2 $3"
}

# make the folders above the file $5
make_folder() {
	folder=${5%/*} todo=
	until [ -d "$folder/" ]; do
		[ ! -e "$folder" ] && [ ! -L "$folder" ] || fail stage TargetRefused "$folder is in the way: it is no folder"
		todo="$folder $todo" folder=${folder%/*}
	done
	for folder in $todo; do
		out=$(mkdir "$folder" 2>&1) || fail stage StagingFailed "$out"
		made="$folder $made"
	done
}

# what staging runs left that were killed
sweep() {
	set +f
	for list in $D/stage-*; do
		[ -f "$list" ] || continue
		read -r who <"$list"
		stale "$who" || continue
		while read -r path; do case $path in /*) rm -f "$path" ;; esac done <"$list"
		rm -f "$list"
	done
	set -f
}

stage() {
	[ "$kind" = . ] || fail stage StreamCut "the header ended early"
	[ -d $D ] || out=$(mkdir -p -m 700 $D 2>&1) && out=$(mkdir -p $D/originals 2>&1) || fail stage StagingFailed "$out"
	staged=$(each staged_name all)
	name_self
	sweep
	printf "%s\n" "$me" "$staged" >$D/stage-$mark || fail stage StagingFailed "cannot write to $D"
	each make_folder all
	out=$(tar -x -p -m -f - -C / 2>&1) || fail stage StagingFailed "$out"
	sums=$(each staged_sum all | sha256sum -c 2>/dev/null) || fail stage StreamCut "$(bad_sums)$out"
	# shellcheck disable=SC2086
	[ "$(each staged_look all)" = "$(stat -c "%a %U:%G %n" $staged 2>&1)" ] || fail stage OwnerRefused "$(each staged_wrong all)"
	# shellcheck disable=SC2086
	sync $staged
}

# ---- under the lock, before the first rename ----

check_owner() {
	was=
	[ ! -f $D/manifest.json ] || was=$(cat $D/manifest.json)
	case $was in
	*\"state_id\"*)
		was=${was#*\"state_id\"}
		was=${was#*\"}
		[ "${was%%\"*}" = "$state" ] || fail lock HostOwnedByOtherState "the manifest there is of state ${was%%\"*}"
		;;
	esac
	# epochs are counted by one state: those of another say nothing
	seen=0 seen_state=
	[ ! -f $D/epoch ] || read -r seen seen_state <$D/epoch
	[ "$seen_state" = "$state" ] || seen=0
	[ "$seen" -le "$epoch" ] || fail lock HostEpochRefused "the host has seen epoch $seen, this is $epoch"
	[ "$seen" -lt "$epoch" ] || return 0
	printf "%s %s\n" "$epoch" "$state" >$D/epoch.new && sync $D/epoch.new && mv -f $D/epoch.new $D/epoch && sync $D ||
		fail lock StagingFailed "cannot write $D/epoch"
}

# why the path $1 cannot be replaced by a rename
refuse() {
	why=
	if [ -L "$1" ]; then
		why="a symbolic link to $(readlink "$1")"
	elif [ -d "$1" ]; then
		why="a folder"
	elif [ -e "$1" ] && [ ! -f "$1" ]; then
		why="no regular file"
	else
		case $mounts in *" $1 "*) why="a mount point" ;; esac
	fi
	[ -z "$why" ] || fail stage TargetRefused "$1 is $why"
}

# keep the first version of the path $1, or that there was none, for the day when we leave
keep_original() {
	case $1 in $D/*) return ;; esac
	[ ! -e "$D/originals/files$1" ] && [ ! -e "$D/originals/absent$1" ] || return 0
	log "kept $1"
	if [ -e "$1" ]; then
		part=$D/originals/files$1.part
		out=$(mkdir -p "${part%/*}" 2>&1 && cp -p "$1" "$part" 2>&1) || fail stage StagingFailed "$out"
	else
		part=$D/originals/absent$1
		[ -d "${part%/*}" ] || mkdir -p "${part%/*}"
		: >"$part" || fail stage StagingFailed "cannot write to $D"
	fi
	parts="$parts $part"
}

# keep the file that is there now, for the case that this swap is put back
keep_old() {
	if [ -e "$1" ]; then
		old "$1"
		log "had $1"
		out=$(ln -f "$1" "$o" 2>&1) || fail stage TargetRefused "$1 cannot be replaced: ${out##*: }"
	else
		log "new $1"
	fi
}

log() { printf "%s\n" "$1" >>$D/swap.log.new || fail stage StagingFailed "cannot write to $D"; }

# a file that goes gets its original back, where there was one
stage_original() {
	[ -e "$D/originals/files$1" ] || return 0
	new "$1"
	staged="$staged $n"
	out=$(cp -p "$D/originals/files$1" "$n" 2>&1) || fail stage StagingFailed "$out"
}

prepare() {
	mounts=" "
	while read -r _ _ _ _ point _; do mounts="$mounts$point "; done </proc/self/mountinfo
	# shellcheck disable=SC2046
	set -- $(each final_name all) $(each_removed echo all)
	for path in "$@"; do refuse "$path"; done
	log "commit $commit"
	for path in "$@"; do keep_original "$path"; done
	# shellcheck disable=SC2086
	[ -z "$parts" ] || sync $parts
	for part in $parts; do case $part in *.part) mv -f "$part" "${part%.part}" || fail stage StagingFailed "$part" ;; esac done
	each_removed stage_original all
	for path in "$@"; do [ "$path" = $D/manifest.json ] || keep_old "$path"; done
	sync $D/swap.log.new
	trap "" HUP PIPE
	mv -f $D/swap.log.new $D/swap.log || fail stage StagingFailed "cannot write to $D"
	swapping=yes
	sync_folders
}
final_name() { printf "%s\n" "$5"; }

# ---- the swap ----

swap() {
	new "$5"
	out=$(mv -f "$n" "$5" 2>&1) || fail "$1" SwapFailed "$out"
}

remove() {
	new "$1"
	if [ -e "$n" ]; then
		mv -f "$n" "$1"
	else
		rm -f "$1"
	fi || fail "$reader" SwapFailed "$1 cannot be removed"
}

# call a function of steps/READER.sh that may not be there
call() {
	case " $steps " in *" $reader "*) ;; *) return 0 ;; esac
	! command -v "$1" >/dev/null 2>&1 || "$1"
}

swap_all() {
	for reader in $READERS; do
		text=
		call "check_$reader"
		each swap "$reader"
		each_removed remove "$reader"
		call "apply_$reader"
		case " $steps " in *" $reader "*) say "$reader" done - "$text" ;; esac
	done
}

# a file that went is not ours any more: the next time its first version is another
forget_original() { rm -f "$D/originals/files$1" "$D/originals/absent$1"; }

# add the lines of $2 to the list $1 of first states, unless a line for the same thing is there
first_states() {
	known=$newline$(cat "$D/originals/$1" 2>/dev/null)$newline
	printf "%s" "$2" | while read -r name value; do
		case $known in *"$newline$name "*) ;; *) printf "%s %s\n" "$name" "$value" ;; esac
	done >>"$D/originals/$1"
}

commit() {
	[ -z "$was_units" ] || first_states units "$was_units"
	[ -z "$was_sysctls" ] || first_states sysctls "$was_sysctls"
	sync_folders
	each swap manifest
	sync $D
	clear_old
	each_removed forget_original all
	drop_staged
	drop_lock
	printf "%s" "$report"
}

for reader in $READERS; do call "need_$reader"; done
stage
take_lock $LOCK_SECONDS || fail lock HostLocked "$held"
abandon
[ ! -e $D/swap.log ] || repair
check_owner
prepare
swap_all
! command -v settle >/dev/null 2>&1 || settle
commit
exit 0
