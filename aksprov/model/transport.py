"""The seam between a run and a host: one small protocol for every transport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aksprov.model.base import Value
from aksprov.model.bundle import BundleFile, Listen, Reader
from aksprov.model.facts import Manifest, Observed
from aksprov.model.host import Host


class Completed(Value, frozen=True, kw_only=True):
    """What a script on a host answered."""

    status: int
    stdout: bytes
    stderr: bytes = b""


class Delivery(Value, frozen=True, kw_only=True):
    """What is put on one host in one exchange.

    Args:
        files: only those whose content must arrive, every late value filled in.
        removes: paths of managed files that go.
        steps: readers whose check and reload run, in the order of READERS.
        manifest: what manifest.json will say when all is done.
        leaving: key of the cluster that is taken off the host, "" where none is.  Then files that go get
            their original back, the steps are the readers of which nothing stays, whose units and
            settings become what they were found as, and once nothing is managed nothing of ours stays.
        vips: of that cluster; taken off the host's interfaces once keepalived is stopped.
    """

    files: tuple[BundleFile, ...]
    removes: tuple[str, ...]
    steps: tuple[Reader, ...]
    listens: tuple[Listen, ...]
    manifest: Manifest
    leaving: str = ""
    vips: tuple[str, ...] = ()


class StepResult(Value, frozen=True, kw_only=True):
    """How one step of a delivery ended: done, failed or undone (put back)."""

    step: str
    result: str
    details: str = ""


class Receipt(Value, frozen=True, kw_only=True):
    """The host's answer to a delivery, in the order of the steps."""

    steps: tuple[StepResult, ...]


class Connection(Protocol):
    """An open connection to one host.  Every method raises HostError on failure."""

    host: Host

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """Run a POSIX sh (or PowerShell) script as the privileged user."""
        ...

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """Facts, manifest and the state of its files and of ``paths``: one exchange.

        Args:
            facts: False where nobody needs the facts: they may be left out.
        """
        ...

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of files; one that is missing is left out."""
        ...

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Stage, check, swap, reload, verify, manifest; or put everything back.

        Raises:
            HostError: with the step that failed; the old configuration is in force.
        """
        ...

    async def tcp_open(self, address: str, port: int) -> bool:
        """Whether a TCP connection from this host to ``address:port`` opens."""
        ...

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Send to a UNIX socket on the host, read to its end; None when not possible."""
        ...

    async def close(self) -> None:
        """End the connection.  Never raises."""
        ...


class Carrier(Protocol):
    """A program that called ours and reaches one host by a connection of its own, as Ansible does.

    Attributes:
        host: key of that host.
    """

    host: str

    async def __call__(self, command: str, stdin: bytes) -> Completed:
        """Run a command line there as the privileged user; raises HostError where it could not."""
        ...


class Connect(Protocol):
    """Opens a connection; raises HostError or HostAuthError."""

    async def __call__(self, host: Host) -> Connection:
        """Connect and log in."""
        ...
