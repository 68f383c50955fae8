"""Help, made from the declarations: an overview of the verbs, and one page for each.

Typer's own help would need 180 lines of 80 columns for new-cluster, and Rich for all of them.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator

from aksprov.cli.terminal import paint, width
from aksprov.cmdlets.catalog import TOPICS, VERBS
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.cmdlets.describe import facts

_COLUMN = 30  # where the right column begins
_WIDEST = 100  # longer lines are hard to read


def overview() -> str:
    """All verbs, by topic."""
    lines = [_bold("Usage: aksprov VERB [options]"), "", "AksHci's verbs for Kubernetes on your own hosts.", ""]
    for topic, text in TOPICS.items():
        lines.append(f"{_bold(topic)}: {text}")
        lines += [line for verb in VERBS if verb.topic == topic for line in _entry(verb.name, verb.synopsis)]
        lines.append("")
    lines += [
        "'aksprov VERB --help' has a verb's options and examples.  PowerShell's spelling",
        "is understood, too: 'aksprov New-AksHciCluster -name demo -WhatIf'.",
        "",
        *_entry("--version", "Print the version."),
        *_entry("--install-completion", "Let this shell complete verbs, options and values."),
    ]
    return "\n".join(lines)


def page(verb: Verb) -> str:
    """A verb's options with units, permitted values and defaults, its sets and examples."""
    lines = [f"{_bold('aksprov ' + verb.name)} ({verb.cmdlet})", "", *_wrapped(verb.synopsis), ""]
    usable = [p for p in command_parameters(verb) if not p.unavailable]
    for group in dict.fromkeys(p.group for p in usable):
        lines.append(_bold(group or "Parameters"))
        for parameter in usable:
            if parameter.group == group:
                lines += _entry(_left(parameter), _right(parameter))
        lines.append("")
    lines += _sets(verb)
    lines += _not_available(verb)
    if verb.examples:
        lines.append(_bold("Examples"))
        for example in verb.examples:
            lines += _wrapped(example.text, indent="  ")
            lines += [f"    {line}" for line in _command_lines(example.command)]
    return "\n".join(lines).rstrip()


def _sets(verb: Verb) -> Iterator[str]:
    """What is used together; the parameters that every set has are left out."""
    if not verb.sets:
        return
    yield _bold("Parameter sets") + " (options of two sets cannot be given together)"
    for chosen in verb.sets:
        text = chosen.help + (" Not available yet." if chosen.unavailable else "")
        own = [p for p in verb.parameters if p.sets and p.in_set(chosen.name) and not p.unavailable]
        needs = [p.option for p in own if p.mandatory(chosen.name)]
        takes = [p.option for p in own if not p.mandatory(chosen.name)]
        text += f" Needs {', '.join(needs)}." if needs else ""
        text += f" Takes {', '.join(takes)}." if takes else ""
        yield from _entry(chosen.name, text)
    yield ""


def _not_available(verb: Verb) -> Iterator[str]:
    """Declared parameters that are refused, by the reason."""
    refused = [p for p in verb.parameters if p.unavailable]
    if not refused:
        return
    yield _bold("Not available yet") + " (refused with exit code 69)"
    for why in dict.fromkeys(p.unavailable for p in refused):
        options = ", ".join(p.option for p in refused if p.unavailable == why)
        yield from _wrapped(f"{options}: {why}.", indent="  ")
    yield ""


def _left(parameter: Parameter) -> str:
    return (
        parameter.option
        if parameter.kind == "switch" or parameter.positional
        else (f"{parameter.option} {parameter.placeholder}")
    )


def _right(parameter: Parameter) -> str:
    return " ".join([parameter.help, *(f"{text[0].upper()}{text[1:]}." for text in facts(parameter))])


def _entry(left: str, right: str) -> list[str]:
    """Two columns; a left one that is too long has a line for itself."""
    indent = " " * _COLUMN
    lines = _wrapped(right, indent=indent)
    if len(left) + 4 > _COLUMN:
        return [f"  {left}", *lines]
    return [f"  {left}".ljust(_COLUMN) + lines[0].lstrip(), *lines[1:]]


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        min(width(sys.stdout), _WIDEST),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _command_lines(command: str) -> Iterable[str]:
    """A command over several lines, as a shell takes it."""
    together = re.sub(r"(--[a-z0-9-]+) (?!-)", r"\1\0", command)  # an option stays with its value
    lines = textwrap.wrap(
        together,
        min(width(sys.stdout), _WIDEST) - 8,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") + (" \\" if n < len(lines) else "") for n, line in enumerate(lines, 1)]


def _bold(text: str) -> str:
    return paint(text, "bold", sys.stdout)
