# look.sh: which files of a bundle this host has a use for.  Needs others (programs that packages have to bring), and what
# host.sh needs.  Standard input: lines "KIND SHA256 NAME [IMAGE...]".  Prints the SHA256 of each file that is not made use of yet.
has_images() {
	for image in $1; do
		case " $there " in *" $image "*) ;; *) return 1 ;; esac
	done
}

# whether the host has package file $1, or a newer one; those of another package manager are no use here
has_package() {
	case $1 in
	*.deb)
		command -v dpkg-query >/dev/null || return 0
		rest=${1#*_}
		offered=$(printf '%s' "${rest%%_*}" | sed 's/%3a/:/g')
		installed=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "${1%%_*}" 2>/dev/null)
		case $installed in "installed "*) dpkg --compare-versions "${installed#* }" ge "$offered" ;; *) return 1 ;; esac
		;;
	*)
		command -v dpkg-query >/dev/null && return 0
		! command -v rpm >/dev/null || rpm -q --quiet "${1%.rpm}"
		;;
	esac
}

there=
! systemctl -q is-active containerd || there=$(ctr -n k8s.io images ls -q | tr '\n' ' ')
wanted=$programs programs=$others
lacking=$(missing)
programs=$wanted
while read -r kind sum name images; do
	case $kind in
	program) ! lacks "$name" ;;
	cni) has "cni/$name" ;;
	image) has_images "$images" ;;
	package) [ -z "$lacking" ] || has_package "$name" ;;
	esac || echo "$sum"
done
