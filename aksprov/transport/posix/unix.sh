# unix.sh PATH: send stdin to a UNIX socket and print what it answers; 3 when there is no program for it.
if command -v socat >/dev/null; then
	timeout 5 socat -t 5 - "UNIX-CONNECT:$1" 2>/dev/null || exit 1
elif command -v perl >/dev/null; then
	# shellcheck disable=SC2016
	timeout 5 perl -MIO::Socket::UNIX -e '
		$s = IO::Socket::UNIX->new(Peer => shift) or exit 1;
		print $s <STDIN>; $s->flush; print <$s>' "$1" 2>/dev/null || exit 1
else
	exit 3
fi
