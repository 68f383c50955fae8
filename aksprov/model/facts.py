"""What a host says of itself, as parsed from one script's answer."""

from __future__ import annotations

import msgspec

from aksprov.model.base import Value, Wire
from aksprov.model.situation import Situation


class Interface(Value, frozen=True, kw_only=True):
    """A network interface.

    Args:
        addresses: in CIDR form as the kernel shows them, e.g. "10.0.0.11/24".
        dynamic: those of them that last only for a time, as by DHCP; not known on Windows.
    """

    name: str
    altnames: tuple[str, ...] = ()
    mac: str = ""
    mtu: int = 0
    up: bool = False
    addresses: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()


class Unit(Value, frozen=True, kw_only=True):
    """A systemd unit: its ActiveState and UnitFileState ("" when there is none)."""

    active: str = ""
    enabled: str = ""


class Facts(Value, frozen=True, kw_only=True):
    """Facts of one host at one moment.

    Args:
        memory_mb: MemTotal in MiB.
        disk_free_mb: free MiB under /var/lib; on Windows, of drive C.
        programs: name -> version for programs that are there (haproxy, keepalived,
            containerd, kubelet, kubeadm, kubectl, crictl, calicoctl); name -> "" for
            others that a node needs ("runc", "cni/loopback").
        units: for haproxy, keepalived, containerd, kubelet; on Windows services.
        powershell: version of Windows PowerShell, "" on Linux.
        features: Windows features that are installed.
        pending_restart: whether Windows waits for a restart.
        resolver: the file with the name servers that pods can use, "" where it is not known.  systemd-resolved's own
            /etc/resolv.conf names an address of the host itself.
    """

    hostname: str = ""
    os_id: str = ""
    os_version: str = ""
    kernel: str = ""
    architecture: str = ""
    machine_id: str = ""
    boot_id: str = ""
    cpus: int = 0
    memory_mb: int = 0
    disk_free_mb: int = 0
    cgroup: str = ""
    interfaces: tuple[Interface, ...] = ()
    programs: dict[str, str] = {}
    units: dict[str, Unit] = {}
    powershell: str = ""
    features: tuple[str, ...] = ()
    pending_restart: bool = False
    resolver: str = ""


class ManifestFile(Wire, frozen=True, kw_only=True, gc=False):
    """A file that aksprov manages on a host."""

    path: str
    sha256: str
    mode: str
    cluster: str = ""


class Manifest(Wire, frozen=True, kw_only=True):
    """manifest.json on a host: the last thing that a swap writes.

    Args:
        bundle: sha256 over the files' paths, modes and hashes.
    """

    schema: int = 1
    state_id: str = msgspec.field(name="state_id")  # as the contract spells it; a host's script reads it
    epoch: int
    bundle: str
    files: tuple[ManifestFile, ...] = ()


class FileState(Value, frozen=True, kw_only=True, gc=False):
    """A path on a host as it is now.

    Args:
        kind: missing, file, link, directory or other.
        mode: four octal digits, e.g. "0644".
        owner: "user:group" by name.
        sha256: of the content, for a file.
        content: its text, where it was asked for and may be shown; else None.
    """

    path: str
    kind: str = "missing"
    mode: str = ""
    owner: str = ""
    sha256: str = ""
    content: str | None = None


class Observed(Value, frozen=True, kw_only=True):
    """One host, read in one round trip: facts, manifest and managed files.

    Args:
        epoch: the highest epoch that the host has seen, 0 for none.
        ca_certificate: PEM of /etc/kubernetes/pki/ca.crt, "" where there is none.
        ca_key_present: whether /etc/kubernetes/pki/ca.key is there.
        situation: what else the host has.
        lost: readers of which something is not as the host's own file says, of Windows' "firewall" and "services"; or
            will not be, of "network": the host takes an address off again that no run has seen answer.
    """

    host: str
    facts: Facts
    manifest: Manifest | None = None
    epoch: int = 0
    files: dict[str, FileState] = {}
    ca_certificate: str = ""
    ca_key_present: bool = False
    situation: Situation = Situation()
    lost: tuple[str, ...] = ()
