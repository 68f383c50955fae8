# adopt.sh: this host's manifest passes to another state; the files that it names stay as they are.
# stdin: a line "STATE EPOCH WAS WILL-BE", then the new manifest.  WAS and WILL-BE are the manifests' sha256.
# Answer: "adopted", "locked WHO", "changed", or "failed WHAT".
set -f
leave() {
	rm -f $D/manifest.json.new $D/epoch.new $D/lock
	echo "$1"
	exit 0
}
read -r state epoch was will
name_self
trap "" HUP PIPE
if ! take_lock 30; then
	if [ -n "$held" ]; then echo "locked $held"; else echo "failed $out"; fi
	exit 0
fi
is=$(sha256sum $D/manifest.json)
if [ "${is%% *}" != "$was" ] || [ -e $D/swap.log ]; then leave changed; fi
out=$( (cat >$D/manifest.json.new && echo "$epoch $state" >$D/epoch.new && sync $D/manifest.json.new $D/epoch.new) 2>&1) || leave "failed $out"
is=$(sha256sum $D/manifest.json.new)
[ "${is%% *}" = "$will" ] || leave "failed the manifest did not arrive whole"
out=$( (mv -f $D/epoch.new $D/epoch && mv -f $D/manifest.json.new $D/manifest.json && sync $D/) 2>&1) || leave "failed $out"
leave adopted
