"""Texts of the declarations in the module's spelling, for its help."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, Verb

_BARE = re.compile(r"(?!-)[A-Za-z0-9./\\:_-]+")
_CMDLETS = {verb.name: verb.cmdlet for verb in VERBS}
# "apply" is a word of the language, too: without a hyphen it is a verb only after the program's name.
_ANY, _OWN = "|".join(_CMDLETS), "|".join(name for name in _CMDLETS if "-" in name)
_VERB = re.compile(rf"(?<![\w/-])(?:aksprov (?P<any>{_ANY})|(?P<own>{_OWN}))(?![\w-])")
_OPTIONS = {p.option: f"-{p.name}" for verb in VERBS for p in request_parameters(verb)}
_OPTIONS |= {"--yes": "-Confirm:$false", "--what-if": "-WhatIf"}
_OPTION = re.compile(r"(?<![\w-])--[a-z0-9-]+")
_WAYS = (  # how a list, pairs and an object are given there
    (re.compile(r"repeat the option, or put"), "put"),
    (re.compile(r"Repeat the option, or put"), "Put"),
    (re.compile(r": repeat the option"), ": a hashtable, @{ key = 'value' }"),
    (re.compile(r", @file\.json, or JSON text"), ", or an object"),
    (re.compile(r"@file\.json, or JSON text"), "an object"),
    (re.compile(r"(?<!\S)@(\w+\.json)"), r"(Get-Content \1 -Raw | ConvertFrom-Json)"),
)


def powershell_text(text: str) -> str:
    """``see get-host, or give --os linux`` is ``see Get-AksprovHost, or give -os linux``."""
    text = _VERB.sub(lambda m: _CMDLETS[m["any"] or m["own"]], text)
    text = _OPTION.sub(lambda m: _OPTIONS.get(m[0], m[0]), text)
    for way, here in _WAYS:
        text = way.sub(here, text)
    return text


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
    if kind == "boolean":
        return f"${text.lower()}"
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
