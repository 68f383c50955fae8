# Answers questions about this host.  Standard input has one question a line, "KIND VALUE".  An answer is
# one or more lines "KIND<TAB>VALUE<TAB>TEXT"; "end" is the last line, so that an answer cut short is seen.
# Nothing is judged here: the controller compares.  Needs a POSIX shell, coreutils, systemctl and ip.

LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

# What is at a path: its kind and, for a file, mode, owner and SHA-256.
ask_file() {
    if [ -L "$1" ]; then echo link
    elif [ ! -e "$1" ]; then echo missing
    elif [ -d "$1" ]; then echo directory
    elif [ ! -f "$1" ]; then echo other
    else
        sum=$(sha256sum <"$1")
        printf 'file %s %s\n' "$(stat -c '%a %U:%G' -- "$1")" "${sum%% *}"
    fi
}

ask_unit() {
    systemctl show -p LoadState -p ActiveState -p SubState -p UnitFileState -- "$1.service" 2>&1
}

# The lines of a small file, e.g. a sysctl's value.
ask_lines() {
    cat -- "$1" 2>/dev/null
}

# What files of sysctl.d say: "FILE:" for each, then "FILE:LINE"; the folder whose file counts comes first.
ask_settings() {
    for folder in /etc /run /usr/local/lib /usr/lib /lib; do
        for path in "$folder"/sysctl.d/*.conf; do
            [ -e "$path" ] || continue
            echo "$path:"
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in '' | '#'* | ';'*) ;; *) printf '%s:%s\n' "$path" "$line" ;; esac
            done <"$path"
        done
    done
}

# Whether a kernel module is there.  One that is compiled in has a directory under /sys/module only when it
# has parameters; modules.builtin names all of them.
ask_module() {
    if [ -d "/sys/module/$1" ]; then
        echo loaded
        return
    fi
    cat "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null | tr - _ | while IFS= read -r path; do
        case ${path##*/} in "$1".ko*) echo built-in; break ;; esac
    done
}

ask_program() {
    command -v -- "$1"
}

ask_addresses() {
    ip -o address show
}

ask_links() {
    ip -o link show
}

# The packet filter's rules: nft's JSON in one line, and those of the old tables, which nft does not see.
ask_firewall() {
    if command -v nft >/dev/null; then
        nft -j list ruleset | tr -d '\n' && echo
        if read -r _ 2>/dev/null </proc/net/ip_tables_names; then iptables-legacy-save 2>/dev/null; fi
    elif command -v iptables-save >/dev/null; then
        iptables-save
    else
        echo none
    fi
}

# Whether SELinux ("enforce 0|1", "boolean NAME 0|1") and AppArmor are on, and what they denied our programs.
# The journal's own time is before each line, as audit messages that journald reads itself have none.
ask_confinement() {
    on=
    if read -r mode 2>/dev/null </sys/fs/selinux/enforce; then
        on=yes
        echo "enforce $mode"
        read -r now _ 2>/dev/null </sys/fs/selinux/booleans/haproxy_connect_any && echo "boolean haproxy_connect_any $now"
    fi
    if read -r mode 2>/dev/null </sys/module/apparmor/parameters/enabled && [ "$mode" = Y ]; then
        on=yes
        echo apparmor
    fi
    [ -n "$on" ] || return
    echo "now $(date +%s)"
    {
        journalctl -q -b -o short-unix -n 2000 _TRANSPORT=kernel + _TRANSPORT=audit
        tail -n 2000 /var/log/audit/audit.log
    } 2>/dev/null | while IFS= read -r line; do
        case $line in
        *avc:*denied*:haproxy_t:* | *avc:*denied*:keepalived_t:*) echo "$line" ;;
        *apparmor=\"[DA]*profile=*haproxy* | *apparmor=\"[DA]*profile=*keepalived*) echo "$line" ;;
        esac
    done | tail -n 20
}

# "DEVICE ADDRESS...": which hardware addresses answer for addresses on a link.  The entries are forgotten and asked
# for anew, three times, as the first of several answers wins.  "use" makes the kernel ask by ARP even when an
# address is this host's own, and then only somebody else can answer.  iproute2 before 5.16 has no "use": there a
# datagram to the discard port does it, but not for the host's own address.
ask_neighbours() {
    device=${1%% *} addresses=${1#* }
    for _ in 1 2 3; do
        of_each "neigh flush to"
        of_each "neigh replace" use || for address in $addresses; do
            bash -c 'echo >"/dev/udp/$1/9"' bash "$address" 2>/dev/null
        done
        sleep 0.2
        of_each "neigh show to"
    done
    of_each "neigh flush to"
}

# One ip for all of the addresses: each with the words $1 before it and $2 behind it.
of_each() {
    for address in $addresses; do printf '%s %s dev %s %s\n' "$1" "$address" "$device" "${2-}"; done | ip -force -batch - 2>/dev/null
}

exec 3<&0 </dev/null
while IFS= read -r question <&3; do
    kind=${question%% *} value=${question#* }
    "ask_$kind" "$value" 3<&- | while IFS= read -r text || [ -n "$text" ]; do
        printf '%s\t%s\t%s\n' "$kind" "$value" "$text"
    done
done
echo end
