# apply.sh: stage what comes on stdin, swap it in, reload its readers; or put everything back.
#
# stdin: the header, a line with a dot, then a ustar stream of the staged files.  Header lines:
#   run STATE EPOCH MARK BUNDLE           whose manifest, which run, the name of its staged files,
#                                         and the digest that the manifest gives for them all
#   file READER MODE OWNER SHA256 PATH CLUSTER     a file of the stream
#   managed MODE SHA256 PATH CLUSTER               a file of the manifest that is right already
#   remove READER PATH
#   step READER                           check and reload
#   listen UNIT ADDRESS:PORT TABLE HEX    as /proc/net/TABLE writes the address
#   leave CLUSTER [VIP...]                a removal (leave.sh)
# Answer: lines "STEP RESULT CODE", each followed by its text in lines that begin with a tab.
# From the first rename to the manifest nothing is printed, and HUP and PIPE are ignored.
set -f
nl="
"
files="" paths="" staged="" sums="" looks="" items="" removes="" removed="" steps="" listens="" report="" made="" parts=""
locked="" swapping=""

# set n to the name under which a file is staged; readers of folders ignore such names
new() { n=${1%/*}/.${1##*/}.aksprov-$mark; }

# PATH SHA256 MODE CLUSTER: an entry of the manifest
item() { items="$items${items:+,}{\"path\":\"$1\",\"sha256\":\"$2\",\"mode\":\"$3\",\"cluster\":\"$4\"}"; }

while read -r kind a b c d e f; do
	case $kind in
	run) state=$a epoch=$b mark=$c bundle=$d ;;
	file)
		new "$e"
		item "$e" "$d" "$b" "$f"
		files="$files $a|$e" paths="$paths $e" staged="$staged $n"
		sums="$sums$d  $n$nl" looks="$looks${b#0} $c $n$nl"
		;;
	managed) item "$c" "$b" "$a" "$d" ;;
	remove) removes="$removes $a|$b" removed="$removed $b" ;;
	step) steps="$steps $a" ;;
	listen) listens="$listens $a|$b|$c|$d" ;;
	leave) leaving=$a vips="$b $c $d $e $f" ;;
	.) break ;;
	esac
done

# set list to the paths of reader $1 among the records $2
of() {
	list=
	for word in $2; do case $word in "$1|"*) list="$list ${word#*|}" ;; esac done
}

# STEP RESULT CODE TEXT
say() {
	report="$report$1 $2 $3$nl"
	[ -z "$4" ] || report="$report$(printf "%s\n" "$4" | tail -n 8 | while IFS= read -r said; do printf "\t%s\n" "$said"; done)$nl"
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
	# shellcheck disable=SC2086
	rm -f $staged
	# shellcheck disable=SC2086
	[ -z "$made" ] || rmdir $made 2>/dev/null
	leave 1
}

# TEXT: each of these puts everything back and ends
bad() { fail stage StagingFailed "$1"; }
refuse() { fail stage TargetRefused "$1"; }
cut() { fail stage StreamCut "$1"; }
no_room() { bad "cannot write to $D"; }

leave() {
	# the lock goes last
	# shellcheck disable=SC2086
	rm -f $staged $D/stage-$mark ${locked:+$D/lock}
	printf "%s" "$report"
	exit "$1"
}

# ---- staging, without the lock ----

# make the folders above the path $1
make_folder() {
	folder=${1%/*} todo=
	until [ -d "$folder/" ]; do
		[ ! -e "$folder" ] && [ ! -L "$folder" ] || refuse "$folder is in the way: it is no folder"
		todo="$folder $todo" folder=${folder%/*}
	done
	for folder in $todo; do
		echo "$folder/" >>"$D/stage-$mark"
		out=$(mkdir "$folder" 2>&1) || bad "$out"
		made="$folder $made"
	done
}

# the lines of $1 that $2 does not have
differing() { printf "%s\n" "$1" | while read -r word; do case $nl$2$nl in *"$nl$word$nl"*) ;; *) echo "$word" ;; esac done; }

# shellcheck disable=SC2086
stage() {
	[ "$kind" = . ] || cut "the header ended early"
	[ -w /etc ] || [ "$(id -u)" = 0 ] || fail stage HostNotRoot "the user $(id -un) may not write to /etc"
	# shellcheck disable=SC2174 # the mode is for our own folder
	[ -d $D ] || out=$(mkdir -p -m 700 $D 2>&1) || bad "$out"
	sweep
	echo "$me" >$D/stage-$mark || no_room
	for path in $paths $removed $D/manifest.json; do new "$path" && echo "$n"; done >>$D/stage-$mark
	manifest=$n
	for path in $paths; do make_folder "$path"; done
	out=$(tar -x -p -m -f - -C / 2>&1) || case $out in
	*"Unexpected EOF"* | *"not look like a tar"* | *"short read"*) cut "$out" ;;
	*) bad "$out" ;;
	esac
	[ -n "$staged" ] || return 0
	out=$(printf "%s" "$sums" | sha256sum -c 2>/dev/null) || cut "$out"
	out=$(stat -c "%a %U:%G %n" $staged)
	[ "$out$nl" = "$looks" ] || fail stage OwnerRefused "wanted $(differing "$looks" "$out"), got $(differing "$out" "$looks")"
	sync $staged
}

# ---- under the lock, before the first rename ----

check_state() {
	was=
	[ ! -f $D/manifest.json ] || was=$(cat $D/manifest.json)
	case $was in
	*\"state_id\"*)
		was=${was#*\"state_id\"}
		was=${was#*\"}
		[ "${was%%\"*}" = "$state" ] || fail lock HostOwnedByOtherState "the manifest there is of state ${was%%\"*}"
		;;
	esac
	# epochs are counted by one state: those of another say nothing; a removal leaves its own until the next boot
	seen=0
	for file in $D/epoch /run/aksprov.epoch; do
		[ ! -f "$file" ] || while read -r number of_state; do
			[ "$of_state" != "$state" ] || [ "$number" -le "$seen" ] || seen=$number
		done <"$file"
	done
	[ "$seen" -le "$epoch" ] || fail lock HostEpochRefused "the host has seen epoch $seen, this is $epoch"
	[ "$seen" -lt "$epoch" ] || return 0
	if ! { echo "$epoch $state" >$D/epoch.new && sync $D/epoch.new && mv -f $D/epoch.new $D/epoch && sync $D/; }; then
		fail lock StagingFailed "cannot write $D/epoch"
	fi
}

# the path $1 must be nothing or a file that a rename can replace
check_target() {
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
	[ -z "$why" ] || refuse "$1 is $why"
}

log() { printf "%s\n" "$1" >>$D/swap.log.new || no_room; }

# keep the first version of the path $1, or that there was none, for the day when we leave
keep_original() {
	case $1 in $D/*) return ;; esac
	[ ! -e "$D/originals/files$1" ] && [ ! -e "$D/originals/absent$1" ] || return 0
	log "kept $1"
	part=$D/originals/absent$1
	[ ! -e "$1" ] || part=$D/originals/files$1.part
	[ -d "${part%/*}" ] || mkdir -p "${part%/*}" || no_room
	# true, as a redirection that fails would end the shell of a special builtin such as the colon
	if [ -e "$1" ]; then cp -p "$1" "$part"; else true >"$part"; fi || no_room
	parts="$parts $part"
}

# keep the file that is there now, for the case that this swap is put back
keep_old() {
	if [ -e "$1" ]; then
		old "$1"
		log "had $1"
		out=$(ln -f "$1" "$o" 2>&1) || refuse "$1 cannot be replaced: ${out##*: }"
	else
		log "new $1"
	fi
}

# shellcheck disable=SC2086
prepare() {
	mounts=" "
	while read -r _ _ _ _ point _; do mounts="$mounts$point "; done </proc/self/mountinfo
	for path in $paths $removed; do check_target "$path"; done
	staged="$staged $manifest"
	out="{\"schema\":1,\"state_id\":\"$state\",\"epoch\":$epoch,\"bundle\":\"$bundle\",\"files\":[$items]}"
	printf "%s" "$out" >"$manifest" || no_room
	commit=$(sha256sum "$manifest")
	log "commit ${commit%% *}"
	for path in $paths; do keep_original "$path"; done
	if [ -n "$made" ]; then
		mkdir -p $D/originals
		# shellcheck disable=SC2086
		printf "%s\n" $made >>$D/originals/folders || no_room
	fi
	sync $manifest $parts
	for part in $parts; do case $part in *.part) mv -f "$part" "${part%.part}" || bad "$part" ;; esac done
	for path in $removed; do stage_original "$path"; done
	for path in $paths $removed; do keep_old "$path"; done
	sync $D/swap.log.new
	trap "" HUP PIPE
	mv -f $D/swap.log.new $D/swap.log || no_room
	swapping=yes
	sync_folders
}

# ---- the swap ----

# call a function of steps/READER.sh, where this delivery has that step and the step that function
call() { case " $steps " in *" $reader "*) ! command -v "$1" >/dev/null || "$1" ;; esac }

for_steps() { for reader in $steps; do call "$1_$reader"; done; }

swap_all() {
	for reader in ${order:-network named modules sysctl systemd containerd haproxy keepalived kubeadm data}; do
		text=
		call "check_$reader"
		of "$reader" "$files"
		for path in $list; do
			new "$path"
			out=$(mv -f "$n" "$path" 2>&1) || fail "$reader" SwapFailed "$out"
		done
		of "$reader" "$removes"
		for path in $list; do remove "$path"; done
		call "apply_$reader"
		case " $steps " in *" $reader "*) say "$reader" "done" - "$text" ;; esac
	done
}

name_self
for_steps need
stage
if ! take_lock 30; then
	[ -n "$held" ] || fail lock StagingFailed "$out"
	fail lock HostLocked "$held"
fi
[ ! -e $D/swap.log ] || fail lock SwapBroken ""
abandon
check_state
prepare
swap_all
! command -v close_steps >/dev/null || close_steps
sync_folders
mv -f "$manifest" $D/manifest.json || fail data SwapFailed "cannot write to $D"
sync $D/
clear_old
for path in $removed; do forget_original "$path"; done
! command -v give_back >/dev/null || give_back
leave 0
