# drain.sh: a node's pods go elsewhere, as their PodDisruptionBudgets allow, then the node is deleted.  Needs node, and
# what identity.sh makes.
# One that cannot be drained takes pods again.
there=$(ask get node "$node" --ignore-not-found -o name) || exit 1
[ -n "$there" ] || exit 0
data=--delete-emptydir-data
ask drain --help | grep -q -e $data || data=--delete-local-data
ask drain "$node" --ignore-daemonsets $data --timeout 300s || {
	ask uncordon "$node"
	exit 1
}
ask delete node "$node"
