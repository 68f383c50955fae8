# packages.sh: what is missing comes from package repositories; what is there stays as it is.
if [ -n "$(missing)" ]; then
	link_plugins
	quiet
	if command -v apt-get >/dev/null; then
		by_apt
	elif command -v dnf >/dev/null; then
		by_dnf
	else
		echo "this host has neither apt-get nor dnf"
		exit 14
	fi
	link_plugins
fi
! command -v apt-mark >/dev/null || hold
left=$(missing)
[ -z "$left" ] || {
	echo "still missing after packages were installed:$left"
	exit 14
}
