"""Reads what a host answered to the scripts of a look in ``transport/posix``: facts, situation and files.

The answer comes from a machine that may be odd in any way, so every part is read leniently: a
value that is not there or not understood is left at "unknown".  Only an answer without the
script's own frame is an error.
"""

from __future__ import annotations

import re
import stat
from typing import Any

import msgspec

from aksprov.errors import HostError
from aksprov.facts.situation import parse_situation
from aksprov.model.facts import Facts, FileState, Interface, Manifest, Observed, Unit

_VERSION = re.compile(r"\d+(?:\.\d+)+")
_KINDS = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFDIR: "directory"}
_OBSERVED_UNITS = ("haproxy", "keepalived", "containerd", "kubelet", "systemd-networkd")
# statfs(2) magic of the unified hierarchy, as coreutils' stat names it.
_CGROUP2 = "cgroup2fs"
_RESOLVED = "/run/systemd/resolve/resolv.conf"


def parse_observation(
    text: str, *, host: str = "", between: tuple[float, float] | None = None, facts: bool = True
) -> Observed:
    """Read one answer.

    Args:
        text: parts that each begin with a line ``NONCE:NAME``; the last one is ``NONCE:end``.
        host: name of the host.
        between: the controller's clock when the host was asked and when it had answered, in seconds since 1970.
        facts: whether the host was asked for them.

    Raises:
        HostError: AnswerUnreadable or ManifestUnreadable.
    """
    parts = _parts(text)
    if "end" not in parts or (facts and "host" not in parts):
        raise HostError(
            "AnswerUnreadable",
            f"the answer of {host or 'the host'} cannot be read",
            where=host,
            why="it does not have the parts that our script prints",
            fix="run the command again; when it happens again, look for a full disk or memory on the host",
        )
    situation = parse_situation(parts, between)
    return Observed(
        host=host,
        facts=_facts(parts, situation.resolved) if facts else Facts(),
        situation=situation,
        manifest=_manifest(parts.get("manifest", ""), host),
        epoch=_number(parts.get("epoch", "").partition(" ")[0]),
        files=_files(parts.get("files", "")),
        ca_certificate=parts.get("ca", ""),
        ca_key_present=bool(parts.get("cakey")),
        lost=("network",) if parts.get("unsettled") else (),
    )


def is_unfinished(text: str) -> bool:
    """Whether an answer tells of a lock, a staging or a swap: someone is at work there, or was killed."""
    return bool(_parts(text).get("swap"))


def _parts(text: str) -> dict[str, str]:
    """Part's name -> its text; the nonce is what the first line has before its colon."""
    nonce = text.partition("\n")[0].partition(":")[0]
    if not nonce:
        return {}
    # not by a pattern: each answer has a nonce of its own, and compiling takes longer than splitting
    pieces = ("\n" + text).split(f"\n{nonce}:")[1:]
    named = (piece.partition("\n") for piece in pieces)
    return {name: rest + "\n" if rest and not rest.endswith("\n") else rest for name, _, rest in named}


def _facts(parts: dict[str, str], resolved: bool) -> Facts:
    lines = _first_words(parts["host"])
    release = _release(parts.get("release", ""))
    node, kernel, machine = _pad(lines.get("uname", "").split(), 3)
    filesystems = {f[0]: f[1:] for f in (line.split()[1:] for line in _named(parts["host"], "fs")) if len(f) == 4}
    _, free, size = filesystems.get("/var/lib", ["", "", ""])
    return Facts(
        hostname=node,
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        kernel=kernel,
        architecture=machine,
        machine_id=lines.get("machine", ""),
        boot_id=lines.get("boot", ""),
        cpus=_number(lines.get("cpus", "")),
        memory_mb=_number("".join(re.findall(r"MemTotal: *(\d+) kB", lines.get("memory", "")))) // 1024,
        disk_free_mb=_number(free) * _number(size) // 2**20,
        cgroup=_cgroup(filesystems.get("/sys/fs/cgroup", [""])[0]),
        interfaces=_interfaces(parts.get("interfaces", "")),
        programs=_programs(parts.get("programs", "")),
        units=_units(parts.get("units", "")),
        resolver=_RESOLVED if resolved else "/etc/resolv.conf" if parts.get("resolv") else "",
    )


def _named(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if line.partition(" ")[0] == name]


def _first_words(text: str) -> dict[str, str]:
    return {word: rest.strip() for word, _, rest in (line.partition(" ") for line in text.splitlines())}


def _pad(words: list[str], count: int) -> list[str]:
    return (words + [""] * count)[:count]


def _number(text: str) -> int:
    """A whole number, 0 for anything else (also for one that no machine can have)."""
    word = text.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else 0


def _cgroup(filesystem: str) -> str:
    return "" if not filesystem else "v2" if filesystem == _CGROUP2 else "v1"


def _release(text: str) -> dict[str, str]:
    """os-release(5): NAME=value, the value perhaps in quotes."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs if not name.startswith("#")}


def _programs(text: str) -> dict[str, str]:
    """Program -> the first thing in its line that looks like a version ("" when nothing does)."""
    found = {}
    for line in text.splitlines():
        name, _, said = line.partition(" ")
        version = _VERSION.search(said)
        found[name] = version[0] if version else ""
    return found


def _units(text: str) -> dict[str, Unit]:
    """Blocks of ``systemctl show``, an empty line between them."""
    units = {}
    for block in text.split("\n\n"):
        shown = dict(line.partition("=")[::2] for line in block.splitlines())
        name = shown.get("Id", "").removesuffix(".service")
        if name in _OBSERVED_UNITS:
            missing = shown.get("LoadState") == "not-found"
            units[name] = (
                Unit() if missing else Unit(active=shown.get("ActiveState", ""), enabled=shown.get("UnitFileState", ""))
            )
    return units


class _Address(msgspec.Struct):
    """An entry of addr_info in iproute2's JSON."""

    local: str = ""
    prefixlen: int = 0
    dynamic: bool = False


class _Link(msgspec.Struct):
    """A link in iproute2's JSON (ip -j address)."""

    ifname: str = ""
    flags: list[str] = []
    mtu: int = 0
    address: str = ""
    altnames: list[str] = []
    addr_info: list[_Address] = []


def _interfaces(text: str) -> tuple[Interface, ...]:
    """Links of ``ip -j address``; one that has no form we know is left out, the others stay."""
    try:
        entries: list[Any] = msgspec.json.decode(text, type=list[Any])
    except msgspec.DecodeError:
        return ()
    found = []
    for entry in entries:
        try:
            link = msgspec.convert(entry, _Link)
        except msgspec.ValidationError:
            continue
        if link.ifname:
            found.append(
                Interface(
                    name=link.ifname,
                    altnames=tuple(link.altnames),
                    mac=link.address,
                    mtu=link.mtu,
                    up="UP" in link.flags,
                    addresses=tuple(f"{a.local}/{a.prefixlen}" for a in link.addr_info if a.local),
                    dynamic=tuple(f"{a.local}/{a.prefixlen}" for a in link.addr_info if a.local and a.dynamic),
                )
            )
    return tuple(found)


def _manifest(text: str, host: str) -> Manifest | None:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as e:
        raise HostError(
            "ManifestUnreadable",
            f"/var/lib/aksprov/manifest.json on {host or 'the host'} cannot be read",
            where=host,
            why=str(e),
            fix="move the file away (mv /var/lib/aksprov/manifest.json /root/) and run the command again: "
            "the host then counts as new, and files that are right already stay as they are",
        ) from None


def _files(text: str) -> dict[str, FileState]:
    """Lines ``= MODE-IN-HEX USER:GROUP PATH`` of stat, then lines of sha256sum."""
    hashes: dict[str, str] = {}
    found: dict[str, FileState] = {}
    for line in text.splitlines():
        if line.startswith("= "):
            _, raw, owner, path = _pad(line.split(" ", 3), 4)
            if path and re.fullmatch(r"[0-9a-f]{1,8}", raw):
                mode = int(raw, 16)
                found[path] = FileState(
                    path=path,
                    kind=_KINDS.get(stat.S_IFMT(mode), "other"),
                    mode=f"{stat.S_IMODE(mode):04o}",
                    owner=owner,
                )
        elif match := re.fullmatch(r"([0-9a-f]{64})  (/.*)", line):
            hashes[match[2]] = match[1]
    return {
        path: msgspec.structs.replace(state, sha256=hashes.get(path, "")) if state.kind == "file" else state
        for path, state in found.items()
    }
