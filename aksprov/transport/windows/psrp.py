"""PowerShell remoting: one WSMan connection and one runspace pool for a host and a run, by pypsrp."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from pypsrp.complex_objects import ObjectMeta, PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.transport.windows import diagnosis
from aksprov.transport.windows.endpoint import auth_of, is_https, port_of
from aksprov.transport.windows.kerberos import LOGIN_FAILURES
from aksprov.transport.windows.threads import in_thread
from aksprov.transport.windows.tls import check_version, secure
from aksprov.transport.windows.wire import Ran

T = TypeVar("T")

# WinRM's own limit for one message (MaxEnvelopeSizekb, 500 since Windows 8): each piece of a bundle fills one.
ENVELOPE_BYTES: Final = 500 * 1024
# A pool that was left alone ends, and what runs in it, after so many seconds: that is how long a killed run holds a
# host's lock.
IDLE_SECONDS: Final = 180
# HTTP.sys drops a connection that was idle for 120 s.  Over HTTP its keys seal the messages, so a message that was
# sealed before the drop is noticed cannot be read; long before that another connection is made.
DROPPED_SECONDS: Final = 60
CONNECT_SECONDS: Final = 10
# How long the host may keep us waiting for news of a script, before it says that there are none.
NEWS_SECONDS: Final = 20
# pypsrp wants to read for longer than the host waits.
_READ_SECONDS: Final = NEWS_SECONDS + 10

# At INFO both libraries write whole scripts to their logs.
logging.getLogger("pypsrp").setLevel(logging.WARNING)


async def open_psrp(host: Host, password: str | None) -> PsrpWire:
    """Connect, log in and open a pool.

    Raises:
        HostError, HostAuthError: see :mod:`aksprov.transport.windows.diagnosis`.
        NotAvailableError: LibraryVersion.
    """
    check_version("pypsrp")
    wsman = WSMan(
        host.address,
        port=port_of(host),
        ssl=is_https(host),
        username=host.user,
        password=password,
        auth=auth_of(host),
        encryption="auto" if is_https(host) else "always",
        no_proxy=True,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        operation_timeout=NEWS_SECONDS,
        max_envelope_size=ENVELOPE_BYTES,
        certificate_pem=host.key_file,
        certificate_key_pem=host.key_file,
    )
    wire = PsrpWire(host, wsman)
    await wire.open()
    return wire


class PsrpWire:
    """An open pool; see :class:`aksprov.transport.windows.wire.Wire`."""

    def __init__(self, host: Host, wsman: WSMan) -> None:
        self._host = host
        self._wsman = wsman
        self._begun = False
        self._used = 0.0  # when it was last heard of

    async def open(self) -> None:
        """Log in and open the pool."""
        try:
            await self._call(self._open)
        except HostError:
            await self.abandon()
            raise
        self._begun = True

    def _open(self) -> None:
        self._connect()
        self._pool = RunspacePool(self._wsman, no_profile=True, idle_timeout=IDLE_SECONDS)
        self._pool.open()

    def _connect(self) -> None:
        """A connection that nothing was sent over yet."""
        transport = self._wsman.transport
        transport.close()
        transport.encryption = None  # its keys were those of the old connection
        transport.session = transport._build_session()  # see tls.check_version
        secure(transport.session, self._host)

    def _wake(self) -> None:
        """Make good what idleness ended: a connection that HTTP.sys dropped, a pool that ended itself."""
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

        def work() -> Ran:
            self._wake()
            deadline = time.monotonic() + seconds
            shell = self._begin(script, parameters, iter(pieces), secrets or {}, deadline)
            return self._end(shell, deadline, answers=answers)

        return await self._call(work)

    async def close(self) -> None:
        """End the pool and the connection."""

        def work() -> None:
            try:
                self._pool.close()
            finally:
                self._wsman.close()

        try:
            await in_thread(work)
        except (WinRMError, *diagnosis.NETWORK_FAILURES):
            return  # what is left of it there ends by itself, once it has been idle

    async def abandon(self) -> None:
        """Close the connection alone."""
        await in_thread(self._wsman.close)

    def _begin(
        self,
        script: str,
        parameters: Mapping[str, str],
        pieces: Iterator[str],
        secrets: Mapping[str, str],
        deadline: float,
    ) -> PowerShell:
        if secrets:
            self._pool.exchange_keys()
        shell = PowerShell(self._pool).add_script(script)
        for name, value in parameters.items():
            shell.add_parameter(name, value)
        for name, value in secrets.items():
            shell.add_parameter(name, self._pool.serialize(value, ObjectMeta("SS")))
        first = next(pieces, None)
        shell.begin_invoke(None if first is None else self._sent(first, pieces, deadline))
        return shell

    def _end(self, shell: PowerShell, deadline: float, *, answers: bool) -> Ran:
        while shell.state == PSInvocationState.RUNNING:
            shell.poll_invoke()
            # what its error stream had came before the answer: the messages of a pipeline keep their order
            if answers and shell.output and _is_answer(shell.output[-1]):
                break
            if shell.state == PSInvocationState.RUNNING and time.monotonic() > deadline:
                shell.stop()
                raise diagnosis.silent(self._host)
        # the id is the same on a Windows of any language
        faults = tuple(f"{record} [{record.fq_error}]" for record in shell.streams.error)
        if shell.had_errors and not faults:
            faults = ("the script ended with an error that it does not name",)
        # it is not closed, which would cost a round trip: of the 1,000 that a pool may have, a run needs a dozen
        return Ran(
            output=tuple(str(item) for item in shell.output),
            faults=faults,
            warnings=tuple(str(record.message) for record in shell.streams.warning),
        )

    def _sent(self, first: str, others: Iterator[str], deadline: float) -> Iterator[Any]:
        """A generator, which is what pypsrp sends piece by piece."""
        yield first
        for other in others:
            if time.monotonic() > deadline:
                raise diagnosis.silent(self._host)
            yield other

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            result = await in_thread(work)
            self._used = time.monotonic()
            return result
        except AuthenticationError:
            raise await in_thread(lambda: diagnosis.refused_user(self._host)) from None
        except LOGIN_FAILURES as e:
            raise diagnosis.login(self._host, e) from None
        except WSManFaultError as e:
            raise diagnosis.fault(self._host, e.code, e.reason or e.message) from None
        except WinRMTransportError as e:
            raise diagnosis.http(self._host, e.code) from None
        except diagnosis.NETWORK_FAILURES as e:
            raise diagnosis.network(self._host, e, begun=self._begun) from None
        except WinRMError as e:
            raise diagnosis.session(self._host, str(e)) from None


def _is_answer(item: Any) -> bool:
    """Whether an output object is the text of an object of JSON, and not one that a cmdlet let slip."""
    return isinstance(item, str) and item.startswith("{") and item.endswith("}")
