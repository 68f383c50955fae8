# agent.sh: the one program of a connection.  It runs the first script, then every script that
# comes on stdin, and marks where answers begin and end, so that nothing a login shell prints can be taken for one.
#
#   sh -c AGENT aksprov NONCE SCRIPT [ARGUMENT...]
#
# After the first answer: a line "NONCE BYTES-OF-SCRIPT BYTES-OF-ITS-STDIN SECONDS [ARGUMENT...]", the
# script, its stdin.  dd and read take exactly what they are told from a pipe, so nothing runs ahead
# (head -c may: busybox's does).
# A line that does not begin with the nonce (a stream that was cut and went on) ends the agent.
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset IFS CDPATH ENV BASH_ENV GREP_OPTIONS TAR_OPTIONS POSIXLY_CORRECT
umask 022
cd /
N=$1 S=$2
shift 2
# The answer goes out whole: a script prints line by line, and each line would be a packet to seal, send and open.
answer() {
	O=$(
		( eval "$S" )
		echo "=$?"
	)
	R=${O##*=}
	case $R in "" | *[!0-9]*) exit ;; esac # it was killed: half an answer is none
	printf "%s\n%s<%s\n" "${O%=*}" "$N" "$R"
	printf "\n%s<%s\n" "$N" "$R" >&2
}
printf "\n%s>\n" "$N"
answer "$@" </dev/null
# pass on the next $1 bytes of stdin
take() {
	[ "$1" -lt 65536 ] || timeout -k 5 "$T" dd bs=65536 count=$(($1 / 65536)) iflag=fullblock
	[ $(($1 % 65536)) = 0 ] || timeout -k 5 "$T" dd bs=$(($1 % 65536)) count=1 iflag=fullblock
} 2>/dev/null
while read -r K M B T A && [ "$K" = "$N" ]; do
	set -f
	# shellcheck disable=SC2086 # arguments have no blanks
	set -- $A
	set +f
	S=$(take "$M")
	take "$B" | {
		answer "$@"
		# what the script left of its stdin must not be read as the next header
		cat >/dev/null
	}
done
