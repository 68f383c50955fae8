"""The program ``aksprov``."""

from __future__ import annotations

import gc
import os
import re
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

from aksprov import __version__
from aksprov.cli.dashes import bare
from aksprov.cli.failure import interrupted, our_bug, print_error
from aksprov.cli.help import overview, page
from aksprov.cli.stdout import write
from aksprov.cmdlets.binding import nearest
from aksprov.cmdlets.catalog import VERBS, find_verb, one_word
from aksprov.errors import AksprovError, UsageError

_HELP = ("--help", "-h", "-?")
_COMPLETION = ("--install-completion", "--show-completion")


def main() -> int:
    """Run the program with the words of the command line; its exit code."""
    gc.disable()  # until the verb is imported: see aksprov.importing
    return run(sys.argv[1:])


def run(words: Sequence[str]) -> int:
    """Run the program with ``words``; every error is printed and becomes its exit code."""
    as_json = _asks_for_json(words)
    try:
        return _run(words)
    except AksprovError as error:
        print_error(error, as_json=as_json)
        return int(error.exit_code)
    except KeyboardInterrupt:
        failure: AksprovError = interrupted()
    except Exception as error:  # noqa: BLE001  # the last resort: nobody is shown a traceback unasked
        if any(re.match("verb|vb$", bare(word).lower()) for word in words):
            traceback.print_exc()
        failure = our_bug(error)
    print_error(failure, as_json=as_json)
    return int(failure.exit_code)


def _run(words: Sequence[str]) -> int:
    if "_AKSPROV_COMPLETE" in os.environ or (words and words[0] in _COMPLETION):
        from aksprov.cli.command import complete_shell

        complete_shell()  # ends the program
    if not words or words[0] in _HELP:
        write(overview() + "\n")
        return 0
    if words[0] == "--version":
        write(f"aksprov {__version__}\n")
        return 0
    if words[0] == "invoke":  # for other programs; no verb, so that help does not list it
        from aksprov.cli.invoke import serve

        return serve()
    words = one_word(words)
    verb = find_verb(words[0])
    if verb is None:
        raise _no_such_verb(words)
    if any(word in _HELP for word in words[1:]):
        write(page(verb) + "\n")
        return 0
    from aksprov.cli.execute import execute  # with Typer, which help does not need

    return execute(verb, words)


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether errors are printed as JSON; told before the words are understood, as they may be wrong."""
    following = {*pairwise(words), *(tuple(re.split("[=:]", word, maxsplit=1)) for word in words)}
    asked = {bare(pair[0]).lower() for pair in following if pair[-1].strip("'\"").lower() == "json"}
    return any(name and "output".startswith(name) for name in asked)


def _no_such_verb(words: Sequence[str]) -> UsageError:
    if words[0].startswith("-"):
        return UsageError(
            "VerbMissing",
            f"{words[0]} comes before a verb",
            where="aksprov",
            why="options belong to a verb and come after it",
            fix="begin with the verb, as in 'aksprov get-cluster --output json'",
        )
    known = [name for verb in VERBS for name in (verb.name, verb.cmdlet)]
    return UsageError(
        "UnknownVerb",
        f"there is no verb {words[0]!r}",
        where="aksprov",
        why="it is none of aksprov's verbs" + nearest(words[0], known),
        fix="'aksprov --help' lists them",
    )
