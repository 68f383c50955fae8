"""A host by its caller's connection, which is here a shell of this machine behind a start file that prints."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.model.transport import Completed
from aksprov.transport import TransportOptions, connector
from aksprov.transport.carried import CarriedConnection

HERE = Host(name="Here", address="127.0.0.1", os="linux")


class Sh:
    """A carrier; what its shell prints first is not an answer."""

    host = "here"

    def __init__(self, start: str = "echo welcome; echo motd >&2; ") -> None:
        self.start = start

    async def __call__(self, command: str, stdin: bytes) -> Completed:
        done = subprocess.run(["sh", "-c", self.start + command], input=stdin, capture_output=True, check=False)
        return Completed(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_scripts_their_standard_input_and_what_they_say() -> None:
    connection = CarriedConnection(HERE, Sh())
    one = asyncio.run(connection.run("printf 'no newline'; echo why >&2; exit 9"))
    two = asyncio.run(connection.run("wc -c; cat", b"\0'\"\n" * 50_000))
    assert (one.status, one.stdout) == (9, b"no newline") and one.stderr.endswith(b"why\n")
    assert two.stdout.strip() == b"200000"


def test_a_shell_that_does_not_start_our_script_says_why() -> None:
    with pytest.raises(HostError) as raised:
        asyncio.run(CarriedConnection(HERE, Sh("echo This account is closed; exit 1; ")).run("true"))
    assert raised.value.code == "HostShellBroken" and "closed" in raised.value.why


def test_no_other_host_is_reached() -> None:
    other = Host(name="other", address="127.0.0.1", os="linux", connection="local")
    with pytest.raises(HostError) as raised:
        asyncio.run(connector(TransportOptions(carrier=Sh()))(other))
    assert raised.value.code == "HostNotCarried"
