"""PowerShell's spelling of a command line, turned into the one that Typer reads.

``aksprov New-AksHciCluster -name demo -dnsServers a, b -WhatIf`` means what it means in PowerShell; words in the GNU
spelling (``--name demo``) stay as they are, and both mix.  Other shells take quotes off and replace ``$variables`` by
nothing, so what PowerShell would have made of a word cannot always be seen: there the word is refused.

Source: about_Parsing and about_Command_Syntax (learn.microsoft.com/powershell), and what PowerShell 7.6 does.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from aksprov.cli.common_parameters import CONFIRM, POWERSHELL, Stream, silenced
from aksprov.cli.dashes import DASHES
from aksprov.cli.literals import any_text, literal, switched
from aksprov.cli.parameter_names import ParameterNames
from aksprov.cmdlets.binding import split_list
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import NotAvailableError, UsageError
from aksprov.model.base import Value

_LONG = re.compile(rf"[{DASHES}]{{2}}(?=[^\W_])")
_PARAMETER = re.compile(rf"[{DASHES}](?P<name>[^\W\d][^:]*)(?::(?P<value>.*))?", re.DOTALL)
_LISTS = ("texts", "pairs")


class Spelled(Value, frozen=True, kw_only=True):
    """A command line in the GNU spelling, and what that cannot say.

    Args:
        tokens: what follows the verb.
        warnings: for people, a sentence each.
        silent: streams that are not to be shown (-ErrorAction SilentlyContinue and its like).
        asks: a person is asked before anything is done (-Confirm).
    """

    tokens: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    silent: frozenset[Stream] = frozenset()
    asks: bool = False


def normalise(verb: Verb, words: Sequence[str]) -> Spelled:
    """A command line in the GNU spelling.

    Args:
        words: the command line from the verb's name on, as it was typed.

    Raises:
        UsageError: AmbiguousParameter, UnknownOption, OptionMisused, GivenTwice, ExpressionNotEvaluated or
            QuoteNotClosed.
        NotAvailableError: CommonParameterNotAvailable, ValueNotAvailable.
        DefinitionError: ValueNotAllowed, for a common parameter; other values are read later.
    """
    line = _Line(verb, words[1:])
    if words[0].lower() in map(str.lower, verb.older_names):
        line.warnings.append(f"{words[0]} is a name of older releases; today's is {verb.cmdlet}")
    line.read()
    return Spelled(
        tokens=(*line.tokens, *(["--", *line.rest] if line.rest else [])),
        warnings=tuple(line.warnings),
        silent=frozenset(line.silent),
        asks=line.asks,
    )


class _Line:
    """The words that are still to be read, and what was made of those before."""

    def __init__(self, verb: Verb, words: Sequence[str]) -> None:
        self._verb = verb
        self._names = ParameterNames(verb)
        self._words = deque(words)
        self._repeatable: dict[str, bool] = {}  # of every parameter that was given
        self.tokens: list[str] = []
        self.rest: list[str] = []  # values of positional parameters
        self.warnings: list[str] = []
        self.silent: set[Stream] = set()
        self.asks = False

    def read(self) -> None:
        while self._words:
            word = self._words.popleft()
            if word == "--":
                self.rest += self._words
                return
            option = self._option(word)
            match = _PARAMETER.fullmatch(word)
            if option is not None:
                self._read_option(option)
            elif match is not None:
                self._read_parameter(match["name"], match["value"])
            else:
                self.tokens.append(word)  # a positional value, or one too many: the parser knows

    def _option(self, word: str) -> str | None:
        """A word in the GNU spelling, its dashes as they should be; None for another word."""
        if _LONG.match(word):
            return "--" + word[2:]
        name = word[1:].partition("=")[0]
        of_two = word[:1] != "-" and ("-" in name or name != word[1:])  # one dash that was two hyphens
        return f"--{word[1:]}" if of_two and f"--{name}" in self._names.options else None

    def _read_option(self, word: str) -> None:
        """An option in the GNU spelling: its value is any text."""
        name, equals, value = word.partition("=")
        parameter = self._names.options.get(name)
        if parameter is None:
            self.tokens.append(word)  # the parser refuses it
            return
        self._note(parameter, name, repeatable=True)
        if equals or parameter.kind == "switch":
            self.tokens.append(parameter.option + equals + value)
        else:
            self.tokens.append(f"{parameter.option}={self._following(parameter, name)}")

    def _read_parameter(self, name: str, glued: str | None) -> None:
        """A parameter in PowerShell's spelling; ``glued`` stands after its colon."""
        parameter, written = self._names.find(name), f"-{name}"
        listed = parameter.kind in _LISTS
        # PowerShell hands the array of a splatted hashtable to a program as -name:a -name:b.
        self._note(parameter, written, repeatable=listed and bool(glued))
        if parameter.kind == "switch":
            self._turn(parameter, on=glued is None or switched(written, glued or self._following(parameter, written)))
            return
        text = glued or self._following(parameter, written)
        if parameter.group == POWERSHELL:
            self._set_common(parameter, literal(parameter, written, text))
            return
        items = split_list(self._continued(text)) if listed else [text]
        for value in (literal(parameter, written, item) for item in items):
            if parameter.positional:
                self.rest.append(value)
            else:
                self.tokens.append(f"{parameter.option}={value}")

    def _note(self, parameter: Parameter, written: str, *, repeatable: bool) -> None:
        """Remember that a parameter was given.  In the GNU spelling alone it is counted with its values."""
        if self._names.is_older(written):
            today = parameter.option if written.startswith("--") else f"-{parameter.name}"
            self.warnings.append(f"{written} is a name of older releases; today's is {today}")
        before = self._repeatable.get(parameter.name)
        self._repeatable[parameter.name] = repeatable
        if before is not None and not (before and repeatable):
            raise UsageError(
                "GivenTwice",
                f"{written} was given twice",
                where=self._verb.name,
                why="a parameter is given once",
                fix="put commas between several values: -name a,b" if parameter.kind in _LISTS else "give it once",
            )

    def _following(self, parameter: Parameter, written: str) -> str:
        """The word after a parameter, which must be its value.

        Raises:
            UsageError: OptionMisused.
        """
        if self._words and not self._is_parameter(self._words[0]):
            return self._words.popleft()
        then = re.split("[=:]", self._words[0])[0] + " is an option, too" if self._words else "nothing comes after it"
        shell = "" if written.startswith("--") else "; other shells than PowerShell put nothing in place of $true or $x"
        raise UsageError(
            "OptionMisused",
            f"{written} has no value",
            where=self._verb.name,
            why=then + shell,
            fix="write its value after it" + any_text(parameter),
        )

    def _continued(self, text: str) -> str:
        """A list that has blanks round its commas, together."""
        while self._words and (text.endswith(",") or self._words[0].startswith(",")):
            if self._is_parameter(self._words[0]):
                break
            text += self._words.popleft()
        return text

    def _is_parameter(self, word: str) -> bool:
        """Whether PowerShell would take the word for a parameter, or we for an option, and not for a value."""
        option = self._option(word)
        if option is not None:
            return option.partition("=")[0] in self._names.options
        match = _PARAMETER.fullmatch(word)
        if match is None:
            return word == "--"
        return match["value"] is not None or bool(self._names.candidates(match["name"]))

    def _turn(self, parameter: Parameter, *, on: bool) -> None:
        """Turn a switch on, or off, which is as if it had not been given, except for -Confirm."""
        if parameter == CONFIRM:
            self.asks = on
            if not on and self._verb.confirms:
                self.tokens.append("--yes")
        elif on and parameter.group == POWERSHELL and parameter.unavailable:
            raise _no_common(parameter)
        elif on:
            self.tokens.append(parameter.option)

    def _set_common(self, parameter: Parameter, text: str) -> None:
        if parameter.unavailable:
            raise _no_common(parameter)
        stream = silenced(parameter, text)
        if stream is not None:
            self.silent.add(stream)


def _no_common(parameter: Parameter) -> NotAvailableError:
    return NotAvailableError(
        "CommonParameterNotAvailable",
        f"-{parameter.name} cannot be used here",
        where=f"-{parameter.name}",
        why=parameter.unavailable,
        fix="leave it out",
    )
