"""Which parameter a name means, as PowerShell's binder decides: in any case, shortened, by an alias.

Source: about_Parameters and about_CommonParameters (learn.microsoft.com/powershell), and what PowerShell 7.6 does.
"""

from __future__ import annotations

from aksprov.cli.common_parameters import ALIASES, COMMON_PARAMETERS, CONFIRM, NO_WHAT_IF, WHAT_IF
from aksprov.cmdlets.binding import nearest
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import UsageError


class ParameterNames:
    """The names that one verb's parameters have.

    Attributes:
        options: GNU spelling -> parameter, names of older releases included.
    """

    def __init__(self, verb: Verb) -> None:
        own = command_parameters(verb)
        ours = {p.name.lower(): p for p in own if p.name not in ("verbose", "whatIf")}
        plans = any(p.name == "whatIf" for p in own)
        theirs = (*COMMON_PARAMETERS, CONFIRM, WHAT_IF if plans else NO_WHAT_IF)
        aliases = {alias: p for p in theirs for alias, name in ALIASES.items() if name == p.name}
        self._verb = verb
        self._own = ours
        self._names = ours | {p.name.lower(): p for p in theirs} | aliases
        self._older = {older.lower(): p for p in own for older in p.older_names}
        self._older_options = {option for p in own for option in p.older_options}
        self.options = {option: p for p in own if not p.positional for option in (p.option, *p.older_options)}

    def candidates(self, name: str) -> tuple[Parameter, ...]:
        """The parameters that ``name`` can mean; only one where it is a whole name.

        One parameter of the verb itself comes before any number of common ones.
        """
        key = name.lower()
        whole = self._names.get(key) or self._older.get(key)
        if whole is not None:
            return (whole,)
        begun = {p.name: p for known, p in self._names.items() if known.startswith(key)}
        own = [p for p in begun.values() if p.name.lower() in self._own]
        return tuple(own if len(own) == 1 else begun.values())

    def find(self, name: str) -> Parameter:
        """The one parameter that ``name`` means.

        Raises:
            UsageError: AmbiguousParameter, UnknownOption.
        """
        found = self.candidates(name)
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                "AmbiguousParameter",
                f"-{name} can mean {', '.join('-' + p.name for p in found)}",
                where=self._verb.name,
                why="a name may be shortened as long as only one parameter begins with it",
                fix="write more of the name",
            )
        bare = name.partition("=")[0]
        known = list(dict.fromkeys(f"-{p.name}" for p in self._names.values()))
        option = f"; write -{bare} VALUE or --{bare}=VALUE" if "=" in name else ""
        raise UsageError(
            "UnknownOption",
            f"{self._verb.name} has no parameter -{bare}",
            where=self._verb.name,
            why=f"it is none of the verb's parameters{nearest(f'-{bare}', known)}",
            fix=f"'aksprov {self._verb.name} --help' lists them{option}",
        )

    def is_older(self, written: str) -> bool:
        """Whether only older releases had a parameter of that name, which is written -name or --option."""
        return written in self._older_options or written[1:].lower() in self._older
