# piece.sh: one more piece of a file.  Standard input: a line "SHA256 BYTES OFFSET", then the piece's bytes.
# Prints "at BYTES", how much is here now; "whole" once the file has its size and hash and its name; "wrong" where it had
# another hash, and is gone; "busy" while what an earlier run sent is still on its way.
umask 022
mkdir -p "$store" && cd "$store" || exit 1
read -r sum size offset
exec 9<.
if ! flock -w 30 9; then
	echo busy
	exit 0
fi
at() { stat -c %s "$sum.part" 2>/dev/null || echo 0; }

if [ -f "$sum" ]; then
	echo whole
	exit 0
fi
if [ "$(at)" != "$offset" ]; then
	echo "at $(at)"
	exit 0
fi
cat >>"$sum.part" || exit 1
if [ "$(at)" -lt "$size" ]; then
	echo "at $(at)"
	exit 0
fi
found=$(sha256sum <"$sum.part")
if [ "${found%% *}" = "$sum" ]; then
	sync "$sum.part" && mv -f "$sum.part" "$sum" && echo whole
else
	rm -f "$sum.part"
	echo wrong
fi
