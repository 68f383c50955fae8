"""A request: one verb with the values that were given for it."""

from __future__ import annotations

from typing import Any

from aksprov.model.base import Value


class Request(Value, frozen=True, kw_only=True):
    """A verb and its bound parameters.

    Args:
        verb: the command's name, e.g. "new-cluster".
        values: parameter name as AksHci spells it -> value (str, int, bool, a tuple of
            str, or a dict for an object parameter).  Defaults are filled in.
        given: names of the parameters that the user gave himself.
        parameter_set: name of the set that was chosen, "" where the verb has one.
    """

    verb: str
    values: dict[str, Any]
    given: frozenset[str] = frozenset()
    parameter_set: str = ""

    def text(self, name: str) -> str | None:
        """A string parameter, None when it was left out."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def need(self, name: str) -> str:
        """A string parameter that the declaration makes mandatory."""
        return str(self.values[name])

    def integer(self, name: str) -> int | None:
        """A whole number, None when it was left out."""
        value = self.values.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        """A switch; False when it was left out."""
        return bool(self.values.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty when it was left out."""
        return tuple(self.values.get(name) or ())
