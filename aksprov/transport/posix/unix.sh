# unix.sh PATH: send stdin to a UNIX socket and print what it answers; 3 when there is no program for it.
command -v socat >/dev/null 2>&1 || exit 3
timeout 5 socat -t 5 - "UNIX-CONNECT:$1" 2>/dev/null || exit 1
