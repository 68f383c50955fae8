"""What goes wrong, said in one form: what, where, why, and what to do.

Every error has a stable ``code`` (scripts match on it) and the exit code of the
contract.  Errors of the request, the hosts file or the state end a command; what one
host gets wrong is a :class:`HostError`, which a workflow turns into that host's row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Process exit codes, after sysexits.h where a fitting one exists."""

    OK = 0
    FAILED = 1
    WOULD_CHANGE = 2
    USAGE = 64
    DEFINITION = 65
    NOT_FOUND = 66
    NOT_AVAILABLE = 69
    BUG = 70
    PLAN_STALE = 73
    STATE = 74
    BUSY = 75
    AUTH = 77
    INTERRUPTED = 130


class AksprovError(Exception):
    """Base of every error that a user is shown.

    Args:
        code: stable identifier in PascalCase, listed in docs/errors.md.
        what: what could not be done, in one sentence.
        where: the object, parameter, file with line, or host.
        why: the rule or the observation behind it.
        fix: what the user can do now.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, code: str, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix

    def to_dict(self) -> dict[str, str | int]:
        """The error as ``--output json`` prints it."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "fix": self.fix,
            "exitCode": int(self.exit_code),
        }


class UsageError(AksprovError):
    """The command line itself is wrong, or a confirmation cannot be asked for."""

    exit_code = ExitCode.USAGE


class DefinitionError(AksprovError):
    """A definition or file breaks a rule; nothing was stored, leased or sent."""

    exit_code = ExitCode.DEFINITION


class NotFoundError(AksprovError):
    """There is no object of that name."""

    exit_code = ExitCode.NOT_FOUND


class NotAvailableError(AksprovError):
    """Declared, but not possible here or not built yet."""

    exit_code = ExitCode.NOT_AVAILABLE


class PlanStaleError(AksprovError):
    """The plan that was to be run is no longer the plan that would be made."""

    exit_code = ExitCode.PLAN_STALE


class StateError(AksprovError):
    """The state cannot be used: newer, damaged, read-only, no state at all."""

    exit_code = ExitCode.STATE


class BusyError(AksprovError):
    """Another run holds what this one needs."""

    exit_code = ExitCode.BUSY


class StoppedError(AksprovError):
    """A person stopped the run; the same command goes on with it."""

    exit_code = ExitCode.INTERRUPTED


class HostError(AksprovError):
    """One host's failure: a row of the result, never the end of the run."""

    exit_code = ExitCode.FAILED


class HostAuthError(HostError):
    """The host key, the user or the credential was refused.  Never tried again."""

    exit_code = ExitCode.AUTH
