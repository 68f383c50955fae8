"""Reads the parts of ``transport/posix/situation.sh`` that tell what else a host has.  Lenient, as all of facts is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from itertools import pairwise

from aksprov.model.situation import Listener, Route, Service, Situation

_OWNER = re.compile(r'\("([^"]*)",pid=(\d+)')
_ARGV = re.compile(r"argv\[\]=(.*?) ; ")
Parts = Mapping[str, str]


def parse_situation(parts: Parts, between: tuple[float, float] | None) -> Situation:
    """Read them.

    Args:
        parts: name -> text.
        between: the controller's clock when the host was asked and when it had answered, in seconds since 1970.
    """
    kernel = [line.split(" ", 2) for line in parts.get("kernel", "").splitlines()]
    return Situation(
        begun=parts.get("/var/lib/aksprov/originals/kubeadm", "").strip(),
        clock_off=_clock_off(parts.get("clock", "").strip(), between),
        modules={
            words[1]: words[2] for words in kernel if words[0] == "module" and len(words) == 3 and _fails(words[2])
        },
        controllers=_controllers(kernel, parts.get("/proc/cgroups", "")),
        swaps=tuple(line.split()[0] for line in parts.get("/proc/swaps", "").splitlines()[1:] if line.strip()),
        swap_sources=tuple(_swap_sources(parts)),
        listeners=tuple(_listeners(parts.get("ports", ""))),
        routes=tuple(_routes(parts.get("routes", ""))),
        cni_files=tuple(path.rpartition("/")[2] for path in parts.get("cni", "").splitlines()),
        remains=(*parts.get("left", "").splitlines(), *_chains(parts.get("chains", ""))),
        name_servers=tuple(
            w[1] for w in map(str.split, parts.get("resolv", "").splitlines()) if w[:1] == ["nameserver"] and w[1:]
        ),
        resolved=_is_resolved(parts),
        environment=_environments(parts.get("environment", "")),
        services=dict(_services(parts.get("units", ""))),
        kubelet_defaults={
            name: value
            for path in ("/etc/default/kubelet", "/etc/sysconfig/kubelet")
            for name, value in _assignments(parts.get(path, "").splitlines()).items()
        },
        containerd_configuration=parts.get("containerd", ""),
        package_lock=_holder(parts.get("packages", "")),
    )


def _clock_off(said: str, between: tuple[float, float] | None) -> float | None:
    """Only what cannot be the time that the answer took; the host's seconds are whole."""
    if between is None or not (said.isascii() and said.isdigit() and len(said) < 12):
        return None
    asked, answered = between
    ahead, behind = int(said) - answered, int(said) + 1 - asked
    return ahead if ahead > 0 else behind if behind < 0 else 0.0


def _fails(said: str) -> bool:
    """Whether modprobe, told to show what it would do, finds no module, or one that is switched off."""
    return "not found in directory" in said or re.search(r"install (/usr)?/bin/(false|true)", said) is not None


def _controllers(kernel: Iterable[list[str]], table: str) -> frozenset[str]:
    """Of the unified hierarchy; of the older ones where that has none."""
    unified = next(
        (w for words in kernel if words[0] == "controllers" for w in [" ".join(words[1:]).split()] if w), None
    )
    rows = (line.split() for line in table.splitlines() if not line.startswith("#"))
    return frozenset(unified or (row[0] for row in rows if len(row) == 4 and row[3] == "1"))


def _swap_sources(parts: Parts) -> Iterator[str]:
    lines = [line.split() for line in parts.get("/etc/fstab", "").splitlines() if not line.strip().startswith("#")]
    listed = [w[0] for w in lines if len(w) > 3 and w[2] == "swap" and "noauto" not in w[3].split(",")]
    yield from (f"/etc/fstab: {device}" for device in listed)
    for path in parts.get("swapunits", "").splitlines():
        # systemd makes units of the lines of fstab
        if not (listed and path.startswith("/run/systemd/generator/")):
            yield path


def _listeners(text: str) -> Iterator[Listener]:
    for line in text.splitlines():
        words = line.split(None, 5)
        if len(words) < 5 or words[0] != "LISTEN":
            continue
        address, _, port = words[3].rpartition(":")
        owner = _OWNER.search(words[5]) if len(words) > 5 else None
        if port.isascii() and port.isdigit() and len(port) < 6:
            yield Listener(address=address, port=int(port), process=f"{owner[1]} (pid {owner[2]})" if owner else "")


def _routes(text: str) -> Iterator[Route]:
    """Lines of ip route; what has no device (unreachable ...) leads nowhere that could be mistaken."""
    for line in text.splitlines():
        first, *rest = line.split() or [""]
        try:
            prefix = ip_network(first)
        except ValueError:
            continue
        said = dict(pairwise(rest))
        if "dev" in said and not prefix.is_link_local and not prefix.is_multicast:
            yield Route(prefix=str(prefix), device=said["dev"], gateway=said.get("via", ""))


def _chains(text: str) -> Iterator[str]:
    """Lines of iptables-save that begin a chain."""
    names = sorted(set(text.split()))
    return (f"chain {name.lstrip(':')} of iptables" for name in names)


def _is_resolved(parts: Parts) -> bool:
    blocks = (dict(line.partition("=")[::2] for line in b.splitlines()) for b in parts.get("units", "").split("\n\n"))
    active = any(b.get("Id") == "systemd-resolved.service" and b.get("ActiveState") == "active" for b in blocks)
    return active and "# by systemd-resolved" in parts.get("resolv", "").splitlines()


def _environments(text: str) -> dict[str, dict[str, str]]:
    lines = text.splitlines()
    shown = [line for line in lines if line.startswith("Environment=")]
    manager = _assignments(_words(shown[-1].partition("=")[2])) if shown else {}
    logins = _assignments(line for line in lines if line not in shown)
    return {place: found for place, found in (("/etc/environment", logins), ("systemd", manager)) if found}


def _assignments(lines: Iterable[str]) -> dict[str, str]:
    """NAME=value, the value perhaps in quotes; "export" before it does no harm."""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines if not line.strip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}


def _services(text: str) -> Iterator[tuple[str, Service]]:
    for block in text.split("\n\n"):
        shown: dict[str, list[str]] = {}
        for name, _, value in (line.partition("=") for line in block.splitlines()):
            shown.setdefault(name, []).append(value)
        unit = "".join(shown.get("Id", [])).removesuffix(".service")
        if unit and shown.get("LoadState") == ["loaded"]:
            commands = [m[1] for said in shown.get("ExecStart", []) if (m := _ARGV.search(said))]
            yield (
                unit,
                Service(
                    drop_ins=tuple(" ".join(shown.get("DropInPaths", [])).split()),
                    command=tuple(" ".join(commands[-1:]).split()),
                    environment=_assignments(_words(" ".join(shown.get("Environment", [])))),
                ),
            )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _holder(text: str) -> str:
    """The first who holds one of the locks: a line "PID NAME"."""
    pid, _, name = text.partition("\n")[0].partition(" ")
    return f"{name.strip() or 'a process'} (pid {pid})" if pid else ""
