"""The parameters that PowerShell gives every cmdlet, as far as a program can have them.

Source: about_CommonParameters, for PowerShell 7.4 and newer, and the enumeration ActionPreference
(learn.microsoft.com/powershell).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aksprov.cmdlets.binding import read_value
from aksprov.cmdlets.declaration import Parameter

POWERSHELL = "PowerShell"  # the group of these parameters: help does not list them

# What a command says besides its data; a person may want to hear less of it.
Stream = Literal["error", "warning", "information", "progress"]

# In the order of their numbers: -ErrorAction 0 is SilentlyContinue.
_PREFERENCES = ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend", "Break")
_STREAMS: dict[str, Stream] = {
    "ErrorAction": "error",
    "WarningAction": "warning",
    "InformationAction": "information",
    "ProgressAction": "progress",
}
_NO_VARIABLES = "a program cannot set the shell's variables; take what it prints: $x = aksprov ..."
_NO_PIPELINE = "a program's output is text, which no other command takes object by object"


def _action(name: str) -> Parameter:
    """An error ends a command, so that Stop and Continue are the same for it; a remark never does."""
    able = ("SilentlyContinue", "Continue", "Ignore") + (("Stop",) if name == "ErrorAction" else ())
    reasons = {word: "a program cannot be halted at a message" for word in _PREFERENCES if word not in able}
    return _valued(name, allowed=_PREFERENCES, unavailable_values=reasons)


def _switch(name: str, unavailable: str = "") -> Parameter:
    return Parameter(name=name, kind="switch", help="", group=POWERSHELL, unavailable=unavailable)


def _valued(
    name: str, *, allowed: tuple[str, ...] = (), unavailable_values: Mapping[str, str] = {}, unavailable: str = ""
) -> Parameter:
    return Parameter(
        name=name,
        positional=True,
        placeholder=f"-{name}",  # what errors call it
        help="",
        group=POWERSHELL,
        allowed=allowed,
        unavailable_values=dict(unavailable_values),
        unavailable=unavailable,
    )


WHAT_IF = _switch("WhatIf")
NO_WHAT_IF = _switch("WhatIf", "the verb makes no plan")
CONFIRM = _switch("Confirm")
COMMON_PARAMETERS: tuple[Parameter, ...] = (
    _switch("Verbose"),
    _switch("Debug", "there are no messages for debugging beside those of -Verbose"),
    *map(_action, _STREAMS),
    _valued("ErrorVariable", unavailable=_NO_VARIABLES),
    _valued("WarningVariable", unavailable=_NO_VARIABLES),
    _valued("InformationVariable", unavailable=_NO_VARIABLES),
    _valued("OutVariable", unavailable=_NO_VARIABLES),
    _valued("OutBuffer", unavailable=_NO_PIPELINE),
    _valued("PipelineVariable", unavailable=_NO_PIPELINE),
)
ALIASES: dict[str, str] = {
    "vb": "Verbose",
    "db": "Debug",
    "ea": "ErrorAction",
    "wa": "WarningAction",
    "infa": "InformationAction",
    "proga": "ProgressAction",
    "ev": "ErrorVariable",
    "wv": "WarningVariable",
    "iv": "InformationVariable",
    "ov": "OutVariable",
    "ob": "OutBuffer",
    "pv": "PipelineVariable",
    "wi": "WhatIf",
    "cf": "Confirm",
}


def silenced(parameter: Parameter, text: str) -> Stream | None:
    """The stream that is not to be shown, when ``text`` is given for -ErrorAction and its like; None: all are.

    Raises:
        DefinitionError: ValueNotAllowed.
        NotAvailableError: ValueNotAvailable.
    """
    chosen = read_value(parameter, [_whole(text)])
    return _STREAMS[parameter.name] if chosen in ("SilentlyContinue", "Ignore") else None


def _whole(text: str) -> str:
    """A preference given by its number or its beginning; other texts as they are."""
    if text in map(str, range(len(_PREFERENCES))):
        return _PREFERENCES[int(text)]
    begun = [word for word in _PREFERENCES if text and word.lower().startswith(text.lower())]
    return begun[0] if len(begun) == 1 else text
