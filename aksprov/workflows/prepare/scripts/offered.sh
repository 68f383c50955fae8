# offered.sh: which versions of kubeadm package repositories offer, one a line.  Needs repository (with its folder, or "") and
# proxy; standard input has the keys of the repository.  Nothing on the host changes: the lists are a folder's that goes again.
place=$(mktemp -d) && trap 'rm -rf "$place"' EXIT || exit 1
cat >"$place/keys.asc"
if command -v apt-get >/dev/null; then
	if [ -n "$repository" ]; then
		mkdir -p "$place/lists/partial" "$place/cache"
		echo "deb [signed-by=$place/keys.asc] $repository/deb/ /" >"$place/sources.list"
		set -- -o "Dir::Etc::sourcelist=$place/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$place/lists" \
			-o "Dir::Cache=$place/cache" -o APT::Sandbox::User=root
		said=$(apt-get -q ${proxy:+-o "Acquire::http::Proxy=$proxy" -o "Acquire::https::Proxy=$proxy"} "$@" update 2>&1) || echo "$said" >&2
	fi
	apt-cache "$@" madison kubeadm | cut -d '|' -f 2
elif command -v dnf >/dev/null; then
	[ -z "$repository" ] || set -- --repofrompath="aksprov,$repository/rpm/" --repo=aksprov --setopt=cachedir="$place"
	dnf -q ${proxy:+--setopt="proxy=$proxy"} "$@" list --showduplicates kubeadm | while read -r _ version _; do echo "$version"; done
fi
