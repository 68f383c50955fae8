"""Values that come as JSON, as the texts that :func:`aksprov.cmdlets.binding.bind` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aksprov.cli.objects import read_text
from aksprov.cmdlets.binding import nearest
from aksprov.cmdlets.common import FROM_JSON, request_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import DefinitionError, UsageError


def texts_of(verb: Verb, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """The request's values as :func:`aksprov.cmdlets.binding.bind` takes them.

    Raises:
        UsageError: UnknownOption, ValueShape.
    """
    known = {p.name.lower(): p for p in request_parameters(verb)}
    given: dict[str, list[str]] = {}
    for name, value in parameters.items():
        parameter = known.get(name.lower())
        if parameter is None:
            raise UsageError(
                "UnknownOption",
                f"{verb.cmdlet} has no parameter {name}",
                where=verb.name,
                why="it is none of the verb's parameters" + nearest(name, [p.name for p in known.values()]),
                fix=f"'aksprov {verb.name} --help' lists them",
            )
        if value is None or (parameter.kind == "switch" and value is False):
            continue
        given[parameter.name] = list(_texts(parameter, value))
    return given


def _texts(parameter: Parameter, value: Any) -> Sequence[str]:
    if parameter.kind == "switch" and value is True:
        return []
    if parameter.kind == "object" and isinstance(value, dict | list):
        return [msgspec.json.encode(value).decode()]
    if parameter.kind == "pairs" and isinstance(value, dict):
        return [_quoted(f"{key}={_scalar(parameter, item)}") for key, item in value.items()]
    items = value if isinstance(value, list) and parameter.kind in ("texts", "pairs") else [value]
    return [_quoted(_scalar(parameter, item)) for item in items]


def _scalar(parameter: Parameter, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise UsageError(
        "ValueShape",
        f"the value of {parameter.name} has the wrong shape",
        where=parameter.name,
        why=f"it is {'an array' if isinstance(value, list) else 'an object' if value is not None else 'null'}, "
        f"and {'each' if parameter.kind in ('texts', 'pairs') else 'it'} must be one value",
        fix=f"give a text, for example {parameter.example}" if parameter.example else "give one value",
    )


def _quoted(text: str) -> str:
    """With the one pair of quotes that binding takes off: what arrives here has none to drop."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def from_json(verb: Verb, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """``given`` with the values of --from-json's object where they were not given themselves.

    The object is one that the verb prints, or AksHci's own of that kind.  Properties that are empty, that only inform
    or that nobody knows count as left out.

    Raises:
        NotFoundError: ObjectFileNotFound.
        DefinitionError: ObjectFileNotText, InvalidObject.
        UsageError: ValueShape.
    """
    own = {name: list(texts) for name, texts in given.items() if name != FROM_JSON.name}
    if FROM_JSON.name not in given or not given[FROM_JSON.name]:
        return own
    path = given[FROM_JSON.name][-1]
    content = _one_object(path, read_text(FROM_JSON.option, path))
    sources = {p.name.lower(): p.parameter for p in verb.outputs if p.parameter}
    values = {sources[key.lower()]: _plain(value) for key, value in content.items() if key.lower() in sources}
    return texts_of(verb, {name: value for name, value in values.items() if value not in (None, "", [])}) | own


def _one_object(path: str, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_one(path, f"it is not JSON: {error}") from None
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict):
        many = f"it has {len(content)} objects" if isinstance(content, list) else "it is not an object"
        raise _not_one(path, many)
    return content


def _not_one(path: str, why: str) -> DefinitionError:
    return DefinitionError(
        "InvalidObject",
        "the file does not hold one object",
        where=path,
        why=why,
        fix="write one: Get-AksHciClusterNetwork -name NAME | ConvertTo-Json",
    )


def _plain(value: Any) -> Any:
    """Windows PowerShell writes some arrays as {"value": [...], "Count": 2}."""
    wrapped = isinstance(value, dict) and value.keys() == {"value", "Count"}
    return value["value"] if wrapped else value
