# host.sh: what the scripts that prepare a host begin with.  Needs programs, kubernetes (as 1.36.4) and lock_seconds.
set -u
umask 022
deadline=$(($(date +%s) + lock_seconds))
units="haproxy keepalived containerd kubelet"

has() {
	case $1 in cni/*) [ -x "/opt/cni/bin/${1#cni/}" ] ;; *) command -v "$1" >/dev/null ;; esac
}

version() {
	case $1 in kubelet) kubelet --version ;; kubeadm) kubeadm version -o short ;; *) kubectl version --client ;; esac 2>/dev/null |
		grep -o 'v[0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*' | head -n 1
}

lacks() {
	has "$1" || return 0
	case $1 in kubelet | kubeadm | kubectl) ;; *) return 1 ;; esac
	# a node that works is not for a preparation to change
	! systemctl -q is-active kubelet && [ "$(version "$1")" != "v$kubernetes" ]
}

missing() {
	for program in $programs; do ! lacks "$program" || printf ' %s' "$program"; done
}

# Services that packages start by themselves wait for their configuration.  What is switched off is so until this ends, or
# until the next boot where it is killed; then it is as if it had never been enabled.
quiet() {
	trap loud EXIT
	for unit in $units; do
		[ "$(systemctl show -p LoadState --value "$unit")" != not-found ] || systemctl -q mask --runtime "$unit" 2>/dev/null
	done
}

loud() {
	for unit in $units; do
		[ "$(readlink "/run/systemd/system/$unit.service")" = /dev/null ] || continue
		systemctl -q unmask --runtime "$unit"
		systemctl daemon-reload
		systemctl disable "$unit" >/dev/null 2>&1
	done
}

# run a package manager; whoever holds its lock is waited for, named, and never ended
try() {
	until said=$("$@" 2>&1 </dev/null); do
		case $said in
		*"No space left"* | *"enough free space"* | *"At least"*"more space needed"*)
			printf '%s\n' "$said"
			exit 13
			;;
		*"Could not get lock"* | *"was locked by another process"* | *"Failed to obtain the transaction lock"* | *"transaction lock on"*) ;;
		*) return 1 ;;
		esac
		if [ "$(date +%s)" -ge "$deadline" ]; then
			printf '%s\n' "$said" | grep -m 1 -i lock
			holder=$(printf '%s' "$said" | sed -n 's/.*\(process\|pid\) \([0-9][0-9]*\).*/\2/p' | tail -n 1)
			[ -z "$holder" ] || echo "process $holder is $(cat "/proc/$holder/comm" 2>/dev/null || echo gone)"
			exit 12
		fi
		sleep 2
	done
}

# the distribution has the network plugins' programs elsewhere
link_plugins() {
	for folder in /usr/lib/cni /usr/libexec/cni; do
		for file in "$folder"/*; do
			[ ! -x "$file" ] || [ -e "/opt/cni/bin/${file##*/}" ] ||
				{ make_folder /opt/cni/bin && note_file "/opt/cni/bin/${file##*/}" && ln -sf "$file" /opt/cni/bin/; }
		done
	done
}
