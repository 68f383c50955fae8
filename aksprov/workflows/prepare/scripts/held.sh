# held.sh: which files of a bundle are here.  Standard input: lines "SHA256 BYTES".
# Prints "free BYTES", then for each file "SHA256 whole", or "SHA256 BYTES": how much of its beginning is here.  What a killed run left serving ends.
[ ! -f /run/aksprov-serve/end.sh ] || sh /run/aksprov-serve/end.sh
mkdir -p "$store" && cd "$store" || exit 1
# shellcheck disable=SC2046
set -- $(df -P -k . | tail -n 1)
echo "free $(($4 * 1024))"
while read -r sum size; do
	if [ -f "$sum" ] && [ "$(stat -c %s "$sum")" = "$size" ]; then
		echo "$sum whole"
	else
		echo "$sum $(stat -c %s "$sum.part" 2>/dev/null || echo 0)"
	fi
done
