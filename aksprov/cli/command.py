"""One verb as a Typer command, made from its declaration; and all of them for shell completion.

Typer splits the command line into options and values, and answers shells that complete
words.  What the values mean is decided by :mod:`aksprov.cmdlets.binding`, so every option that
takes a value is a list of texts here, which Typer need not make a type of; help is
:mod:`aksprov.cli.help`'s.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from aksprov.cli.literals import stray_hint
from aksprov.cmdlets.binding import nearest
from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import UsageError

PROGRAM = "aksprov"

# What is no option of the verb comes back as a rest, so that the error can name the nearest one.
_LENIENT = {"ignore_unknown_options": True, "allow_extra_args": True}


def parse(verb: Verb, tokens: Sequence[str]) -> dict[str, list[str]]:
    """Split what follows the verb, in the GNU spelling (:mod:`aksprov.cli.spelling`).

    Returns:
        parameter name -> texts given for it ([] for a switch).

    Raises:
        UsageError: UnknownOption, UnexpectedValue, OptionMisused.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    _add_command(app, verb, _Split)
    try:
        answer = app(args=list(tokens), prog_name=f"{PROGRAM} {verb.name}", standalone_mode=False)
    except typer.TyperException as error:
        raise _misused(verb, error.format_message().rstrip(".")) from None
    if isinstance(answer, int):  # Typer makes an exit code of Ctrl-C
        raise KeyboardInterrupt
    given, rest = answer
    if rest:
        raise _not_understood(verb, rest)
    return dict(given)


def complete_shell() -> None:
    """Answer a shell that completes words, or print or install its completion script."""
    app = typer.Typer(name=PROGRAM, pretty_exceptions_enable=False)
    app.callback()(_nothing)
    for verb in VERBS:
        _add_command(app, verb, TyperCommand)
    app(prog_name=PROGRAM)


def _nothing() -> None:
    """AksHci's verbs for Kubernetes on your own hosts."""


class _Split(TyperCommand):
    """A command whose values stay texts: Typer makes types of them by pydantic, which is slow to import."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Split; an option that was not given is None."""
        given, rest, _ = self.make_parser(ctx).parse_args(args=args)
        ctx.params = {parameter.name: given.get(parameter.name) for parameter in self.params}
        ctx.args = rest
        return rest


def _add_command(app: typer.Typer, verb: Verb, kind: type[TyperCommand]) -> None:
    parameters = command_parameters(verb)
    by_argument = {f"p_{p.name}": p for p in parameters}  # a prefix, as "from" is a keyword

    def command(ctx: typer.Context, **values: Any) -> tuple[dict[str, list[str]], list[str]]:
        given = {p.name: _texts(values[a]) for a, p in by_argument.items() if values[a] not in (None, False, (), [])}
        return given, list(ctx.args)

    signature = [inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    signature += [_argument(name, p) for name, p in by_argument.items()]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in signature}
    app.command(name=verb.name, cls=kind, help=verb.synopsis, context_settings=_LENIENT)(command)


def _texts(value: Any) -> list[str]:
    """What Typer read: a switch is True and has no text."""
    return [] if value is True else list(value)


def _argument(name: str, parameter: Parameter) -> inspect.Parameter:
    """The signature's argument for one parameter."""
    info: Any
    if parameter.positional:
        info = typer.Argument(help=parameter.help)
    elif parameter.kind == "switch":
        info = typer.Option(parameter.option, help=parameter.help)
    else:
        complete = _completer(parameter) if parameter.allowed else None
        info = typer.Option(parameter.option, help=parameter.help, autocompletion=complete)
    kind, default = (bool, False) if parameter.kind == "switch" else (list[str] | None, None)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _completer(parameter: Parameter) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        # What was typed stays, as Typer keeps only words that begin with it; case does not matter to binding.
        rest = (word[len(incomplete) :] for word in parameter.allowed if word.lower().startswith(incomplete.lower()))
        return [incomplete + end for end in rest]

    return complete


def _misused(verb: Verb, what: str) -> UsageError:
    return UsageError(
        "OptionMisused",
        what,
        where=verb.name,
        why="a switch stands alone, every other option has a value after it",
        fix=f"'{PROGRAM} {verb.name} --help' lists the options",
    )


def _not_understood(verb: Verb, rest: Sequence[str]) -> UsageError:
    """The error for what is neither an option of the verb nor a value of one."""
    unknown = next((word for word in rest if word.startswith("-")), None)
    if unknown is None:
        return UsageError(
            "UnexpectedValue",
            f"{rest[0]!r} belongs to no option",
            where=verb.name,
            why="a value stands after its option, in quotes when it has blanks",
            fix=stray_hint(rest[0]) or f"'{PROGRAM} {verb.name} --help' lists the options",
        )
    name = unknown.partition("=")[0]
    options = [p.option for p in command_parameters(verb) if not p.positional]
    return UsageError(
        "UnknownOption",
        f"{verb.name} has no option {name}",
        where=verb.name,
        why="it is none of the verb's options" + nearest("--" + name.lstrip("-"), options),
        fix=f"'{PROGRAM} {verb.name} --help' lists them",
    )
