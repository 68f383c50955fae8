# recover.sh: put a broken swap right, and clear away what killed runs left; live ones are let be.
# Answer: "locked WHO", "broken WHAT", "unreadable WHERE" or "right".
set -f
epoch=0
name_self
trap "" HUP PIPE
broken="" odd=""
if [ -e $D/swap.log ]; then
	# another run's swap may take this long to end
	if ! take_lock 30; then
		if [ -n "$held" ]; then
			echo "locked $held"
		elif [ -d $D ]; then
			echo "broken $out"
		else
			# a removal that was still going on has ended, and left nothing behind
			echo right
		fi
		exit 0
	fi
	[ ! -e $D/swap.log ] || check_log
	read -r _ commit <$D/swap.log || commit=
	now=$(sha256sum $D/manifest.json 2>/dev/null)
	if [ -n "$odd" ]; then
		# it is left as it is: what it tells of is not known
		:
	elif [ -n "$commit" ] && [ "${now%% *}" = "$commit" ]; then
		clear_old
	elif [ -e $D/swap.log ]; then
		put_back
	fi
fi
sweep
if [ -n "${locked-}" ] || take_lock 0; then
	abandon
	rm -f $D/lock
fi
if [ -n "$odd" ]; then
	printf "unreadable %s\n" "$odd" | tr -cd "[:print:]\n"
elif [ -n "$broken" ]; then
	echo "broken$broken"
else
	echo right
fi
exit 0
