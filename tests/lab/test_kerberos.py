"""Logins with tickets of a real KDC, MIT's of Debian: both wires, HTTPS and sealed HTTP, and what can be wrong.

Seen to fail: without LOGIN_FAILURES (psrp.py) a wrong password was a bug of ours; without the look at the host's
clock (diagnosis.py) a host ten minutes ahead was a wrong password.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from windows_lab import PASSWORD, in_loop, pwsh

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.transport.connect import connector

pytestmark = [pytest.mark.kerberos, pytest.mark.pwsh, pytest.mark.slow]

USER = "Administrator@LAB.TEST"
ADDRESSES = ("127.0.0.77", "127.0.0.78")
CLIENT = """[libdefaults]
 default_realm = LAB.TEST
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
[realms]
 LAB.TEST = {{
  kdc = 127.0.0.1:{port}
 }}
"""
SERVER = """[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 LAB.TEST = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
 }}
"""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A KDC with one user and the services of one host; this process's Kerberos is of its realm."""
    folder = tmp_path_factory.mktemp("kdc")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "krb5.conf").write_text(CLIENT.format(port=port))
    (folder / "away.conf").write_text(CLIENT.format(port=9))
    (folder / "kdc.conf").write_text(SERVER.format(port=port, folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(folder / "krb5.conf"))
        patch.setenv("KRB5_KDC_PROFILE", str(folder / "kdc.conf"))
        patch.setenv("KRB5_KTNAME", str(folder / "keytab"))
        patch.setenv("KRB5CCNAME", str(folder / "cc"))
        patch.setenv("AKSPROV_LAB_WINDOWS_PASSWORD", PASSWORD)
        subprocess.run(["kdb5_util", "create", "-s", "-P", "master"], check=True, capture_output=True)
        services = [f"{service}/{address}" for service in ("host", "HTTP") for address in ADDRESSES]
        made = [f"addprinc -pw {PASSWORD} {USER}", *(f"addprinc -randkey {name}" for name in services)]
        for line in (*made, f"ktadd -k {folder}/keytab {' '.join(services)}"):
            subprocess.run(["kadmin.local", "-q", line], check=True, capture_output=True)
        kdc = subprocess.Popen([shutil.which("krb5kdc") or "krb5kdc", "-n"], stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            subprocess.run(["kinit", USER], input=PASSWORD, text=True, check=True, capture_output=True)
            yield folder
        finally:
            kdc.terminate()
            kdc.wait()


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the KDC does not listen")


@contextlib.contextmanager
def served(root: Path, address: str, *clock: str) -> Iterator[Host]:
    """A Windows host in a process of its own, whose clock may be another one."""
    command = [sys.executable, "-m", "winrmhost", "--root", str(root), "--pwsh", pwsh(), "--bind", address]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    host = subprocess.Popen(
        [*clock, *command], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert host.stdout is not None
    try:
        said = json.loads(host.stdout.readline())
        yield Host(
            name="win1", address=address, os="windows", connection="psrp", user=USER, auth="kerberos",
            ca_file=said["cert"], password_ref="env:AKSPROV_LAB_WINDOWS_PASSWORD",
        )  # fmt: skip
    finally:
        os.killpg(host.pid, signal.SIGTERM)  # faketime's child is one, too
        host.wait(30)
        host.stdout.close()


@pytest.fixture(scope="module")
def host(realm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with served(tmp_path_factory.mktemp("win"), ADDRESSES[0]) as entry:
        yield entry


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize("port", [5986, 5985])
@pytest.mark.parametrize("wire", ["psrp", "winrm"])
@in_loop
async def test_a_ticket_opens_a_host(host: Host, wire: Any, port: int, auth: Any) -> None:
    """Over winrm negotiate is NTLM, as the page on logins says, so a domain's user is refused there."""
    entry = msgspec.structs.replace(host, connection=wire, port=port, auth=auth)
    if (wire, auth) == ("winrm", "negotiate"):
        assert await code_of(entry) == "HostPasswordRefused"
        return
    connection = await connector()(entry)
    try:
        assert (await connection.run("whoami")).stdout.decode().strip().endswith("administrator@lab.test")
    finally:
        await connection.close()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # pypsrp leaves a socket to the collector
@in_loop
async def test_what_a_domain_refuses_is_told_with_its_cure(
    host: Host, realm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_tickets = {"KRB5CCNAME": str(realm / "none")}
    away = {"KRB5_CONFIG": str(realm / "away.conf")}
    for variables, changes, code, words in (
        ({"WRONG": "no"}, {"password_ref": "env:WRONG"}, "HostPasswordRefused", "env:WRONG"),
        ({}, {"user": "nobody@LAB.TEST"}, "HostTicketRefused", "capitals"),
        (away, {}, "HostTicketRefused", "port 88"),
        (no_tickets, {"connection": "winrm"}, "HostTicketRefused", "kinit"),
        # the same address, written as the domain does not know it
        ({}, {"address": "127.0.77", "port": 5985}, "HostTicketRefused", "name in the domain"),
    ):
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            with pytest.raises(HostError) as raised:
                await connector()(msgspec.structs.replace(host, **changes))
        assert (raised.value.code, words in raised.value.fix) == (code, True), raised.value
    del raised
    gc.collect()


@pytest.mark.faketime
@in_loop
async def test_a_clock_that_is_wrong_is_named(realm: Path, tmp_path: Path) -> None:
    with served(tmp_path, ADDRESSES[1], "faketime", "-f", "+10m") as host:
        for wire in ("psrp", "winrm"):
            with pytest.raises(HostError) as raised:
                await connector()(msgspec.structs.replace(host, connection=wire))
            assert (raised.value.code, "ahead of ours" in raised.value.why) == ("HostClockSkew", True), raised.value


async def code_of(entry: Host) -> str:
    with pytest.raises(HostError) as raised:
        await connector()(entry)
    return raised.value.code
