"""Errors as people and programs read them, on standard error."""

from __future__ import annotations

import sys
import textwrap

import msgspec

from aksprov.cli.terminal import harmless, paint, width
from aksprov.errors import AksprovError, ExitCode, StoppedError


class OutputError(AksprovError):
    """What was asked for cannot be written."""

    exit_code = ExitCode.FAILED


def interrupted() -> StoppedError:
    """The error of Ctrl-C."""
    return StoppedError(
        "Interrupted",
        "the run was interrupted",
        why="somebody pressed Ctrl-C",
        fix="give the same command again: it goes on where it stopped",
    )


def our_bug(error: Exception) -> AksprovError:
    """The error that stands for an exception nobody expected."""
    return AksprovError(
        "InternalError",
        "aksprov failed; this is a bug in it",
        where=type(error).__name__,
        why=str(error)[:500],
        fix="give the command again with --verbose, and report the traceback that it prints",
    )


def print_error(error: AksprovError, *, as_json: bool) -> None:
    """One JSON object on one line, or short labelled lines."""
    if as_json:
        line = msgspec.json.encode(error.to_dict()).decode()
        print(line, file=sys.stderr)
        return
    title = f"Error {error.code}:"
    print(
        _wrapped(f"{title} {error.what}", "", "  ").replace(title, paint(title, "red", sys.stderr), 1), file=sys.stderr
    )
    for label, text in (("where", error.where), ("why", error.why), ("fix", error.fix)):
        if text:
            print(_wrapped(text, f"  {label + ':':<7}", " " * 9), file=sys.stderr)


def _wrapped(text: str, lead: str, indent: str) -> str:
    """Each line of ``text`` folded by itself: several problems stay several lines."""
    leads = [lead, *[indent] * text.count("\n")]
    return "\n".join(
        textwrap.fill(
            harmless(line),
            min(width(sys.stderr), 100),
            initial_indent=first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for first, line in zip(leads, text.splitlines() or [""], strict=False)
    )
