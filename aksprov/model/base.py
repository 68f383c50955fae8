"""The bases of all values: frozen, typed, strict about unknown fields.

msgspec hands ``frozen`` down to subclasses but not ``kw_only``, and type checkers see
neither, so every class says both: ``class Host(Value, frozen=True, kw_only=True)``.
"""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable value; equal when its fields are equal."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An immutable value whose JSON names are camelCase (plans, manifests)."""
