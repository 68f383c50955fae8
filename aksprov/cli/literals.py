"""What a value means that was given in PowerShell's spelling.

Source: about_Quoting_Rules, about_Parsing, about_Splatting (learn.microsoft.com/powershell).
"""

from __future__ import annotations

import re

from aksprov.cmdlets.declaration import Parameter
from aksprov.errors import UsageError

# PowerShell takes typographic quotes for quotes.
_SINGLE, _DOUBLE = "'\u2018\u2019\u201a\u201b", '"\u201c\u201d\u201e'
_QUOTED = re.compile(rf"[{_SINGLE}](?P<single>(?:[^{_SINGLE}]|[{_SINGLE}]{{2}})*)[{_SINGLE}]"
                     rf"|[{_DOUBLE}](?P<double>(?:[^{_DOUBLE}]|[{_DOUBLE}]{{2}})*)[{_DOUBLE}]")  # fmt: skip
_EVALUATED = re.compile(r"\$[\w({:?^$]|`")
_LINE_ENDS = ("`", "\\", "^")
_BOOLEANS = ("$true", "$false", "true", "false")


def literal(parameter: Parameter, written: str, text: str) -> str:
    """The text of one value, as :mod:`aksprov.cmdlets.binding` reads it.

    Args:
        written: the parameter as it was typed, for errors.

    Raises:
        UsageError: ExpressionNotEvaluated, QuoteNotClosed.
    """
    if _begins_quoted(text):
        return _wrapped(_content(parameter, written, text))
    if text.lower() == "$null" and parameter.kind != "object":
        return ""  # as PowerShell turns it into text
    if parameter.kind == "boolean" and text.lower() in _BOOLEANS:
        return text
    if parameter.kind == "object" and re.match(r"[{\[]|@[^{(]", text):
        return text  # JSON, or a file
    if text.startswith(("@", "(")) or _EVALUATED.search(text):
        raise _not_evaluated(parameter, written)
    key, equals, value = text.partition("=")
    if parameter.kind == "pairs" and _begins_quoted(value):
        return _wrapped(key + equals + _content(parameter, written, value))
    return text


def switched(written: str, text: str) -> bool:
    """Whether ``-switch:text`` turns the switch on.

    PowerShell hands -switch:$false to a program as -switch:False.

    Raises:
        UsageError: OptionMisused.
    """
    if text.lower() in _BOOLEANS:
        return text.lower().endswith("true")
    if text.lower() == "$null":
        return False
    raise UsageError(
        "OptionMisused",
        f"{text!r} cannot be the value of the switch {written}",
        where=written,
        why="a switch stands alone, or has $true or $false after a colon",
        fix=f"write {written}:$false, in quotes where the shell is not PowerShell: '{written}:$false'",
    )


def any_text(parameter: Parameter) -> str:
    """How a text is given that would mean something else in PowerShell's spelling: an addition to an error's fix."""
    return "" if parameter.positional else f"; {parameter.option}=VALUE takes any text as it is"


def stray_hint(word: str) -> str:
    """What somebody probably meant by a word that belongs to no option, and how it is said; "" where nobody knows."""
    if word.strip() in ("", *_LINE_ENDS):
        return "a long line goes on after \\ in sh, ` in PowerShell, ^ in cmd.exe, with nothing at all behind it"
    if word.lower() in _BOOLEANS:
        return "give a switch its value after a colon, as in '-switch:$false'"
    if word.startswith("@"):
        return "write the parameters out: only PowerShell itself can put @name's in their place"
    if word.startswith("(") or _EVALUATED.search(word):
        return "write the value itself: only PowerShell can evaluate this"
    if word[-1] in _SINGLE + _DOUBLE:
        return "put double quotes round a value that has blanks; cmd.exe knows no others"
    return ""


def _begins_quoted(text: str) -> bool:
    return text[:1] != "" and text[0] in _SINGLE + _DOUBLE


def _wrapped(content: str) -> str:
    """With the one pair of quotes that binding takes off."""
    quote = '"' if "'" in content else "'"
    return f"{quote}{content}{quote}"


def _content(parameter: Parameter, written: str, text: str) -> str:
    """What is between the quotes."""
    match = _QUOTED.fullmatch(text)
    if match is None:
        raise UsageError(
            "QuoteNotClosed",
            f"the value of {written} begins with a quote and does not end with it",
            where=written,
            why="this is how it arrived; cmd.exe divides a value at its blanks unless it is in double quotes",
            fix=f'write {written} "..."{any_text(parameter)}',
        )
    if match["double"] is None:
        return re.sub(rf"([{_SINGLE}])[{_SINGLE}]", r"\1", match["single"])
    if _EVALUATED.search(match["double"]):
        raise _not_evaluated(parameter, written)
    return re.sub(rf"([{_DOUBLE}])[{_DOUBLE}]", r"\1", match["double"])


def _not_evaluated(parameter: Parameter, written: str) -> UsageError:
    """Without the value, which may be a secret."""
    forms = f"give {'the name of a stored one, ' if parameter.stored else ''}@file.json or JSON text"
    return UsageError(
        "ExpressionNotEvaluated",
        f"the value of {written} has something that only PowerShell evaluates",
        where=written,
        why="variables, (...), @{...} and backticks mean something in PowerShell, and it has not replaced them",
        fix=forms if parameter.kind == "object" else f"write the value itself{any_text(parameter)}",
    )
