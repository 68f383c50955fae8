"""A small cluster, and a connection to this machine by its own sh: real answers without SSH."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from aksprov.errors import HostError
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Observed
from aksprov.model.host import Host, Role
from aksprov.model.network import AddressRange, Network
from aksprov.model.transport import Completed, Connection, Delivery, Receipt


class LocalShell:
    """Runs scripts here.

    Args:
        keep: how many bytes of an answer arrive; None is all of them.
        error: raised instead of running anything.
    """

    def __init__(self, name: str, *, keep: int | None = None, error: HostError | None = None) -> None:
        self.host = Host(name=name, address="127.0.0.1", os="linux", connection="local")
        self._keep, self._error = keep, error

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        if self._error:
            raise self._error
        process = await asyncio.create_subprocess_exec("sh", "-c", script, stdin=-1, stdout=-1, stderr=-1)
        stdout, stderr = await process.communicate(stdin)
        return Completed(status=process.returncode or 0, stdout=stdout[: self._keep], stderr=stderr)

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        raise NotImplementedError

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        raise NotImplementedError

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        raise NotImplementedError

    async def tcp_open(self, address: str, port: int) -> bool:
        raise NotImplementedError

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class OpenShell(Protocol):
    """Makes a :class:`LocalShell`."""

    def __call__(self, name: str, *, keep: int | None = None, error: HostError | None = None) -> Connection: ...


@pytest.fixture
def local_shell() -> OpenShell:
    """Opens connections to this machine."""
    return LocalShell


class MakeDesired(Protocol):
    """Makes a cluster."""

    def __call__(self, roles: dict[str, Role], *, version: str = ..., site: str | None = ...) -> Desired: ...


@pytest.fixture
def desired_of() -> MakeDesired:
    """A cluster whose hosts have the given roles; its VIP is 10.0.0.100."""
    return make_desired


VIP = "10.0.0.100"


def make_desired(roles: dict[str, Role], *, version: str = "v1.36.4", site: str | None = None) -> Desired:
    """A cluster whose hosts have these roles."""
    nodes = [
        Node(host=host, cluster="demo", role=role, index=n, address=f"10.0.0.{n + 11}", interface="eth0")
        for n, (host, role) in enumerate(roles.items())
    ]
    network = Network(
        name="labnet",
        vswitch_name="external",
        ip_address_prefix="10.0.0.0/24",
        gateway="10.0.0.1",
        dns_servers=("10.0.0.1",),
        vip_pool=AddressRange(start=VIP, end=VIP),
        node_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
        site=site,
    )
    cluster = Cluster(name="demo", network="labnet", kubernetes_version=version)
    return Desired(cluster=cluster, network=network, nodes=tuple(nodes), vip=VIP, router_id=51)
