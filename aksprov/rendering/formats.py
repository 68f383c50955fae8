"""How each file format takes a value: quoted for it, or refused.

A template's file name says its format, and these functions are Jinja's ``finalize`` for
it: whatever a template prints goes through one of them.  Formats with real quoting (YAML, JSON,
TOML, shell, PowerShell) carry any text; the others have none that all their readers agree on
(HAProxy expands ``$NAME`` inside double quotes, keepalived also ``${...}`` and ``@...``),
so they carry plain words and anything else is refused.

Files are UTF-8 with line feeds and without a byte order mark, on Windows too, since the
programs that read them come from Linux; :func:`stored` makes the exception.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

Finalize = Callable[[object], str]

# No blank, quote, backslash, comment or expansion character of any of the plain formats.
_NOT_IN_WORD = re.compile(r"[^A-Za-z0-9_./:-]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_IN_SHELL = re.compile(r"[\0\ud800-\udfff]")
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")
_NOT_ASCII = re.compile(r"([^\x20-\x7e]+)")


class UnsafeValueError(ValueError):
    """A value that a format cannot carry; the message says which and why."""


def quoted(value: object) -> str:
    """A value in YAML or TOML: text in double quotes, lists in brackets.

    The escapes used are those that YAML 1.1 and 1.2 (5.7) and TOML 1.0 share, and nothing
    but printable ASCII is left unescaped, so no reader can take the text for anything else.

    Raises:
        UnsafeValueError: the text has a lone surrogate, which is no Unicode character.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        _refuse(value, _SURROGATE, "half of a surrogate pair is no character")
        return '"' + "".join(map(_escaped, value)) + '"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(quoted, value)) + "]"
    _no_value(value)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if 0x20 <= code < 0x7F:
        return character
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def json_value(value: object) -> str:
    """A value in JSON (RFC 8259): text in double quotes, lists in brackets, nothing but ASCII.

    Raises:
        UnsafeValueError: the text has a lone surrogate, which is no Unicode character.
    """
    if isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, str):
        _refuse(value, _SURROGATE, "half of a surrogate pair is no character")
        return json.dumps(value)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(json_value, value)) + "]"
    _no_value(value)


def word(value: object) -> str:
    """A value in a format without dependable quoting: a number or one plain word.

    Raises:
        UnsafeValueError: the text is empty or has other characters than ``A-Za-z0-9_./:-``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        if not value:
            raise UnsafeValueError("an empty text is no word")
        _refuse(value, _NOT_IN_WORD, "only letters, digits and _ . / : - can stand there")
        return value
    _no_value(value)


def shell(value: object) -> str:
    """A value in a POSIX shell script: one word, quoted where needed.

    Raises:
        UnsafeValueError: the text has a NUL or a lone surrogate.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        _refuse(value, _NOT_IN_SHELL, "a shell script holds neither a NUL nor half of a surrogate pair")
        return shlex.quote(value)
    _no_value(value)


def powershell(value: object) -> str:
    """A value in a PowerShell script: text in single quotes, where nothing expands; lists as ``@(...)``.

    Scripts stay ASCII, so that neither a code page nor the quotation marks that PowerShell takes
    for apostrophes (U+2018 to U+201B) can change one: other characters are added by number.
    Sources: about_Quoting_Rules; the language specification's list of single-quote characters.

    Raises:
        UnsafeValueError: the text has a control character or a lone surrogate.
    """
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        _refuse(value, _SURROGATE, "half of a surrogate pair is no character")
        _refuse(value, _CONTROL, "no name, path or address has a control character")
        pieces = _NOT_ASCII.split(value)  # what matched is every second one
        texts = [_by_number(piece) if n % 2 else _in_apostrophes(piece) for n, piece in enumerate(pieces)]
        return texts[0] if len(texts) == 1 else f"({' + '.join(texts)})"
    if isinstance(value, (tuple, list)):
        return f"@({', '.join(map(powershell, value))})"
    _no_value(value)


def _in_apostrophes(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _by_number(text: str) -> str:
    """Characters as .NET's, which are UTF-16 code units."""
    units = text.encode("utf-16-be")
    return " + ".join(f"[char]0x{units[n : n + 2].hex()}" for n in range(0, len(units), 2))


def stored(form: str, text: str) -> str:
    """A rendered text as its file has it.

    Windows PowerShell takes a script without a byte order mark for one in the system's code page
    (about_Character_Encoding); line ends are Windows' own, so that any editor there shows the lines.
    """
    return "\ufeff" + text.replace("\n", "\r\n") if form == "ps1" else text


def _refuse(value: str, characters: re.Pattern[str], why: str) -> None:
    if characters.search(value):
        raise UnsafeValueError(f"{value!r}: {why}")


def _no_value(value: object) -> NoReturn:
    # An undefined name arrives here too: putting it into the text raises Jinja's own error, which names it.
    raise TypeError(f"a template printed {value}, which is neither text nor a number nor a list of them")


FORMATS: Mapping[str, Finalize] = MappingProxyType(
    {
        "haproxy": word,
        "json": json_value,
        "keepalived": word,
        "modules": word,
        "ps1": powershell,
        "sh": shell,
        "sysctl": word,
        "systemd": word,
        "toml": quoted,
        "yaml": quoted,
    }
)
