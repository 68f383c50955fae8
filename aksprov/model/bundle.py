"""A bundle: the rendered files of one host, and what goes with them."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from aksprov.model.base import Value
from aksprov.model.names import RESERVED

# Who reads a file.  The order is the order of the swap: a host's own address, which others bind to, then files that
# other files name, then modules and sysctls (Windows: features and firewall), then each program's configuration
# (checked with that program before it is swapped in), HAProxy before keepalived, Windows' services after what they
# read.
Reader = Literal[
    "network", "named", "modules", "sysctl", "systemd", "features", "firewall", "containerd", "haproxy", "keepalived",
    "services", "kubeadm", "data",
]  # fmt: skip
READERS: tuple[Reader, ...] = (
    "network", "named", "modules", "sysctl", "systemd", "features", "firewall", "containerd", "haproxy", "keepalived",
    "services", "kubeadm", "data",
)  # fmt: skip

# Where a managed file is read from, once there is no bundle any more that says who reads it.
_READER_OF_PLACE: tuple[tuple[str, Reader], ...] = (
    ("/etc/modules-load.d/", "modules"),
    ("/etc/sysctl.d/", "sysctl"),
    ("/etc/systemd/network/", "network"),
    ("/etc/netplan/", "network"),
    ("/etc/systemd/", "systemd"),
    ("/etc/containerd/", "containerd"),
    ("/etc/haproxy/haproxy.cfg", "haproxy"),
    ("/etc/keepalived/keepalived.conf", "keepalived"),
    ("C:/ProgramData/aksprov/features.json", "features"),
    ("C:/ProgramData/aksprov/firewall.json", "firewall"),
    ("C:/ProgramData/aksprov/services.json", "services"),
    ("C:/Program Files/containerd/config.toml", "containerd"),
)

ROOT = "root:root"
# BUILTIN\Administrators: by SID, since its name is another one on a Windows of another language.
ADMINISTRATORS = "S-1-5-32-544"

_PATH = re.compile(r"/[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*")
# What Windows takes for a name, and keeps: it drops blanks and dots at the end.  "PROGRA~1" is a short name of
# something else.  Source: "Naming Files, Paths, and Namespaces" of the Win32 documentation.
_WINDOWS_PATH = re.compile(r'[A-Z]:(/(?! )[^<>:"/\\|?*]*[^<>:"/\\|?* .])+')
_SHORT_NAME = re.compile(r"~[0-9]")
_DEVICES = RESERVED | {"conin$", "conout$"} | {f"{port}{n}" for port in ("com", "lpt") for n in "\u00b9\u00b2\u00b3"}
# MAX_PATH is 260; the original of a file is kept under a longer name, and so is what is staged.
_WINDOWS_LENGTH = 200
_WINDOWS_MODES = ("0600", "0644")


def is_windows_path(path: str) -> bool:
    """Whether a bundle's path is one of a Windows host ("C:/ProgramData/x")."""
    return path[1:3] == ":/"


def reader_of_place(path: str) -> Reader:
    """Who reads the file at ``path``; "data" where nobody in particular does."""
    return next((reader for place, reader in _READER_OF_PLACE if path.startswith(place)), "data")


def folder_path(path: str) -> str:
    """Where a folder that stands for the host has the file: "etc/x", "C/ProgramData/x"."""
    return path[0] + path[2:] if is_windows_path(path) else path.lstrip("/")


class BundleFile(Value, frozen=True, kw_only=True, gc=False):
    """A file that belongs on a host.

    On Windows a mode stands for a protected access list by SID: SYSTEM (S-1-5-18) and
    Administrators (S-1-5-32-544) have full control, with "0644" Users (S-1-5-32-545) read and
    execute as well, and nobody else has any access.  Nothing is inherited, since what lies below
    C:/ProgramData otherwise lets every user add files.  SIDs: "Well-known SIDs", MS-DTYP 2.4.2.4.

    Args:
        path: absolute; POSIX, letters, digits and ``._@+-`` only, no ``..``; or Windows with an upper-case
            drive letter and slashes ("C:/Program Files/x"), of at most 200 UTF-16 units, whose names are as
            Windows takes and keeps them: printable, any letters, no devices, no blank at their beginning or end.
        mode: four octal digits; on Windows 0600 or 0644.
        owner: "user:group"; on Windows the SID of the Administrators.
        content: its text; None when it is exactly a late value that is not known yet, or lies where it is until it is
            sent.
        late: name of the late value that is its content, or "".
        digest: SHA-256 of a content that lies where it is, hexadecimal, or "".
        reader: who reads it (decides order, check and reload).
        cluster: the cluster it belongs to.
    """

    path: str
    content: str | None
    reader: Reader
    cluster: str
    mode: str = "0644"
    owner: str = ROOT
    late: str = ""
    digest: str = ""

    @property
    def sha256(self) -> str | None:
        """SHA-256 of its content, hexadecimal; None while that waits for its late value."""
        if self.content is None:
            return self.digest or None
        return hashlib.sha256(self.content.encode()).hexdigest()

    def __post_init__(self) -> None:
        if not _well_formed(self.path):
            raise ValueError(f"not a path that a bundle may hold: {self.path!r}")
        if is_windows_path(self.path) and (self.mode not in _WINDOWS_MODES or self.owner != ADMINISTRATORS):
            raise ValueError(f"{self.path} cannot have mode {self.mode} and owner {self.owner} on Windows")
        if self.content is None and not self.late and not self.digest:
            raise ValueError(f"{self.path} has neither content nor a late value")


def _well_formed(path: str) -> bool:
    names = path.split("/")[1:]
    if is_windows_path(path):
        # Windows takes "con.txt" and "con .txt" for the device, too
        devices = any(n.split(".")[0].rstrip(" ").lower() in _DEVICES for n in names)
        fits = path.isprintable() and len(path.encode("utf-16-le")) // 2 <= _WINDOWS_LENGTH
        return fits and bool(_WINDOWS_PATH.fullmatch(path)) and not devices and not _SHORT_NAME.search(path)
    return bool(_PATH.fullmatch(path)) and ".." not in names


class Listen(Value, frozen=True, kw_only=True):
    """An address and port that a unit must listen on after a reload."""

    unit: str
    address: str
    port: int


class Bundle(Value, frozen=True, kw_only=True):
    """All files of one host, sorted by path, and the sockets they must lead to.

    Args:
        given: addresses that its files give the host.
    """

    host: str
    files: tuple[BundleFile, ...]
    listens: tuple[Listen, ...] = ()
    given: tuple[str, ...] = ()
