"""What a lab is to be, as it travels from the caller to the lab's own processes (JSON)."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Required, TypedDict

Kind = Literal["full", "light"]
Cgroups = Literal["unified", "v1"]


class LabError(RuntimeError):
    """A lab, or a program in it, did not do what was asked."""


class HostFeatures(TypedDict, total=False):
    """What a host can be besides the default.

    Args:
        kind: "full" (systemd boots; the default) or "light" (only sshd).
        cgroups: "unified" (only cgroup2; the default) or "v1" (with the machine's v1 controllers: container runtimes).
        data_dirs: directories that must not be on overlayfs, e.g. "/var/lib/containerd".
        devices: more nodes of the machine's /dev, e.g. "kmsg".
        keep_caps: capabilities not to take away (see hostinit.DROPPED_CAPS), e.g. "syslog".
        init_args: arguments for systemd.
    """

    kind: Kind
    cgroups: Cgroups
    data_dirs: list[str]
    devices: list[str]
    keep_caps: list[str]
    init_args: list[str]


class SecondNic(TypedDict, total=False):
    """A host's eth1.

    Args:
        bridge: what it is plugged into, such as "br1"; hosts with the same one share a segment.
        ip: its address with the length of the prefix, such as "192.168.1.11/24"; left out, it has none.
    """

    bridge: Required[str]
    ip: str


class HostOptions(HostFeatures, total=False):
    """A host as the caller asks for it.

    Args:
        name: a DNS label, unique in the lab.
        ip: an address in the lab's network; left out, the 11th, 12th ... of it in the hosts' order.
        second: a network card besides eth0, which is in the lab's network.
    """

    name: Required[str]
    ip: str
    second: SecondNic


# For containerd and runc (or a kubelet) on a machine that has v1 controllers:
# Lab([{"name": "w1", **RUNTIME}], packages=["containerd", "runc"])
RUNTIME: HostFeatures = {
    "cgroups": "v1",
    "data_dirs": ["/var/lib/containerd", "/var/lib/kubelet"],
    "devices": ["kmsg"],
    "keep_caps": ["syslog"],
}


@dataclass(frozen=True)
class HostSpec:
    """A host with everything decided.

    Args:
        veth: the bridge's end of its cable.
        bridge, second_ip: of its eth1, "" where it has none.
        host_key, host_key_public: its ed25519 SSH host key pair, in OpenSSH's files' form.
    """

    name: str
    ip: str
    veth: str
    mac: str
    machine_id: str
    host_key: str = ""
    host_key_public: str = ""
    kind: Kind = "full"
    cgroups: Cgroups = "unified"
    data_dirs: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    keep_caps: tuple[str, ...] = ()
    init_args: tuple[str, ...] = ()
    bridge: str = ""
    second_ip: str = ""


@dataclass(frozen=True)
class LabSpec:
    """A whole lab.

    Args:
        lower: the shared Debian root.
        upper: "tmpfs" (what hosts write is in memory) or "disk" (in the state directory).
        prefix: the length of the network's prefix.
        sshd_config: more of sshd's configuration, for every host.
        keep: the lab outlives the process that made it.
    """

    id: str
    lower: str
    upper: Literal["tmpfs", "disk"]
    tmpfs_size: str
    gateway: str
    prefix: int
    public_key: str
    etc_hosts: str
    sshd_config: str
    keep: bool
    hosts: tuple[HostSpec, ...]

    def write(self, state: Path) -> None:
        """Leave it in the lab's state directory; root only, as the hosts' keys are in it."""
        path = state / "spec.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, state: Path) -> LabSpec:
        """The one that ``write`` left."""
        values: dict[str, Any] = json.loads((state / "spec.json").read_text())
        hosts = tuple(HostSpec(**host) for host in values.pop("hosts"))
        return cls(**values, hosts=hosts)


def host_specs(hosts: list[HostOptions], network: ipaddress.IPv4Network) -> tuple[HostSpec, ...]:
    """Decide what the caller left open.

    Raises:
        ValueError: a name or address that is not possible or there twice, an unknown kind.
    """
    specs: dict[str, HostSpec] = {}
    for index, options in enumerate(hosts):
        spec = _host_spec(index, options, network)
        if spec.name in specs or spec.ip in {other.ip for other in specs.values()}:
            raise ValueError(f"two hosts have the name {spec.name!r} or the address {spec.ip}")
        specs[spec.name] = spec
    return tuple(specs.values())


def _host_spec(index: int, options: HostOptions, network: ipaddress.IPv4Network) -> HostSpec:
    name = options["name"]
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise ValueError(f"a host's name must be a DNS label: {name!r}")
    kind, groups = options.get("kind", "full"), options.get("cgroups", "unified")
    if kind not in ("full", "light") or groups not in ("unified", "v1"):
        raise ValueError(f"{name}: no such kind or cgroups: {kind}, {groups}")
    ip = ipaddress.IPv4Address(options.get("ip", network[11 + index]))
    if ip not in network or ip == network[1]:
        raise ValueError(f"{name}: {ip} is not an address for a host of {network}")
    second = options.get("second")
    return HostSpec(
        name=name,
        ip=str(ip),
        veth=f"h{index}",
        mac="02:77:" + ":".join(f"{byte:02x}" for byte in ip.packed),
        machine_id=hashlib.sha256(f"{secrets.token_hex(8)}{name}".encode()).hexdigest()[:32],
        kind=kind,
        cgroups=groups,
        data_dirs=tuple(options.get("data_dirs", ())),
        devices=tuple(options.get("devices", ())),
        keep_caps=tuple(options.get("keep_caps", ())),
        init_args=tuple(options.get("init_args", ())),
        bridge=second["bridge"] if second else "",
        second_ip=second.get("ip", "") if second else "",
    )
