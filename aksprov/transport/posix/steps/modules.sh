# modules.sh: load the kernel modules that modules-load.d(5) files name.
apply_modules() {
	text=loaded:
	of modules "$files"
	for path in $list; do
		while read -r module _; do
			case $module in "" | "#"* | ";"*) ;; *) load "$module" ;; esac
		done <"$path"
	done
}
load() {
	if command -v modprobe >/dev/null; then
		try 30 modprobe "$1" || fail modules ModuleRefused "$out"
	else
		[ -d "/sys/module/$(printf "%s" "$1" | tr - _)" ] || fail modules HostToolMissing modprobe
	fi
	text="$text $1"
}
