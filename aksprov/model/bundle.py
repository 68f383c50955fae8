"""A bundle: the rendered files of one host, and what goes with them."""

from __future__ import annotations

import re
from typing import Literal

from aksprov.model.base import Value

# Who reads a file.  The order is the order of the swap: files that other files name
# come first, then modules and sysctls, then each program's configuration (checked with
# that program before it is swapped in), HAProxy before keepalived.
Reader = Literal["named", "modules", "sysctl", "systemd", "containerd", "haproxy", "keepalived", "kubeadm", "data"]
READERS: tuple[Reader, ...] = (
    "named", "modules", "sysctl", "systemd", "containerd", "haproxy", "keepalived", "kubeadm", "data",
)  # fmt: skip

_PATH = re.compile(r"/[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*")


class BundleFile(Value, frozen=True, kw_only=True):
    """A file that belongs on a host.

    Args:
        path: absolute; letters, digits and ``._@+-`` only, no ``..``.
        mode: four octal digits.
        owner: "user:group".
        content: its text; None when it is exactly a late value that is not known yet.
        late: name of the late value that is its content, or "".
        reader: who reads it (decides order, check and reload).
        cluster: the cluster it belongs to.
    """

    path: str
    content: str | None
    reader: Reader
    cluster: str
    mode: str = "0644"
    owner: str = "root:root"
    late: str = ""

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path) or ".." in self.path.split("/"):
            raise ValueError(f"not a path that a bundle may hold: {self.path!r}")
        if self.content is None and not self.late:
            raise ValueError(f"{self.path} has neither content nor a late value")


class Listen(Value, frozen=True, kw_only=True):
    """An address and port that a unit must listen on after a reload."""

    unit: str
    address: str
    port: int


class Bundle(Value, frozen=True, kw_only=True):
    """All files of one host, sorted by path, and the sockets they must lead to."""

    host: str
    files: tuple[BundleFile, ...]
    listens: tuple[Listen, ...] = ()
