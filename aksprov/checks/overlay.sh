# overlay.sh: which other nodes' datagrams arrive at this one.  Standard input: "PORT NAME ADDRESS HOST [PEER-ADDRESS ...]",
# HOST being a name to look up, "-" for none.  They are sent from another port than they go to, as VXLAN's are, so that no
# filter takes them for answers.
# Answer: "heard NAME" for each, "ran" when it could listen to the end, "busy" where the port is taken, "unknown HOST"
# where nobody knows its address; "end" is the last line.
# A round is 0.3 s: 30 at most, and 7 more from the last new one that was heard.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
read -r port name address host peers
if [ "$host" != - ]; then
	timeout 6 getent ahosts "$host" >/dev/null 2>&1 || echo "unknown $host" &
fi
# shellcheck disable=SC2086 # addresses
if [ -z "$peers" ]; then
	:
elif command -v python3 >/dev/null; then
	timeout 20 python3 -c '
import select, socket, sys, time
port, name, own, *peers = sys.argv[1:]
family = socket.AF_INET6 if ":" in own else socket.AF_INET
ears, mouth = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
try:
    ears.bind((own, int(port)))
except OSError:
    sys.exit(print("busy"))
heard, left = set(), 30
while left:
    for peer in peers:
        try:
            mouth.sendto(name.encode(), (peer, int(port)))
        except OSError:
            pass
    time.sleep(0.3)
    left -= 1
    while select.select([ears], [], [], 0)[0]:
        said = ears.recv(256).decode("ascii", "replace")
        if said not in heard:
            heard.add(said)
            print("heard", said)
            left = 7 if len(heard) == len(peers) else left
print("ran")
' "$port" "$name" "$address" $peers
elif command -v perl >/dev/null; then
	# shellcheck disable=SC2016 # perl's variables
	timeout 20 perl -MSocket=:all -e '
($port, $name, $own, @peers) = @ARGV;
sub at {
    ($bad, @found) = getaddrinfo($_[0], $port, {flags => AI_NUMERICHOST, socktype => SOCK_DGRAM});
    return $found[0];
}
$me = at($own);
socket($ears, $me->{family}, SOCK_DGRAM, 0) && socket($mouth, $me->{family}, SOCK_DGRAM, 0) or die;
bind($ears, $me->{addr}) or do { print "busy\n"; exit };
$left = 30;
while ($left) {
    send($mouth, $name, 0, at($_)->{addr}) for @peers;
    select(undef, undef, undef, 0.3);
    $left--;
    while (1) {
        vec($ready = "", fileno($ears), 1) = 1;
        last unless select($ready, undef, undef, 0) > 0;
        defined recv($ears, $said, 256, 0) or last;
        next if $heard{$said}++;
        print "heard $said\n";
        $left = 7 if keys(%heard) == @peers;
    }
}
print "ran\n"' "$port" "$name" "$address" $peers
fi
wait
echo end
