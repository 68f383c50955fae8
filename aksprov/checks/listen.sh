# listen.sh: who speaks VRRP here.  Standard input: "INTERFACE ADDRESS SECONDS", the address being the host's own there.
# Answer: lines of tcpdump, or "SOURCE ROUTER-ID"; "none" where nothing can listen; "end" is the last line.
# Without tcpdump a raw socket joins VRRP's group (RFC 5798, 5.1.1.2), as its packets reach nobody else.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
read -r interface address seconds
if command -v tcpdump >/dev/null; then
	timeout "$seconds" tcpdump -lnn -c 200 -i "$interface" "ip proto 112" 2>/dev/null
	# 124: it listened until its time was over
	case $? in 0 | 124) ;; *) echo none ;; esac
elif command -v python3 >/dev/null; then
	timeout "$((seconds + 2))" python3 -c '
import select, socket, sys, time
own, end = sys.argv[1], time.monotonic() + int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.18") + socket.inet_aton(own))
while time.monotonic() < end and select.select([s], [], [], max(0, end - time.monotonic()))[0]:
    packet = s.recv(2048)
    print(socket.inet_ntoa(packet[12:16]), packet[(packet[0] & 15) * 4 + 1])
' "$address" "$seconds" || echo none
elif command -v perl >/dev/null; then
	# shellcheck disable=SC2016 # perl's variables
	timeout "$((seconds + 2))" perl -MSocket -e '
($own, $end) = ($ARGV[0], time + $ARGV[1]);
socket($s, AF_INET, SOCK_RAW, 112) or die;
setsockopt($s, 0, 35, inet_aton("224.0.0.18") . inet_aton($own)) or die;
while (($left = $end - time) > 0) {
    vec($r = "", fileno($s), 1) = 1;
    select($r, undef, undef, $left) or last;
    recv($s, $packet, 2048, 0);
    printf "%s %d\n", inet_ntoa(substr($packet, 12, 4)), ord substr($packet, (ord($packet) & 15) * 4 + 1, 1);
}' "$address" "$seconds" || echo none
else
	echo none
fi
echo end
