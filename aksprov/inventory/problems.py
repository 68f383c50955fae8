"""What is wrong with a file or a request, collected so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Callable

from aksprov.errors import DefinitionError
from aksprov.inventory.tree import Mark

# More than these help nobody: the rest is only counted.
SHOWN = 20


class Problems:
    """A bounded list of problems of one source.

    Args:
        source: what is read, for the message: "hosts.yaml", "host web1".
        fix: what to do about them.
        code: code of the error that the problems become.
        spell: a key as the reader of the message knows it.
    """

    def __init__(self, source: str, fix: str, *, code: str, spell: Callable[[str], str] = str) -> None:
        self._source = source
        self._code = code
        self._fix = fix
        self._spell = spell
        self._found: dict[tuple[Mark, str], None] = {}  # a set that keeps its order

    def __bool__(self) -> bool:
        return bool(self._found)

    def within(self, name: str) -> Problems:
        """The same list, for what is wrong with one thing of the source: its name comes before the field."""
        part = Problems(self._source, self._fix, code=self._code, spell=lambda path: f"{name}: {self._spell(path)}")
        part._found = self._found
        return part

    def add(self, mark: Mark | None, field: str, why: str) -> None:
        """One more problem.

        Args:
            mark: its place; None where the value was typed on a command line.
            field: the key it is about, "" for the file as a whole.
            why: the reason, to be read after the field.
        """
        said = ": ".join(part for part in (str(mark or ""), self._spell(field), why) if part)
        self._found[mark or Mark(0, 0), said] = None

    def refuse(self) -> None:
        """Return when there is no problem.

        Raises:
            DefinitionError: with every problem, in the order of the text, one a line.
        """
        if not self._found:
            return
        ordered = sorted(self._found)
        lines = [said for _, said in ordered[:SHOWN]]
        if len(ordered) > SHOWN:
            lines.append(f"and {len(ordered) - SHOWN} more")
        first = ordered[0][0]
        count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
        raise DefinitionError(
            self._code,
            f"{self._source} has {count}; nothing was recorded",
            where=f"{self._source}, {first}" if first.line else self._source,
            why="\n".join(lines),
            fix=self._fix,
        )
