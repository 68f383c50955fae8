"""Makes the plan: for each host, its bundle against what it shows."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from aksprov.facts.kernel_files import Setting, settings, sysctl_path
from aksprov.model.base import Value
from aksprov.model.bundle import READERS, Bundle, BundleFile, Reader
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, FileState, Manifest, ManifestFile, Observed
from aksprov.model.plan import FileChange, HostPlan, Plan, PlannedAddress, PlanStep, StepName, plan_hash

STEP_TITLES: dict[StepName, str] = {
    "ca": "take the cluster's CA from this host, or make the pair on it",
    "network": "set the host's own address, taken back when it does not answer",
    "named": "put files in place that other files name",
    "modules": "load kernel modules",
    "sysctl": "set kernel parameters and read them back",
    "systemd": "have systemd read its units again",
    "features": "install Windows features, restart where they ask for it",
    "firewall": "set firewall rules",
    "containerd": "check containerd's configuration, restart it where it runs",
    "haproxy": "check HAProxy's configuration, reload, see that it listens",
    "keepalived": "check keepalived's configuration, reload",
    "services": "set up Windows services and tasks, restart those that changed",
    "kubeadm": "check kubeadm's configuration",
    "data": "put files in place",
    "manifest": "record what is managed",
}
# Units that must run for their files to mean anything; a stopped one is started again.
SERVICES: dict[Reader, str] = {"haproxy": "haproxy", "keepalived": "keepalived"}


_KEY = re.compile(r"[A-Za-z0-9_./:-]+")


class Target(Value, frozen=True, kw_only=True):
    """One host of a plan.

    Args:
        clusters: keys of the clusters whose files this plan decides about; files of
            other clusters in the host's manifest stay as they are.
        gives: names of late values that this host has to provide.
    """

    bundle: Bundle
    wave: int
    clusters: tuple[str, ...]
    gives: tuple[StepName, ...] = ()


def sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8 form, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_plan(
    verb: str,
    objects: Iterable[str],
    addresses: Iterable[PlannedAddress],
    targets: Mapping[str, Target],
    observed: Mapping[str, Observed],
    *,
    diffs: bool = True,
) -> Plan:
    """The plan for ``targets`` (by host key); hosts that were not observed are left out.

    Args:
        diffs: nobody needs them of a plan that nobody sees, and they are as large as the files.
    """
    hosts = (plan_host(name, targets[name], observed[name], diffs=diffs) for name in targets if name in observed)
    return plan_of(verb, objects, addresses, hosts)


def plan_of(verb: str, objects: Iterable[str], addresses: Iterable[PlannedAddress], hosts: Iterable[HostPlan]) -> Plan:
    """The plan that is made of what changes on each host."""
    changed = tuple(sorted((h for h in hosts if not h.empty), key=lambda h: (h.wave, h.name)))
    late = sorted({name for h in changed for f in h.files for name in f.late})
    plan = Plan(
        verb=verb,
        objects=tuple(objects),
        addresses=tuple(sorted(addresses, key=lambda a: (a.network, a.owner, a.address))),
        late=tuple(late),
        hosts=changed,
    )
    return msgspec.structs.replace(plan, hash=plan_hash(plan))


def planned_addresses(desired: Desired) -> tuple[PlannedAddress, ...]:
    """Every address that the cluster takes or has."""
    return tuple(
        PlannedAddress(address=lease.address, network=lease.network, owner=lease.owner) for lease in desired.leases
    )


def plan_host(name: str, target: Target, seen: Observed, *, diffs: bool = True) -> HostPlan:
    """What changes on one host."""
    files = [change for f in target.bundle.files if (change := _change(f, seen.files.get(f.path), diffs=diffs))]
    files += _removals(target, seen)
    steps: list[StepName] = [*target.gives, *_readers(target.bundle, files, seen)]
    if files or not _recorded(target, seen.manifest):
        steps.append("manifest")
    return HostPlan(
        name=name,
        wave=target.wave,
        files=tuple(sorted(files, key=lambda f: f.path)),
        steps=tuple(PlanStep(id=s, title=STEP_TITLES[s]) for s in steps),
    )


def contents_wanted(target: Target, seen: Observed) -> tuple[str, ...]:
    """Paths whose present content a diff needs: changed files that anyone may read.

    A file that only its owner may read can hold someone's secret, so its content is
    never fetched for a diff.
    """
    readable = {path for path, state in seen.files.items() if state.kind == "file" and _world_readable(state.mode)}
    changed = {f.path for f in target.bundle.files if _change(f, seen.files.get(f.path), diffs=False)}
    return tuple(sorted(readable & (changed | {f.path for f in _removals(target, seen)})))


def _world_readable(mode: str) -> bool:
    return bool(int(mode, 8) & 0o004)


def _change(wanted: BundleFile, state: FileState | None, *, diffs: bool) -> FileChange | None:
    after = wanted.sha256
    there = state is not None and state.kind not in ("missing", "late")
    if state is not None and state.kind == "late" and after is None:
        return None  # a folder that waits for the same late value
    if there and state is not None and (state.sha256, state.mode, state.owner) == (after, wanted.mode, wanted.owner):
        return None
    before = state.content if state is not None else None
    return FileChange(
        path=wanted.path,
        change="change" if there else "add",
        mode=wanted.mode,
        owner=wanted.owner,
        sha256_before=state.sha256 if there and state is not None else None,
        sha256_after=after,
        late=(wanted.late,) if after is None else (),
        diff=_diff(wanted, there, before) if diffs else "",
    )


def _diff(wanted: BundleFile, there: bool, before: str | None) -> str:
    if wanted.content is None:
        return ""
    if not _world_readable(wanted.mode) or (there and before is None):
        return ""
    name = wanted.path.lstrip("/")  # of a Windows path nothing is taken away: "b/C:/ProgramData/x"
    new = wanted.content.splitlines(keepends=True)
    if not there:
        return _added(name, new)
    old = before.splitlines(keepends=True) if before is not None else []
    return "".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"))


def _added(name: str, lines: list[str]) -> str:
    """The unified diff of a new file, as difflib has it and without its search for what is alike."""
    if not lines:
        return ""
    count = f",{len(lines)}" if len(lines) > 1 else ""
    return "".join([f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1{count} @@\n", *(f"+{line}" for line in lines)])


def _removals(target: Target, seen: Observed) -> list[FileChange]:
    wanted = {f.path for f in target.bundle.files}
    gone = [
        m
        for m in (seen.manifest.files if seen.manifest else ())
        if m.path not in wanted and m.cluster in target.clusters
    ]
    return [
        FileChange(
            path=m.path,
            change="remove",
            mode=m.mode,
            owner=seen.files[m.path].owner if m.path in seen.files else "",
            sha256_before=m.sha256,
            sha256_after=None,
        )
        for m in gone
    ]


def _readers(bundle: Bundle, files: Iterable[FileChange], seen: Observed) -> list[Reader]:
    reader_of = {f.path: f.reader for f in bundle.files}
    present = {f.reader for f in bundle.files}
    due: set[Reader] = {reader_of[f.path] for f in files if f.path in reader_of}
    due |= drifted(bundle, seen)
    if "named" in due:  # whoever names such a file must read it again
        due |= present & SERVICES.keys()
    for reader, unit in SERVICES.items():
        state = seen.facts.units.get(unit)  # a folder has none
        if reader in present and state is not None and (state.active != "active" or state.enabled != "enabled"):
            due.add(reader)
    due |= {reader for reader in present if reader in seen.lost}
    if "services" in present and not _runs("containerd", seen.facts):
        due.add("services")
    return [r for r in READERS if r in due]


def _addresses(seen: Observed) -> set[str]:
    return {cidr.partition("/")[0] for interface in seen.facts.interfaces for cidr in interface.addresses}


def _runs(service: str, facts: Facts) -> bool:
    """Whether a Windows service runs; one whose program is not there yet does as well as it can."""
    if not facts.powershell:  # a folder
        return True
    unit = facts.units.get(service)
    return unit is not None and (unit.active == "active" or service not in facts.programs)


def observed_paths(bundle: Bundle) -> tuple[str, ...]:
    """What a plan needs to know of a host: its files, and the kernel's values of what they set."""
    return (*(f.path for f in bundle.files), *(_live(setting) for setting in _wanted(bundle)))


def drifted(bundle: Bundle, seen: Observed) -> set[Reader]:
    """Readers of files that are as they should be and not in force any more: the kernel has another value, no address.

    An address that the host will take off again is none.

    A setting that the kernel does not have at all is one of a module that was taken out.
    """
    if not seen.facts.kernel:  # a folder has none
        return set()
    found: set[Reader] = set()
    for setting in _wanted(bundle):
        state = seen.files.get(_live(setting))
        # the kernel writes several numbers with a tab between them
        if state is not None and state.sha256 != sha256("\t".join(setting.value.split()) + "\n"):
            found.add("sysctl")
        elif state is None and not setting.optional:
            found |= {"modules", "sysctl"}
    if "network" in seen.lost or not _addresses(seen).issuperset(bundle.given):
        found.add("network")
    return found & {f.reader for f in bundle.files}


def _wanted(bundle: Bundle) -> Iterable[Setting]:
    """The settings of all files, the last one of each key; a pattern (sysctl.d(5)) names no one key."""
    found = (s for text in _texts(bundle, "sysctl") for s in settings(text))
    return {s.key: s for s in found if _KEY.fullmatch(s.key)}.values()


def _live(setting: Setting) -> str:
    return f"/proc/sys/{sysctl_path(setting.key)}"


def _texts(bundle: Bundle, reader: Reader) -> Iterator[str]:
    return (f.content for f in bundle.files if f.reader == reader and f.content is not None)


def manifest_after(target: Target, seen: Observed, late: Mapping[str, str], *, state_id: str, epoch: int) -> Manifest:
    """What manifest.json says once the host has its bundle."""
    ours = {f.path for f in target.bundle.files}  # a plain file's place may become a cluster's: it is listed once
    others = seen.manifest.files if seen.manifest else ()
    files = [m for m in others if m.cluster not in target.clusters and m.path not in ours]
    for f in target.bundle.files:
        digest = f.sha256 or (sha256(late[f.late]) if f.late in late else "")
        files.append(ManifestFile(path=f.path, sha256=digest, mode=f.mode, cluster=f.cluster))
    files.sort(key=lambda m: m.path)
    digest = sha256("".join(f"{m.path} {m.mode} {m.sha256} {m.cluster}\n" for m in files))
    return Manifest(state_id=state_id, epoch=epoch, bundle=digest, files=tuple(files))


def _recorded(target: Target, manifest: Manifest | None) -> bool:
    if manifest is None:
        return False
    ours = {(f.path, f.sha256, f.mode, f.cluster) for f in target.bundle.files}
    listed = {(m.path, m.sha256 or None, m.mode, m.cluster) for m in manifest.files if m.cluster in target.clusters}
    return ours == listed
