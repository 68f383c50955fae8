"""The base of all values: frozen, typed, strict about unknown fields."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable value; equal when its fields are equal."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An immutable value whose JSON names are camelCase (plans, manifests)."""
