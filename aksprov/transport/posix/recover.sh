# recover.sh: put a broken swap right, unless the run that made it is alive.
# Answer: "finished", "put back", "nothing", "locked WHO" or "broken WHAT".
set -f
epoch=0
name_self
if ! take_lock 30; then
	echo "locked $held"
	exit 0
fi
done_how=nothing broken=
trap "" HUP PIPE
abandon
[ -e $D/swap.log ] && repair
drop_lock
if [ -n "$broken" ]; then echo "broken$broken"; else echo "$done_how"; fi
exit 0
