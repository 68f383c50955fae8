# recover.sh: put a broken swap right, and clear away what killed runs left; live ones are let be.
# Answer: "locked WHO", "broken WHAT" or "right".
set -f
epoch=0
name_self
trap "" HUP PIPE
broken=
if [ -e $D/swap.log ]; then
	# another run's swap may take this long to end
	if ! take_lock 30; then
		echo "locked $held"
		exit 0
	fi
	read -r _ commit <$D/swap.log || commit=
	now=$(sha256sum $D/manifest.json 2>/dev/null)
	if [ -n "$commit" ] && [ "${now%% *}" = "$commit" ]; then
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
if [ -n "$broken" ]; then echo "broken$broken"; else echo right; fi
exit 0
