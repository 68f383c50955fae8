"""WinRS: shells of cmd.exe, for hosts where PowerShell remoting is closed, by pywinrm.

A script goes to the host as a file by standard input and runs by ``-File``; its parameters, its secrets and its data
come on standard input, too.  So nothing depends on the length of a command line, and nothing secret is on one.
"""

from __future__ import annotations

import json
import logging
import secrets as random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.transport.windows import diagnosis
from aksprov.transport.windows.endpoint import address_of, auth_of, is_https, place, port_of
from aksprov.transport.windows.ps import bare
from aksprov.transport.windows.refusals import windows_refusal
from aksprov.transport.windows.threads import in_thread
from aksprov.transport.windows.tls import check_version, secure
from aksprov.transport.windows.wire import Ran

T = TypeVar("T")

NEWS_SECONDS: Final = 20
_READ_SECONDS: Final = NEWS_SECONDS + 10
# WinRM's own limit for a message is 500 KiB; base64 and the envelope take the rest.
_SEND_BYTES: Final = 360_000
_UTF8: Final = 65001
IDLE_SECONDS: Final = 180
_IDLE: Final = f"PT{IDLE_SECONDS}S"
# HTTP.sys drops a connection that was idle for 120 s; see psrp.py.
DROPPED_SECONDS: Final = 60
_POWERSHELL: Final = (
    "powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -InputFormat Text -OutputFormat Text"
)
_FOLDER: Final = "C:\\ProgramData\\aksprov\\run"
# Exit codes of store.ps1.
_CONSTRAINED, _FORBIDDEN, _INFECTED = 5, 6, 8
# What Windows PowerShell says of a file that is not there: 0xFFFD0000, which WinRS gives with a sign or without.
_NO_FILE: Final = {-0x30000, 0xFFFD0000}

logging.getLogger("winrm").setLevel(logging.WARNING)
# A ticket that cannot be had is an error of ours, and would be a traceback of theirs, too.
logging.getLogger("winrm.vendor.requests_kerberos").setLevel(logging.CRITICAL)


async def open_winrs(host: Host, password: str | None) -> WinrsWire:
    """Connect, log in and open a shell.

    Raises:
        HostError, HostAuthError: see :mod:`aksprov.transport.windows.diagnosis`.
        NotAvailableError: LibraryVersion.
    """
    check_version("pywinrm")
    wire = WinrsWire(host, password)
    await wire.open()
    return wire


class WinrsWire:
    """An open shell; see :class:`aksprov.transport.windows.wire.Wire`."""

    def __init__(self, host: Host, password: str | None) -> None:
        self._host = host
        scheme = "https" if is_https(host) else "http"
        # pywinrm has no negotiate; between it and ntlm only a domain's tickets differ
        auth = "ntlm" if auth_of(host) == "negotiate" else auth_of(host)
        self._protocol = Protocol(
            f"{scheme}://{address_of(host)}:{port_of(host)}/wsman",
            transport=auth,  # type: ignore[arg-type]  # one of the words that it knows
            username=host.user,
            password=password,
            server_cert_validation="validate",
            ca_trust_path=None,  # type: ignore[arg-type]  # tls.secure says what is trusted
            cert_pem=host.key_file,
            cert_key_pem=host.key_file,
            message_encryption="auto" if is_https(host) else "always",
            operation_timeout_sec=NEWS_SECONDS,
            read_timeout_sec=_READ_SECONDS,
            proxy=None,
        )
        self._shell = ""
        self._used = 0.0  # when it was last heard of

    async def open(self) -> None:
        """Log in and open the shell."""
        try:
            await self._call(self._open)
        except HostError:
            await self.abandon()
            raise

    def _open(self) -> None:
        self._connect()
        self._shell = self._protocol.open_shell(codepage=_UTF8, noprofile=True, idle_timeout=_IDLE)

    def _connect(self) -> None:
        """A connection that nothing was sent over yet, but for the login that sealed messages need."""
        transport = self._protocol.transport
        transport.close_session()
        transport.encryption = None  # its keys were those of the old connection
        secure(transport.build_session(), self._host)

    def _wake(self) -> None:
        """Make good what idleness ended; as PowerShell remoting does."""
        idle = time.monotonic() - self._used
        if idle > IDLE_SECONDS / 2:
            self._open()
        elif idle > DROPPED_SECONDS:
            self._connect()

    async def run(
        self,
        script: str,
        parameters: Mapping[str, str],
        *,
        pieces: Iterable[str] = (),
        secrets: Mapping[str, str] | None = None,
        seconds: float,
        answers: bool = False,
    ) -> Ran:
        """Run a script; see :class:`aksprov.transport.windows.wire.Wire`."""
        name = f"{random.token_hex(8)}.ps1"
        store = bare("store").replace("\n", "; ").replace("NAME", name)
        text = bare("carry").replace("'SCRIPT'", script)
        # escaped, so that it is ASCII whatever the host makes of standard input
        given = json.dumps({"parameters": dict(parameters), "secrets": dict(secrets or {})})

        def work() -> Ran:
            self._wake()
            deadline = time.monotonic() + seconds
            stored = self._command(f'{_POWERSHELL} -Command "{store}"', iter([text]), deadline)
            if stored.status:
                return self._not_stored(stored)
            ran = self._command(f"{_POWERSHELL} -File {_FOLDER}\\{name}", _lines(given, pieces), deadline)
            if ran.status in _NO_FILE:  # it was just stored, and the folder is open to administrators alone
                raise self._blocked(ran)
            faults = [line for line in ran.errors.splitlines() if line.strip()]
            if ran.status and not faults:
                faults = [f"the script ended with exit code {ran.status}"]
            return Ran(output=tuple(ran.output.splitlines()), faults=tuple(faults))

        return await self._call(work)

    async def close(self) -> None:
        """End the shell and the connection."""
        try:
            await in_thread(lambda: self._protocol.close_shell(self._shell))
        except (WinRMError, WinRMOperationTimeoutError, WinRMTransportError, *diagnosis.NETWORK_FAILURES):
            return  # what is left of it there ends by itself, once it has been idle

    async def abandon(self) -> None:
        """Close the connection alone."""
        await in_thread(self._protocol.transport.close_session)

    def _command(self, line: str, stdin: Iterator[str], deadline: float) -> _Ended:
        command = self._protocol.run_command(self._shell, line, skip_cmd_shell=True, console_mode_stdin=False)
        try:
            for chunk, last in _chunks(stdin):
                self._protocol.send_command_input(self._shell, command, chunk, end=last)
                if not last and time.monotonic() > deadline:
                    raise diagnosis.silent(self._host)
            output, errors, done, status = bytearray(), bytearray(), False, 0
            while not done:
                try:
                    said, wrong, status, done = self._protocol.get_command_output_raw(self._shell, command)
                    output += said
                    errors += wrong
                except WinRMOperationTimeoutError:
                    pass  # no news yet
                if not done and time.monotonic() > deadline:
                    raise diagnosis.silent(self._host)
        finally:
            self._protocol.cleanup_command(self._shell, command)
        return _Ended(status, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"))

    def _not_stored(self, ended: _Ended) -> Ran:
        if ended.status == _CONSTRAINED:
            raise windows_refusal(self._host.name, [("session", "PowerShellConstrained", "")])
        if ended.status == _INFECTED:
            raise self._blocked(ended)
        if ended.status == _FORBIDDEN:
            raise HostError(
                "HostScriptsForbidden",
                f"{self._host.name} runs no scripts from files",
                where=place(self._host),
                why="a group policy sets its execution policy to Restricted or AllSigned",
                fix=f"use PowerShell remoting (aksprov set-host --name {self._host.name} --connection psrp), "
                "or have the policy allow local scripts (RemoteSigned)",
            )
        return Ran(output=(), faults=(ended.errors.strip()[-500:] or f"exit code {ended.status}",))

    def _blocked(self, ended: _Ended) -> HostError:
        """An antivirus did not let the script's file be written, or took it away."""
        said = " ".join(ended.errors.split())[-500:]
        return windows_refusal(self._host.name, [("session", "HostAntivirusBlocked", said)])

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            result = await in_thread(work)
            self._used = time.monotonic()
            return result
        except InvalidCredentialsError:
            raise await in_thread(lambda: diagnosis.refused_user(self._host)) from None
        except WSManFaultError as e:
            raise diagnosis.fault(self._host, e.wsman_fault_code, e.reason) from None
        except WinRMTransportError as e:
            raise diagnosis.http(self._host, e.code) from None
        except WinRMOperationTimeoutError:
            raise diagnosis.silent(self._host) from None
        except diagnosis.NETWORK_FAILURES as e:
            raise diagnosis.network(self._host, e, begun=bool(self._shell)) from None
        except WinRMError as e:
            raise diagnosis.session(self._host, str(e)) from None


class _Ended:
    """How a command ended."""

    def __init__(self, status: int, output: str, errors: str) -> None:
        self.status, self.output, self.errors = status, output, errors


def _lines(first: str, others: Iterable[str]) -> Iterator[str]:
    yield first
    for other in others:
        yield f"\n{other}"


def _chunks(texts: Iterator[str]) -> Iterator[tuple[bytes, bool]]:
    """What is sent in one message each, and whether it is the last."""
    held = bytearray()
    for text in texts:
        held += text.encode()
        while len(held) > _SEND_BYTES:
            yield bytes(held[:_SEND_BYTES]), False
            del held[:_SEND_BYTES]
    yield bytes(held), True
