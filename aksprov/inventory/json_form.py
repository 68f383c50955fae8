"""JSON (RFC 8259) into the tree.

Python's own parser decides what is JSON; a second walk over the same text keeps what that parser
drops: places, keys given twice, and numbers as they were written.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from aksprov.inventory.tree import MAX_DEPTH, FormError, Mapping, Mark, Node, Places, Scalar, Sequence

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\]",:]+')
_PYTHON_ONLY = frozenset({"NaN", "Infinity", "-Infinity"})  # Python's parser takes these, RFC 8259 does not


@dataclass(slots=True)
class _Open:
    """An array or object whose end has not come yet."""

    mark: Mark
    mapping: bool
    parts: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        if not self.mapping:
            return Sequence(tuple(self.parts), self.mark)
        keys = (part for part in self.parts[::2] if isinstance(part, Scalar))  # JSON's keys are strings
        return Mapping(tuple(zip(keys, self.parts[1::2], strict=True)), self.mark)


def read(text: str) -> Node:
    """The tree of ``text``; literals and numbers as written, ``null`` as nothing.

    Raises:
        FormError: not JSON, or nested too deeply.
    """
    places = Places(text)
    stack = [_Open(Mark(1, 1), mapping=False)]
    for token in _TOKEN.finditer(_shallow(text)):
        word, mark = token.group(), places.mark(token.start())
        if word in "{[":
            stack.append(_Open(mark, mapping=word == "{"))
        elif word in "}]":
            done = stack.pop()
            stack[-1].parts.append(done.close())
        elif word.startswith('"'):
            stack[-1].parts.append(Scalar(json.loads(word), mark))
        else:
            stack[-1].parts.append(Scalar(None if word == "null" else word, mark))
    return stack[0].parts[0]


def _shallow(text: str) -> str:
    """``text``, when it is JSON that nests no deeper than MAX_DEPTH."""
    depth = 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(word, 0)
        if depth > MAX_DEPTH:
            raise FormError(Places(text).mark(token.start()), f"nested more than {MAX_DEPTH} deep")
        if word in _PYTHON_ONLY:
            raise FormError(Places(text).mark(token.start()), f"not JSON: {word}")
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise FormError(Places(text).mark(error.pos), f"not JSON: {error.msg}") from None
    return text
