# read.sh: the contents of files; stdin has one path a line.
# Answer: for each file that is there its path, then its content in base64, then an empty line.
while read -r P; do
	[ -f "$P" ] || continue
	printf "%s\n" "$P"
	base64 "$P"
	echo
done
