"""A command line of the program in the module's spelling, for the examples of its help."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, Verb

_BARE = re.compile(r"[A-Za-z0-9./\\:_-]+")


def powershell_line(verb: Verb, command: str) -> str:
    """``aksprov new-cluster --name demo --what-if`` is ``New-AksHciCluster -name demo -WhatIf``."""
    words = shlex.split(command)[2:]
    tail = ""
    if ">" in words:
        tail = f" | ConvertTo-Json | Set-Content {words[words.index('>') + 1]}"
        words = words[: words.index(">")]
    elif words[-2:] == ["--output", "json"]:
        tail = " | ConvertTo-Json"
    if words[-2:] == ["--output", "json"]:
        words = words[:-2]
    return " ".join([verb.cmdlet, *_arguments(verb, words)]) + tail


def _arguments(verb: Verb, words: Sequence[str]) -> Iterator[str]:
    by_option = {p.option: p for p in request_parameters(verb)}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        parameter = by_option.get(word)
        if word == "--yes":
            yield "-Confirm:$false"
        elif word == "--what-if":
            yield "-WhatIf"
        elif parameter is None:
            yield _value(None, word)
        elif parameter.kind == "switch":
            yield f"-{parameter.name}"
        else:
            yield f"-{parameter.name} {_value(parameter, rest.pop(0))}"


def _value(parameter: Parameter | None, text: str) -> str:
    kind = parameter.kind if parameter else "text"
    if kind == "texts":
        return ", ".join(_word(item) for item in text.split(","))
    if kind == "pairs":
        key, _, value = text.partition("=")
        return f"@{{ {key} = {_word(value)} }}"
    if kind == "object" and text.startswith("@"):
        return f"(Get-Content {text[1:]} -Raw | ConvertFrom-Json)"
    return _word(text)


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else "'" + text.replace("'", "''") + "'"
