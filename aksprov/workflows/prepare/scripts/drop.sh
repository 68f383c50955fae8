# drop.sh: no files of a bundle, and nothing that serves them, stay.
[ ! -f /run/aksprov-serve/end.sh ] || sh /run/aksprov-serve/end.sh
rm -rf "$store"
