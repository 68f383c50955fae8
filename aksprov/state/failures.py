"""What can be wrong with a state, whatever database it is in."""

from __future__ import annotations

from typing import Final

from aksprov.errors import BusyError, StateError
from aksprov.state.place import ENVIRONMENT

RESTORE: Final = (
    "restore it from a backup (aksprov state restore FILE), or rebuild it from the hosts (aksprov adopt --file FILE)"
)


class LostError(StateError):
    """The database went away in the middle of a transaction, of which nothing is stored."""


def busy(location: str) -> BusyError:
    """The error for a write that another command's write held up for too long."""
    return BusyError(
        "StateBusy",
        "another command is writing the state",
        where=location,
        why="it did not finish in time",
        fix="run the command again; if it stays so, look for an aksprov that hangs",
    )


def foreign(location: str, why: str) -> StateError:
    """The error for a database that is not ours."""
    return StateError(
        "StateForeign",
        "this is not a state of aksprov",
        where=location,
        why=why,
        fix=f"set {ENVIRONMENT} to the place of a state, or to one where nothing is yet",
    )


def damaged(location: str, why: str) -> StateError:
    """The error for a state whose content contradicts itself."""
    return StateError("StateDamaged", "the state cannot be used", where=location, why=why, fix=RESTORE)


def newer(location: str, version: int, known: int) -> StateError:
    """The error for a state of a version that this program does not know."""
    return StateError(
        "StateNewer",
        "the state was written by a newer aksprov",
        where=location,
        why=f"its schema is {version}, this program knows up to {known}",
        fix="use the newer aksprov; nothing was read or changed",
    )


def older(location: str, version: int, known: int, why: str) -> StateError:
    """The error for a state of an older version that cannot be brought to this one."""
    return StateError(
        "StateOlder",
        "the state was written by an older aksprov and cannot be upgraded",
        where=location,
        why=f"its schema is {version}, this program's is {known}; {why}",
        fix="run any aksprov command once as the user who owns the state's tables, where they can be written",
    )
