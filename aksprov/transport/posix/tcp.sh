# tcp.sh ADDRESS PORT: 0 when a connection opens, 3 when there is no program to try it with.
command -v bash >/dev/null 2>&1 || exit 3
timeout 5 bash -c "exec 3<>/dev/tcp/\$0/\$1" "$1" "$2" 2>/dev/null || exit 1
