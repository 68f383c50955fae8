"""YAML into the tree.

Tokens come from ruamel.yaml's event parser, which resolves no types: scalars stay texts.  Aliases work
as in YAML 1.2, with a bound on what they unfold to.  Tags are refused, as every value here is a text;
so are merge keys (``<<``), which YAML 1.2 dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from aksprov.inventory.tree import MAX_DEPTH, FormError, Mapping, Mark, Node, Scalar, Sequence

# YAML 1.2.2, section 10.3.2 (core schema): plain scalars that stand for nothing.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# 10,000 hosts have about 200,000 nodes.  Aliases of aliases ("billion laughs") grow past any bound.
MAX_NODES = 1_000_000


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    mark: Mark
    anchor: str | None
    mapping: bool
    parts: list[Node] = field(default_factory=list)
    size: int = 1

    @property
    def expects_key(self) -> bool:
        return self.mapping and len(self.parts) % 2 == 0

    def close(self) -> Node:
        if not self.mapping:
            return Sequence(tuple(self.parts), self.mark)
        return Mapping(tuple((_key(k), v) for k, v in zip(self.parts[::2], self.parts[1::2], strict=True)), self.mark)


def _key(node: Node) -> Scalar:
    if not isinstance(node, Scalar) or node.text is None:
        raise FormError(node.mark or Mark(1, 1), "a key must be a text")
    return node


class _Builder:
    """Puts events together, one after another, without recursion."""

    def __init__(self) -> None:
        self._stack = [_Open(Mark(1, 1), None, mapping=False)]
        self._anchors: dict[str, tuple[Node, int]] = {}

    def root(self) -> Node:
        """The document; nothing where there is none."""
        parts = self._stack[0].parts
        return parts[0] if parts else Scalar(None, Mark(1, 1))

    def take(self, event: Event, mark: Mark) -> None:
        """The next event, which begins at ``mark``."""
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            raise FormError(mark, "tags (!...) have no meaning here: every value is taken as written")
        if isinstance(event, DocumentStartEvent) and self._stack[0].parts:
            raise FormError(mark, "a second document begins here; a hosts file is one document")
        if isinstance(event, ScalarEvent):
            if event.style is None and event.value == "<<" and self._stack[-1].expects_key:
                raise FormError(mark, "merge keys (<<) left YAML with version 1.2; write the keys out")
            nothing = event.style is None and event.value in _NULLS
            self._add(Scalar(None if nothing else event.value, mark), 1, event.anchor, mark)
        elif isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise FormError(mark, f"alias *{event.anchor} names nothing that is complete before it")
            self._add(*self._anchors[event.anchor], None, mark)
        elif isinstance(event, CollectionStartEvent):
            if len(self._stack) > MAX_DEPTH:
                raise FormError(mark, f"nested more than {MAX_DEPTH} deep")
            self._stack.append(_Open(mark, event.anchor, isinstance(event, MappingStartEvent)))
        elif isinstance(event, CollectionEndEvent):
            done = self._stack.pop()
            self._add(done.close(), done.size, done.anchor, mark)

    def _add(self, node: Node, size: int, anchor: str | None, mark: Mark) -> None:
        if anchor is not None:
            self._anchors[anchor] = node, size
        parent = self._stack[-1]
        parent.parts.append(node)
        parent.size += size
        if parent.size > MAX_NODES:
            raise FormError(mark, f"its aliases unfold to more than {MAX_NODES:,} values")


def read(text: str) -> Node:
    """The tree of the one document in ``text``; nothing (a Scalar of None) for an empty one.

    Raises:
        FormError: not YAML, more than one document, nested too deeply, unfolds to too much.
    """
    builder = _Builder()
    for event in _events(text):
        builder.take(event, _mark(event.start_mark))
    return builder.root()


def _events(text: str) -> Iterator[Event]:
    """The parser's events; its errors with their place."""
    last = Mark(1, 1)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            last = _mark(event.end_mark)
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormError(_mark(mark) if mark else last, f"not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, OverflowError) as error:
        # ValueError, OverflowError: \U escapes and %YAML versions that Python's own conversions refuse
        raise FormError(last, f"not YAML: {str(error).splitlines()[0]}") from None


def _mark(mark: StreamMark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)
