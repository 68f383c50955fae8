"""Both ways to a Windows host, by the real clients: logins, certificates, limits, cut lines, and what each costs.

Seen to fail: without the adapter of a pin (tls.py) a wrong certificate was sent the login; without ``_wake``
(psrp.py) a connection that the server had dropped ended the run.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from windows_lab import USER, WindowsHost, delivery, file, in_loop, small_node, windows_host

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.model.transport import Connection
from aksprov.transport.connect import connector
from aksprov.transport.windows import psrp, winrs

pytestmark = pytest.mark.pwsh
WIRES = [("psrp", 5986), ("psrp", 5985), ("winrm", 5986), ("winrm", 5985)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowsHost]:
    """At an address of its own, as its ports are WinRM's."""
    with windows_host(tmp_path_factory.mktemp("win"), bind="127.0.0.31", http_port=5985, https_port=5986) as host:
        yield host


def reached(host: WindowsHost, **values: Any) -> Host:
    """The inventory's entry, some of it otherwise."""
    return msgspec.structs.replace(host.entry, address="127.0.0.31", **{"port": 5986, **values})


async def error_of(entry: Host) -> HostError:
    """Why no connection comes about."""
    with pytest.raises(HostError) as raised:
        connection = await connector()(entry)
        await connection.close()
    return raised.value


@pytest.mark.parametrize(("wire", "port"), WIRES)
@in_loop
async def test_a_script_gets_what_it_is_given_and_says_what_went_wrong(
    served: WindowsHost, wire: str, port: int
) -> None:
    """Text of every kind passes unharmed in both directions, and an error is one even when the script goes on."""
    words = "a 'b' \"c\" $d `e` [f] %PATH% & | ü 漢 \U0001f600"
    connection = await connector()(reached(served, connection=wire, port=port))
    try:
        said = await connection.run('param() foreach ($line in $input) { "<$line>" }', words.encode())
        assert (said.status, said.stdout.decode(), said.stderr) == (0, f"<{words}>\n", b"")
        failed = await connection.run("'before'; Write-Error 'no such thing'; 'after'")
        assert failed.status == 1 and b"no such thing" in failed.stderr
        assert failed.stdout.split() == [b"before", b"after"]
    finally:
        await connection.close()


@pytest.mark.parametrize(("wire", "port"), [("winrm", 5986), ("psrp", 5985)])
@in_loop
async def test_a_bundle_goes_over_either_wire(served: WindowsHost, wire: str, port: int) -> None:
    odd = "C:/etc/a b/c d.txt"
    files = (*small_node(), file(odd, "ü\n", "data"))
    connection = await connector()(reached(served, connection=wire, port=port))
    try:
        before = await connection.observe([])
        epoch = before.manifest.epoch + 1 if before.manifest else 1
        await connection.put_bundle(delivery(files, epoch=epoch))
        assert await connection.get([odd]) == {odd: "ü\n".encode()}
        assert (await connection.observe([odd])).files[odd].kind == "file"
    finally:
        await connection.close()
    assert served.state["services"]["containerd"]["status"] == "Running"
    assert served.litter() == []


@in_loop
async def test_an_unchanged_host_and_a_first_push_cost_few_round_trips(tmp_path: Path) -> None:
    many = tuple(file(f"C:/etc/many/{n}.txt", f"{n}\n" * 40, "data") for n in range(200))
    with windows_host(tmp_path, bind="127.0.0.32", http_port=5985, https_port=5986) as host:
        for port, first, again in ((5986, 18, 9), (5985, 22, 10)):
            entry = msgspec.structs.replace(host.entry, address="127.0.0.32", port=port)
            epoch = 1 if port == 5986 else 2
            before = host.served.stats["round_trips"]
            await once(entry, delivery((*small_node(), *many), epoch=epoch))
            assert host.served.stats["round_trips"] - before <= first
            before = host.served.stats["round_trips"]
            await once(entry, None)
            assert host.served.stats["round_trips"] - before <= again


async def once(entry: Host, what: Any) -> None:
    """A whole run: open, look, push, look, close."""
    connection = await connector()(entry)
    await connection.observe([])
    if what is not None:
        await connection.put_bundle(what)
        await connection.observe([])
    await connection.close()


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"ca_file": None}, "HostCertificateUntrusted", "--certificate-sha256"),
        ({"ca_file": None, "certificate_sha256": "ab" * 32}, "HostCertificateChanged", "set-host"),
        ({"password_ref": "env:AKSPROV_LAB_WRONG"}, "HostPasswordRefused", "tried once"),
        ({"password_ref": "env:AKSPROV_LAB_WRONG", "auth": "basic"}, "HostPasswordRefused", "basic"),
        ({"port": 5984}, "HostUnreachable", "listener"),
        ({"ca_file": "/nowhere/ca.pem"}, "CertificateFileMissing", "/nowhere/ca.pem"),
        ({"auth": "credssp"}, "HostAuthNotInstalled", "aksprov[credssp]"),
        ({"auth": "kerberos"}, "HostAuthNotInstalled", "aksprov[kerberos]"),
    ],
    ids=["untrusted", "another certificate", "password", "basic", "nobody listens", "no file", "credssp", "kerberos"],
)
@pytest.mark.parametrize("wire", ["psrp", "winrm"])
@in_loop
async def test_who_is_not_who_they_say_is_told(
    served: WindowsHost, monkeypatch: pytest.MonkeyPatch, wire: str, values: dict[str, Any], code: str, words: str
) -> None:
    """One row with its cure; a password is tried once, and none goes to a host whose certificate is not trusted."""
    monkeypatch.setenv("AKSPROV_LAB_WRONG", "wrong")
    logins = [r for r in served.served.records if r.get("auth")]
    error = await error_of(reached(served, connection=wire, **values))
    assert (error.code, words in error.fix + error.why) == (code, True), error
    if code.startswith("HostCertificate"):
        assert isinstance(error, HostAuthError) and fingerprint(served) in error.why
        assert [r for r in served.served.records if r.get("auth")] == logins


def fingerprint(host: WindowsHost) -> str:
    """Of the certificate that the host shows."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(host.served.cert.read_text())).hexdigest()


@pytest.mark.parametrize("auth", ["ntlm", "basic", None])
@pytest.mark.parametrize("wire", ["psrp", "winrm"])
@in_loop
async def test_logins_with_a_pinned_certificate(served: WindowsHost, wire: str, auth: str | None) -> None:
    entry = reached(served, connection=wire, auth=auth, ca_file=None, certificate_sha256=fingerprint(served))
    connection = await connector()(entry)
    try:
        assert (await connection.run("whoami")).stdout.decode().strip().lower().endswith(USER.lower())
    finally:
        await connection.close()


@in_loop
async def test_an_expired_certificate_is_told_with_its_date_and_names(tmp_path: Path) -> None:
    with windows_host(tmp_path, cert_days=-3, cert_names=("old.example",)) as host:
        error = await error_of(host.entry)
        assert error.code == "HostCertificateUntrusted"
        assert "old.example" in error.why and "valid until" in error.why
        pinned = msgspec.structs.replace(host.entry, certificate_sha256=fingerprint(host))
        await (await connector()(pinned)).close()


@in_loop
async def test_limits_of_the_host_are_rows(tmp_path: Path) -> None:
    with windows_host(tmp_path, max_envelope_kb=50, max_shells_per_user=1) as host:
        connection = await connector()(host.entry)
        try:
            assert (await error_of(host.entry)).code == "HostQuotaReached"
            with pytest.raises(HostError) as raised:
                big = file("C:/etc/big.txt", "".join(f"{n:x}" for n in range(200_000)), "data")
                await connection.put_bundle(delivery((big,)))
            assert raised.value.code == "HostEnvelopeTooSmall"
        finally:
            await connection.close()


@pytest.mark.parametrize("wire", ["psrp", "winrm"])
@in_loop
async def test_a_connection_that_was_idle_is_made_anew_in_the_same_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: str
) -> None:
    monkeypatch.setattr(psrp, "DROPPED_SECONDS", 1)
    monkeypatch.setattr(winrs, "DROPPED_SECONDS", 1)
    with windows_host(tmp_path, bind="127.0.0.33", http_port=5985, https_port=5986, keepalive_s=0.5) as host:
        entry = msgspec.structs.replace(host.entry, address="127.0.0.33", port=5985, connection=wire)
        connection = await connector()(entry)
        try:
            assert (await connection.run("$global:kept = 'kept'; 'first'")).stdout == b"first\n"
            await asyncio.sleep(1.5)
            # of a runspace it is the same; WinRS starts a program each time, in the same shell
            said = await connection.run("if ($global:kept) { $global:kept } else { 'new' }")
            assert said.stdout == {"psrp": b"kept\n", "winrm": b"new\n"}[wire]
            assert host.served.stats["Create"] == 1
        finally:
            await connection.close()


@in_loop
async def test_a_script_that_does_not_end_is_given_up(served: WindowsHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aksprov.transport.windows.connection.ANSWER_SECONDS", 1)
    monkeypatch.setattr(psrp, "NEWS_SECONDS", 1)
    connection: Connection = await connector()(reached(served))
    try:
        with pytest.raises(HostError) as raised:
            await connection.run("Start-Sleep -Seconds 60")
        assert raised.value.code == "HostTimeout"
    finally:
        await connection.close()
