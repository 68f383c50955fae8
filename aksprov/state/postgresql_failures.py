"""What can be wrong with a state on PostgreSQL, told from SQLSTATE and libpq's words; never with a password."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from aksprov.errors import AksprovError, StateError
from aksprov.model.base import Value
from aksprov.state.failures import RESTORE, LostError, busy, foreign
from aksprov.state.place import ENVIRONMENT

if TYPE_CHECKING:
    import psycopg

# PostgreSQL's error codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) -> code, fix
_NOTHING_STORED: Final = "nothing of this command was stored"
_REASONS: Final[dict[str, tuple[str, str]]] = {
    "25006": ("StateReadOnly", "name the primary server in the URL; a standby can only be read"),
    "42501": ("StateNotPermitted", "let the database's owner run the command, or GRANT what is missing to this user"),
    "3F000": ("StateNotPermitted", "make the schema that search_path names, or leave search_path as it is"),
    "53100": ("StateDiskFull", f"make room on the database's server; {_NOTHING_STORED}"),
    "58030": ("StateDiskError", f"look at the log of the database's server; {_NOTHING_STORED}"),
    "XX001": ("StateDamaged", RESTORE),
    "XX002": ("StateDamaged", RESTORE),
    "22P05": ("StateEncoding", "use a database whose encoding is UTF8"),
}
_FOREIGN: Final = frozenset({"42P01", "42703", "42883"})  # no such table, column, or operator for its type
_LOCK_TIMEOUT: Final = "55P03"
_SHUT_DOWN: Final = frozenset({"57P01", "57P02", "57P03"})

# libpq reports no SQLSTATE for a connection that fails, so this is told by the server's words
_TOO_MANY: Final = ("too many clients", "connection slots", "too many connections")


class AwayError(Exception):
    """The database cannot be reached now, and may be soon; the text says why."""


class Address(Value, frozen=True, kw_only=True):
    """Where a state's database is.

    Args:
        location: a URL of it, without password and settings.
        parameters: of libpq, the password among them where the URL has one.
    """

    location: str
    parameters: Mapping[str, str]

    def __repr__(self) -> str:
        """Without the password."""
        return f"Address({self.location!r})"

    def without_password(self, text: str) -> str:
        """A text in one line, the password hidden wherever it is in it."""
        for name in ("password", "sslpassword"):
            if secret := self.parameters.get(name):
                text = text.replace(secret, "***")
        return " ".join(text.split())


def parse(url: str) -> Address:
    """Read a connection URI of libpq.

    Raises:
        StateError: StateUrlUnknown; libpq's own words are not repeated, as they quote parts of a password.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (ProgrammingError, UnicodeError):
        raise StateError(
            "StateUrlUnknown",
            "the URL of the state's database cannot be read",
            where=ENVIRONMENT,
            why="it is no connection URI of PostgreSQL: postgresql://[USER@]HOST[:PORT]/DATABASE[?NAME=VALUE&...]",
            fix="correct it; characters such as @ / % in a password or name are percent-encoded (%40 %2F %25)",
        ) from None
    return Address(location=_location(parameters), parameters=parameters)


def _location(parameters: Mapping[str, str]) -> str:
    user = f"{quote(parameters['user'], safe='')}@" if "user" in parameters else ""
    host, port = parameters.get("host", ""), f":{parameters['port']}" if parameters.get("port") else ""
    folder = f"?host={host}" if host.startswith("/") else ""
    service = f"?service={parameters['service']}" if "service" in parameters else ""
    where = "" if folder else f"[{host}]" if ":" in host and "," not in host else host
    return f"postgresql://{user}{where}{port}/{quote(parameters.get('dbname', ''))}{folder or service}"


def why_refused(address: Address, error: psycopg.Error) -> AwayError | AksprovError:
    """Why a connection could not be opened: the server is away, or it is there and refuses this one.

    libpq's PQping tells the two apart, in whatever language the server answers.
    """
    import psycopg

    said = address.without_password(str(error))
    if any(words in said for words in _TOO_MANY) or isinstance(error, psycopg.errors.ConnectionTimeout):
        return AwayError(said)
    # without a password: no login is tried twice
    nobody = {"password": "", "passfile": f"{os.devnull}/none", "connect_timeout": "10"}
    names = psycopg.conninfo.make_conninfo("", **{**address.parameters, **nobody})
    if psycopg.pq.PGconn.ping(names.encode()) in (psycopg.pq.Ping.REJECT, psycopg.pq.Ping.NO_RESPONSE):
        return AwayError(said)
    if f'database "{address.parameters.get("dbname")}" does not exist' in said:
        return StateError(
            "StateDatabaseMissing",
            "there is no such database",
            where=address.location,
            why=said,
            fix=f"make it (createdb), or correct {ENVIRONMENT}",
        )
    return StateError(
        "StateLoginRefused",
        "the state's database refuses the connection",
        where=address.location,
        why=said,
        fix="give the password by PGPASSWORD, ~/.pgpass or a service file, for a user whom pg_hba.conf lets in",
    )


@contextmanager
def reported(address: Address, *, wrote: bool) -> Iterator[None]:
    """Turn the database's errors into ours.

    Args:
        wrote: the transaction was one that writes.

    Raises:
        BusyError: StateBusy.
        LostError: StateAway, the connection was lost.
        StateError: one of the codes above.
    """
    try:
        yield
    except DBAPIError as error:
        translated = _translated(address, error, wrote=wrote)
        if translated is None:
            raise  # our bug
        try:
            # without the frames that hold it, which would keep the connection open
            error.with_traceback(None)
            raise translated from None
        finally:
            del translated


def is_lost(error: DBAPIError) -> bool:
    """Whether the connection is gone, or about to be: the server shuts down."""
    return error.connection_invalidated or _state_of(error) in _SHUT_DOWN


def _state_of(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _translated(address: Address, error: DBAPIError, *, wrote: bool) -> AksprovError | None:
    state, said = _state_of(error), address.without_password(str(error.orig))
    if is_lost(error):
        return LostError(
            "StateAway",
            "the state's database went away in the middle of a command",
            where=address.location,
            why=said,
            fix=f"run the same command again: it goes on; {_NOTHING_STORED}" if wrote else "run the command again",
        )
    if state == _LOCK_TIMEOUT:
        return busy(address.location)
    if state in _FOREIGN:
        return foreign(address.location, f"it is a database of another program ({said})")
    if state in _REASONS:
        code, fix = _REASONS[state]
        return StateError(code, "the state cannot be used", where=address.location, why=said, fix=fix)
    return None
