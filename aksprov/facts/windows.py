"""The answer of a Windows host's observe script, as the same values that Linux gives.

States of services are those of WMI's Win32_Service, which are English on every Windows.
"""

from __future__ import annotations

import re

import msgspec

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.bundle import ADMINISTRATORS
from aksprov.model.facts import Facts, FileState, Interface, Manifest, Observed, Unit

_VERSION = re.compile(r"\d+(?:\.\d+)+")
# PROCESSOR_ARCHITECTURE -> as uname has it
_MACHINES = {"AMD64": "x86_64", "ARM64": "aarch64"}
_ENABLED = {"Auto": "enabled", "Manual": "manual", "Disabled": "disabled"}


class _Adapter(msgspec.Struct):
    name: str
    mac: str = ""
    up: bool = False
    addresses: list[str] = []


class _Service(msgspec.Struct):
    name: str
    state: str = ""
    start: str = ""


class _File(msgspec.Struct):
    path: str
    kind: str
    sha256: str = ""


class _Answer(msgspec.Struct):
    """What observe.ps1 writes; sizes in bytes, ``boot`` in UTC, ``now`` in seconds since 1970."""

    hostname: str
    powershell: str
    architecture: str = ""
    machine: str = ""
    version: str = ""
    build: str = ""
    server: bool = False
    boot: str = ""
    cpus: int = 0
    memory: int = 0
    free: int = 0
    now: int = 0
    pending: bool = False
    interfaces: list[_Adapter] = []
    features: list[str] = []
    services: list[_Service] = []
    programs: dict[str, str] = {}
    files: list[_File] = []
    same: list[int] = []  # numbers of files in the manifest that are as it says
    unfinished: list[str] = []
    lost: list[str] = []
    manifest: str = ""
    epoch: str = ""


class WindowsLook(Value, frozen=True, kw_only=True):
    """What a look at a Windows host gives.

    Args:
        unfinished: whether a lock, a staging or a swap is there: someone is at work, or was killed.
        locked: whether someone changes the host now.
        now: the host's clock, in seconds since 1970.
    """

    seen: Observed
    unfinished: bool
    locked: bool
    now: int


def parse_windows_look(line: str, *, host: str = "") -> WindowsLook:
    """Read one answer.

    Raises:
        HostError: AnswerUnreadable or ManifestUnreadable.
    """
    try:
        answer = msgspec.json.decode(line, type=_Answer)
    except (msgspec.DecodeError, msgspec.ValidationError) as e:
        raise _unreadable(host, str(e)) from None
    manifest = _manifest(answer.manifest, host)
    epoch = answer.epoch.partition(" ")[0]
    seen = Observed(
        host=host,
        facts=_facts(answer),
        manifest=manifest,
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() else 0,
        files=_files(answer, manifest, host),
        lost=tuple(answer.lost),
    )
    locked = "lock" in answer.unfinished
    return WindowsLook(seen=seen, unfinished=bool(answer.unfinished), locked=locked, now=answer.now)


def _unreadable(host: str, why: str) -> HostError:
    return HostError(
        "AnswerUnreadable",
        f"the answer of {host or 'the host'} cannot be read",
        where=host,
        why=why,
        fix="run the command again; when it happens again, look for a full disk or memory on the host",
    )


def _files(answer: _Answer, manifest: Manifest | None, host: str) -> dict[str, FileState]:
    listed = manifest.files if manifest else ()
    if any(not 0 <= number < len(listed) for number in answer.same):
        raise _unreadable(host, f"it names files that are not in its manifest of {len(listed)}: {answer.same}")
    same = [_File(path=listed[n].path, kind="file", sha256=listed[n].sha256) for n in answer.same]
    return {file.path: _state(file, manifest) for file in (*same, *answer.files)}


def _facts(answer: _Answer) -> Facts:
    return Facts(
        hostname=answer.hostname,
        os_id="windows",
        os_version=answer.version,
        kernel=answer.build,
        architecture=_MACHINES.get(answer.architecture, answer.architecture),
        machine_id=answer.machine,
        boot_id=answer.boot,
        cpus=answer.cpus,
        memory_mb=answer.memory // 2**20,
        disk_free_mb=answer.free // 2**20,
        interfaces=tuple(_interface(a) for a in sorted(answer.interfaces, key=lambda a: a.name)),
        programs={name: _version(said) for name, said in sorted(answer.programs.items())},
        units={s.name: _unit(s) for s in answer.services},
        powershell=answer.powershell,
        features=tuple(sorted(answer.features)),
        pending_restart=answer.pending,
    )


def _interface(adapter: _Adapter) -> Interface:
    return Interface(
        name=adapter.name,
        mac=adapter.mac.replace("-", ":").lower(),
        up=adapter.up,
        addresses=tuple(adapter.addresses),
    )


def _version(said: str) -> str:
    found = _VERSION.search(said)
    return found[0] if found else ""


def _unit(service: _Service) -> Unit:
    active = "active" if service.state == "Running" else "inactive"
    return Unit(active=active, enabled=_ENABLED.get(service.start, service.start.lower()))


def _state(file: _File, manifest: Manifest | None) -> FileState:
    """Access lists are not read back: a file of the manifest has the mode that it was given."""
    listed = {m.path: m.mode for m in manifest.files} if manifest else {}
    owner = ADMINISTRATORS if file.path in listed else ""
    return FileState(path=file.path, kind=file.kind, mode=listed.get(file.path, ""), owner=owner, sha256=file.sha256)


def _manifest(text: str, host: str) -> Manifest | None:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as e:
        raise HostError(
            "ManifestUnreadable",
            f"C:\\ProgramData\\aksprov\\manifest.json on {host or 'the host'} cannot be read",
            where=host,
            why=str(e),
            fix="move the file away and run the command again: the host then counts as new, and files that are right "
            "already stay as they are",
        ) from None
