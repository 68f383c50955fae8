"""A parameter's facts in words, for help and for the reference page."""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cmdlets.binding import bounds
from aksprov.cmdlets.declaration import Parameter


def facts(parameter: Parameter) -> Iterator[str]:
    """What must, what may be given, and what is meant when nothing is: a phrase each."""
    if "*" in parameter.mandatory_in and not parameter.sets:
        yield "required"
    if parameter.listed_by:
        yield f"one of those that {parameter.listed_by} lists"
    elif parameter.allowed:
        yield "one of " + ", ".join(
            f"{word} (not available yet)" if word in parameter.unavailable_values else word
            for word in parameter.allowed
        )
    if bounds(parameter):
        yield bounds(parameter)
    if parameter.older_names:
        yield "in older releases -" + ", -".join(parameter.older_names)
    if parameter.default is not None:
        yield f"default: {parameter.default}"
    if parameter.clears:
        yield "an empty text takes the recorded value away"
