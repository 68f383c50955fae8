# modules.sh: load the kernel modules that modules-load.d(5) files name.
apply_modules() { each load_modules modules; }
load_modules() {
	while read -r module _; do
		case $module in "" | "#"* | ";"*) continue ;; esac
		if command -v modprobe >/dev/null 2>&1; then
			try 30 modprobe "$module" || fail modules ModuleRefused "$out"
		else
			loaded=$(printf "%s" "$module" | tr - _)
			[ -d "/sys/module/$loaded" ] || fail modules HostToolMissing modprobe
		fi
		text="$text $module"
	done <"$5"
	text="loaded:$text"
}
