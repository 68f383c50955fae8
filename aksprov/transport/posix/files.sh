# files.sh [PATH...]: whose host it is, whether something was left unfinished, and the managed files, the manifest's and PATHs.
part epoch
text $D/epoch || text /run/aksprov.epoch
part swap
for T in "$D"/swap.log* "$D"/stage-* "$D"/lock; do [ ! -e "$T" ] && [ ! -L "$T" ] || echo "$T"; done
part manifest
M=
[ -f $D/manifest.json ] && M=$(cat $D/manifest.json)
printf "%s\n" "$M"
# the manifest's paths join the arguments: the text in quotes after "path" and a colon
set -f
IFS="\""
K=
for T in $M; do
	case $K in
	path)
		K=
		case $T in "" | *[!:\ ]*) ;; *) K=value ;; esac
		;;
	value)
		K=
		case "\"$*\"" in *"\"$T\""*) continue ;; esac
		case $T in *[!A-Za-z0-9._@+/-]*) ;; /*) set -- "$@" "$T" ;; esac
		;;
	*) [ "$T" = path ] && K=path ;;
	esac
done
unset IFS
part files
# only regular files are hashed: a fifo would never end
F=
for T in "$@"; do [ -f "$T" ] && [ ! -h "$T" ] && F="$F $T"; done
[ $# -gt 0 ] && stat -c "= %f %U:%G %n" "$@" 2>/dev/null
# shellcheck disable=SC2086 # a list of paths without blanks
[ -n "$F" ] && sha256sum $F
part ca
text /etc/kubernetes/pki/ca.crt
part cakey
[ -e /etc/kubernetes/pki/ca.key ] && echo yes
part end
# secrets that a killed run left: each lies in a folder named by the process that used it, or belongs to a unit
set +f
for T in /run/aksprov/*; do
	K=${T##*/}
	case $K in
	aksprov-step-*.secret*) timeout 3 systemctl -q is-active "${K%%.secret*}" || rm -f "$T" ;;
	*[!0-9]*) ;;
	*) [ -d "/proc/$K" ] || rm -rf "$T" ;;
	esac
done
exit 0
