"""What a removal does on each host: files go or get their original back, units and settings with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from aksprov.model.base import Value
from aksprov.model.bundle import Bundle, Reader, reader_of_place
from aksprov.model.facts import FileState, ManifestFile, Observed
from aksprov.model.plan import FileChange, HostPlan, Plan, PlannedAddress, PlanStep, plan_hash
from aksprov.model.transport import Delivery
from aksprov.model.windows import HOME as WINDOWS_HOME
from aksprov.planning.planner import Target, manifest_after

HOME: Final = "/var/lib/aksprov"
ORIGINALS: Final = f"{HOME}/originals"
WINDOWS_KUBERNETES: Final = f"{WINDOWS_HOME}/originals/kubernetes"  # there where it was started
EPOCH_UNTIL_BOOT: Final = "/run/aksprov.epoch"  # so that a run that was paused before the removal is refused after it
# Readers that a removal does something about, in its order: the VIP is given up before HAProxy stops to answer on it.
# Of Windows, services end before what they read goes.
_LEAVERS: Final[tuple[Reader, ...]] = (
    "keepalived", "haproxy", "services", "containerd", "systemd", "sysctl", "modules", "firewall", "features",
    "network",
)  # fmt: skip
END_KUBERNETES: Final = "end-kubernetes"
_NOBODY: Final = "-"  # in place of the key where files of no cluster ("") are taken off
_RUNNING: Final = ("active", "reloading", "activating")


class Leftover(Value, frozen=True, kw_only=True):
    """What one host has of a cluster.

    Args:
        seen: the host, with the state of HOME among its files.
        originals: path of a managed file -> its first version, where there was one.
        units: unit -> its ActiveState as it was found.
        settings: how many kernel settings were found with another value.
        authority: key of the cluster whose CA pair was made here, "" where none was.
        kubernetes: it was started here.
    """

    seen: Observed
    originals: dict[str, FileState] = {}
    units: dict[str, str] = {}
    settings: int = 0
    authority: str = ""
    kubernetes: bool = False

    @property
    def clusters(self) -> tuple[str, ...]:
        """Keys of the clusters that have something here."""
        return tuple(sorted({m.cluster for m in self._managed} | ({self.authority} if self.authority else set())))

    def files_of(self, cluster: str) -> tuple[ManifestFile, ...]:
        """The managed files that are of this cluster."""
        return tuple(m for m in self._managed if m.cluster == cluster)

    def is_ours_alone(self, cluster: str) -> bool:
        """Whether no other cluster has files here."""
        return len(self.files_of(cluster)) == len(self._managed)

    @property
    def has_home(self) -> bool:
        """Whether our own folder is there, whatever is in it."""
        return self.seen.files.get(HOME, FileState(path=HOME)).kind != "missing"

    @property
    def _managed(self) -> tuple[ManifestFile, ...]:
        return self.seen.manifest.files if self.seen.manifest else ()


def read_leftover(seen: Observed, originals: Observed | None, texts: Mapping[str, bytes]) -> Leftover:
    """What a host has, from what was read of it.

    Args:
        originals: the state of the first versions' paths; None where nothing was looked for.
        texts: contents of the files ``units``, ``sysctls``, ``ca`` and ``kubernetes`` in ORIGINALS that are there;
            of Windows that of WINDOWS_KUBERNETES.
    """
    folder = f"{ORIGINALS}/files"
    first = originals.files if originals else {}
    kept = {path.removeprefix(folder): state for path, state in first.items() if path.startswith(folder)}
    lines = {name: texts.get(f"{ORIGINALS}/{name}", b"").decode().splitlines() for name in ("units", "sysctls", "ca")}
    return Leftover(
        seen=seen,
        originals={path: state for path, state in kept.items() if state.kind == "file"},
        units={words[0]: words[1] for line in lines["units"] if len(words := line.split()) > 1},
        settings=len(lines["sysctls"]),
        authority=next((words[1] for line in lines["ca"] if len(words := line.split()) > 1), ""),
        kubernetes=f"{ORIGINALS}/kubernetes" in texts or WINDOWS_KUBERNETES in texts,
    )


def plan_removal(
    verb: str,
    cluster: str,
    objects: Iterable[str],
    addresses: Iterable[PlannedAddress],
    hosts: Mapping[str, Leftover],
    waves: Mapping[str, int],
) -> Plan:
    """The plan that takes a cluster off ``hosts`` (by key); ``addresses`` are those that it gives back."""
    plans = (_plan_host(key, cluster, waves[key], left) for key, left in hosts.items())
    changed = sorted((plan for plan in plans if not plan.empty), key=lambda plan: (plan.wave, plan.name))
    plan = Plan(
        verb=verb,
        objects=tuple(objects),
        addresses=tuple(sorted(addresses, key=lambda a: (a.network, a.owner, a.address))),
        hosts=tuple(changed),
    )
    return msgspec.structs.replace(plan, hash=plan_hash(plan))


def make_removal(
    cluster: str, change: HostPlan, left: Leftover, vips: tuple[str, ...], *, state_id: str, epoch: int
) -> Delivery:
    """The delivery that takes a cluster off one host."""
    nothing = Target(bundle=Bundle(host=change.name, files=()), wave=change.wave, clusters=(cluster,))
    return Delivery(
        files=(),
        removes=tuple(f.path for f in change.files),
        steps=_vacated(cluster, left),
        listens=(),
        manifest=manifest_after(nothing, left.seen, {}, state_id=state_id, epoch=epoch),
        leaving=cluster or _NOBODY,
        vips=vips,
    )


def _plan_host(name: str, cluster: str, wave: int, left: Leftover) -> HostPlan:
    files = tuple(_change(m, left) for m in left.files_of(cluster))
    if not files and not (left.has_home and left.is_ours_alone(cluster)):
        return HostPlan(name=name, wave=wave)
    steps = [PlanStep(id=END_KUBERNETES, title="kubeadm reset, and what that leaves")] if left.kubernetes else []
    steps += [PlanStep(id=reader, title=_title(reader, left)) for reader in _vacated(cluster, left)]
    if left.authority == cluster:
        steps.append(PlanStep(id="ca", title="delete the CA pair that was made here, unless Kubernetes uses it"))
    steps.append(PlanStep(id="manifest", title="forget what was managed"))
    return HostPlan(name=name, wave=wave, files=files, steps=tuple(steps))


def _change(managed: ManifestFile, left: Leftover) -> FileChange:
    """The file goes, or becomes its first version."""
    now = left.seen.files.get(managed.path, FileState(path=managed.path))
    first = left.originals.get(managed.path)
    return FileChange(
        path=managed.path,
        change="change" if first else "remove",
        mode=first.mode if first else managed.mode,
        owner=first.owner if first else now.owner,
        sha256_before=now.sha256 or None,
        sha256_after=first.sha256 if first else None,
    )


def _vacated(cluster: str, left: Leftover) -> tuple[Reader, ...]:
    """Readers of which no managed file stays: those of another cluster's files go on as they are."""
    mine = {reader_of_place(m.path) for m in left.files_of(cluster)}
    manifest = left.seen.manifest
    others = {reader_of_place(m.path) for m in (manifest.files if manifest else ()) if m.cluster != cluster}
    return tuple(reader for reader in _LEAVERS if reader in mine - others)


def _title(reader: Reader, left: Leftover) -> str:
    titles: dict[Reader, str] = {
        "containerd": "restart containerd where it runs",
        "systemd": "have systemd read its units again",
        "sysctl": f"put {left.settings} kernel parameters back",
        "modules": "leave kernel modules loaded until a reboot",
        "services": "take services and tasks away that were made, put others back as they were found",
        "firewall": "take our firewall rules away",
        "network": "take the address off that was given to the host",
        "features": "leave Windows features installed",
    }
    if reader in titles:
        return titles[reader]
    found = left.units.get(reader)
    if found is None:
        return f"leave {reader} as it is: how it was found is not known"
    return f"restart {reader}, which was found running" if found in _RUNNING else f"stop {reader}"
