# parts.sh: how a look at a host answers.  A part begins with the line "NONCE:NAME"; the nonce keeps a file's
# content from looking like one.
D=/var/lib/aksprov
part() { printf "%s:%s\n" "$N" "$1"; }
# a file's first line, named
line() {
	V=
	[ -r "$2" ] && read -r V <"$2"
	printf "%s %s\n" "$1" "$V"
}
# a short file's text, by the shell itself: a process takes longer; nothing when it is not there
text() {
	[ -f "$1" ] && [ -r "$1" ] && while IFS= read -r V || [ -n "$V" ]; do printf "%s\n" "$V"; done <"$1"
}
