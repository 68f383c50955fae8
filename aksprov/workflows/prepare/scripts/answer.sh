# answer.sh: one HTTP request on standard input: GET /sha256/ and 64 hexadecimal digits.  Nothing else is answered, nothing
# is listed, and no path is looked at: what is asked for is a name in the one folder of files that were verified.
request=$(timeout 10 dd bs=4096 count=1 2>/dev/null | head -n 1)
case $request in
"GET /sha256/"*" HTTP/1."?*) sum=${request#GET /sha256/} && sum=${sum%% *} ;;
*) sum= ;;
esac
case $sum in *[!0-9a-f]*) sum= ;; esac
file=/run/aksprov-serve/files/$sum
if [ ${#sum} -eq 64 ] && [ -f "$file" ]; then
	printf 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' \
		"$(stat -L -c %s "$file")"
	exec cat "$file"
fi
printf 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
