"""The bytes of a hosts file as text, or what encoding they are in instead."""

from __future__ import annotations

import codecs
import re

from aksprov.inventory.tree import FormError, Mark, Places

# YAML 1.2.2, section 5.1: the characters that a text may hold.  The same holds for the other forms:
# a control character in a hosts file is an accident in each of them.
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def decode(data: bytes) -> str:
    """The text of UTF-8 ``data``, without a byte-order mark.

    Raises:
        FormError: another encoding (named, as far as it can be told), or a character
            that is no text.
    """
    for mark, name in _OTHER_MARKS.items():
        if data.startswith(mark):
            raise FormError(Mark(1, 1), f"the file is {name}, not UTF-8, as its byte-order mark says")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        body = data.removeprefix(codecs.BOM_UTF8)
        before = body[: error.start].decode("utf-8")
        raise FormError(Places(before).mark(len(before)), _not_utf8(body, error.start)) from None
    found = _NOT_TEXT.search(text)
    if found is None:
        return text
    why = f"character U+{ord(found.group()):04X} is not text"
    if found.group() == "\0":
        why = "the file is UTF-16, not UTF-8: every second byte is 0" if _looks_utf16(data) else why
    raise FormError(Places(text).mark(found.start()), why)


def _not_utf8(data: bytes, at: int) -> str:
    byte = data[at]
    if _looks_utf16(data):
        return "the file is UTF-16, not UTF-8: every second byte is 0"
    try:
        meant = bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return f"byte 0x{byte:02X} is not UTF-8"
    return f"the file is not UTF-8: byte 0x{byte:02X} is {meant!r} in Windows-1252 (Latin-1), as spreadsheets save it"


def _looks_utf16(data: bytes) -> bool:
    """Whether about every second byte of the beginning is 0, as in UTF-16 text of any Western language."""
    head = data[:200]
    return any(head[start::2].count(0) * 2 > len(head[start::2]) for start in (0, 1))
