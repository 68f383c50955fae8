"""From what was typed to a request: which set is meant, what is missing, what each text means.

Pure: files that an object is in are read by whoever calls.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec

from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, ParameterSet, Verb
from aksprov.cmdlets.rules import RULES
from aksprov.errors import DefinitionError, NotAvailableError, UsageError
from aksprov.model.request import Request

# Parameter name -> the texts that were given for it, in order; a switch has none.
Given = Mapping[str, Sequence[str]]

_INT32 = range(-(2**31), 2**31)  # System.Int32, the type that AksHci documents for whole numbers
_WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
# PowerShell takes typographic quotes for quotes.
_QUOTES = ("'\u2018-\u201b", '"\u201c-\u201e')
_QUOTED = "|".join(f"[{q}](?:[^{q}]|[{q}]{{2}})*[{q}]" for q in _QUOTES)
_ITEM = re.compile(rf"\s*({_QUOTED}|[^,]*?)\s*(,|\Z)")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_BOOLEANS = {"true": True, "$true": True, "1": True, "false": False, "$false": False, "0": False}


def bind(verb: Verb, given: Given) -> Request:
    """The request that was typed.

    Raises:
        UsageError: the command line's form is wrong (parameters missing, of two sets, given twice).
        DefinitionError: a value breaks its rule.
        NotAvailableError: something declared, but not available yet, was given.
    """
    chosen = choose_set(verb, given)
    _refuse_unavailable(verb, chosen, given)
    absent = missing(verb, given)
    if absent:
        raise UsageError(
            "MissingParameter",
            f"{verb.name} needs {_and([p.option for p in absent])}",
            where=verb.name,
            why="these must be given, and there is no terminal to ask on",
            fix="; ".join(f"{p.option}: {p.help}" for p in absent),
        )
    set_name = chosen.name if chosen else ""
    values: dict[str, Any] = {
        p.name: p.default
        for p in request_parameters(verb)
        if p.default is not None and not p.unavailable and p.in_set(set_name)
    }
    by_name = {p.name: p for p in request_parameters(verb)}
    for name in given:
        values[name] = read_value(by_name[name], given[name])
        if values[name] == "" and by_name[name].mandatory(set_name):
            raise _refused(by_name[name], "", "EmptyValue", "it must be given, and an empty text gives nothing")
    return Request(verb=verb.name, values=values, given=frozenset(given), parameter_set=set_name)


def missing(verb: Verb, given: Iterable[str]) -> tuple[Parameter, ...]:
    """The parameters that must still be given, in the order of the declaration."""
    chosen = choose_set(verb, given)
    set_name = chosen.name if chosen else ""
    return tuple(p for p in verb.parameters if p.mandatory(set_name) and p.name not in given)


def choose_set(verb: Verb, given: Iterable[str]) -> ParameterSet | None:
    """The parameter set that is meant, None for a verb without sets.

    Much as PowerShell's binder does: of the sets that have everything that was given, the first
    whose mandatory parameters are all there; else the default set, or one that works.

    Raises:
        UsageError: ParameterSetsMixed.
        DefinitionError: a conflict that the declaration names.
    """
    names = frozenset(given)
    for conflict in verb.conflicts:
        if names.intersection(conflict.given) and names.isdisjoint(conflict.without):
            where = ", ".join(verb.parameter(n).option for n in conflict.given if n in names)
            raise DefinitionError(conflict.code, conflict.what, where=where, why=conflict.why, fix=conflict.fix)
    if not verb.sets:
        return None
    typed = [p for p in verb.parameters if p.name in names]
    possible = [s for s in verb.sets if all(p.in_set(s.name) for p in typed)]
    if not possible:
        raise _mixed(verb, typed)
    for candidate in possible:
        if all(p.name in names for p in verb.parameters if p.mandatory(candidate.name)):
            return candidate
    usable = [s for s in possible if not s.unavailable] or possible
    return next((s for s in usable if s.name == verb.default_set), usable[0])


def _mixed(verb: Verb, typed: Sequence[Parameter]) -> UsageError:
    """Names two parameters that no set has both of, or all of them, and their sets."""
    limited = [p for p in typed if p.sets]
    pairs = ([a, b] for a, b in combinations(limited, 2) if set(a.sets).isdisjoint(b.sets))
    apart = next(pairs, limited)
    return UsageError(
        "ParameterSetsMixed",
        f"{_and([p.option for p in apart])} cannot be given together",
        where=verb.name,
        why="; ".join(f"{p.option} belongs to {_and(p.sets)}" for p in apart),
        fix=f"leave one of them out; 'aksprov {verb.name} --help' shows the sets",
    )


def _refuse_unavailable(verb: Verb, chosen: ParameterSet | None, given: Given) -> None:
    """Raises NotAvailableError for what is declared and does nothing yet: never silently ignored."""
    refused = [p for p in verb.parameters if p.unavailable and p.name in given]
    if refused:
        raise NotAvailableError(
            "ParameterNotAvailable",
            f"{_and([p.option for p in refused])} cannot be used yet",
            where=verb.name,
            why="; ".join(dict.fromkeys(p.unavailable for p in refused)),
            fix="leave it out" if len(refused) == 1 else "leave them out",
        )
    if chosen is not None and chosen.unavailable:
        raise NotAvailableError(
            chosen.code,
            f"{verb.name} cannot do this yet: {chosen.help.rstrip('.')}",
            where=f"parameter set {chosen.name}",
            why=chosen.unavailable,
            fix=f"give the parameters of {verb.default_set}: 'aksprov {verb.name} --help' lists them",
        )


def read_value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """What the texts given for one parameter mean.

    Returns:
        str, int, float, bool, a tuple of str, a dict of str, or for an object a name (str) or a dict;
        "" for an emptied value of a parameter that clears.

    Raises:
        UsageError: GivenTwice, NotText.
        DefinitionError, NotAvailableError: the value breaks a rule.
    """
    if parameter.kind == "switch":
        return True
    for text in texts:
        _check_text(parameter, text)
    if parameter.clears and [unquote(text) for text in texts] == [""]:
        return ""
    if parameter.kind == "texts":
        return tuple(_word(parameter, item) for text in texts for item in _items(parameter, text))
    if parameter.kind == "pairs":
        return _pairs(parameter, texts)
    if len(texts) > 1:
        raise UsageError(
            "GivenTwice",
            f"{parameter.option} was given {len(texts)} times",
            where=parameter.name,
            why="it takes one value",
            fix="give it once",
        )
    text = unquote(texts[0])
    if parameter.kind == "integer":
        return _whole(parameter, text)
    if parameter.kind == "number":
        return _number(parameter, text)
    if parameter.kind == "boolean":
        return _boolean(parameter, text)
    if parameter.kind == "object":
        return _object(parameter, text)
    return _word(parameter, text)


def unquote(text: str) -> str:
    """``text`` without one pair of quotes around it: cmd.exe passes them on."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def nearest(word: str, known: Sequence[str]) -> str:
    """``; did you mean X?`` with the closest of ``known`` ignoring case, "" when none is close."""
    flat = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower(), list(flat), n=1)
    return f"; did you mean {flat[close[0]]}?" if close else ""


def _check_text(parameter: Parameter, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "NotText",
            f"the value of {parameter.option} is not text",
            where=parameter.name,
            why="it has bytes that are not UTF-8",
            fix="type it again, in a terminal that uses UTF-8",
        ) from None


def split_list(text: str) -> list[str]:
    """The items between the commas; one in quotes keeps them, and may have commas, as in PowerShell."""
    items, match = [], _ITEM.match(text)
    while match is not None:
        items.append(match[1])
        match = _ITEM.match(text, match.end()) if match[2] else None
    return items


def _items(parameter: Parameter, text: str) -> list[str]:
    words = [unquote(item) for item in split_list(text)]
    if not all(words):
        raise DefinitionError(
            "EmptyItem",
            f"a value of {parameter.option} is empty",
            where=parameter.name,
            why=f"{text!r} has nothing before, between or after its commas",
            fix="take the extra comma out, or leave the option out",
        )
    return words


def _pairs(parameter: Parameter, texts: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in map(unquote, texts):
        # The last "=" divides: a switch's name may have one, an interface's name has none.
        key, equals, value = text.rpartition("=") if parameter.name == "interfaces" else text.partition("=")
        if not key or not equals or not value:
            raise _refused(parameter, text, "InvalidPair", f"it is written {parameter.placeholder}")
        if key in pairs:
            raise UsageError(
                "GivenTwice",
                f"{parameter.option} has {key!r} twice",
                where=parameter.name,
                why="each key takes one value",
                fix="give it once",
            )
        pairs[key] = value
    return pairs


def _whole(parameter: Parameter, text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) not in _INT32:
        raise _refused(parameter, text, "InvalidNumber", "it is a whole number, written in digits")
    number = int(text)
    _check_bounds(parameter, number)
    return number


def _number(parameter: Parameter, text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise _refused(parameter, text, "InvalidNumber", "it is a number in digits, with a point for decimals")
    _check_bounds(parameter, float(text))
    return float(text)


def _check_bounds(parameter: Parameter, number: float) -> None:
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise _refused(parameter, f"{number:g}", "OutOfRange", f"it is {bounds(parameter)}")


def bounds(parameter: Parameter) -> str:
    """The bounds of a number in words, "" where it has none."""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def _boolean(parameter: Parameter, text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise _refused(parameter, text, "InvalidBoolean", "it is true or false")
    return _BOOLEANS[text.lower()]


def _word(parameter: Parameter, text: str) -> str:
    if parameter.allowed:
        text = _allowed(parameter, text)
    return RULES[parameter.rule](text, parameter.name) if parameter.rule else text


def _allowed(parameter: Parameter, text: str) -> str:
    for word in parameter.allowed:
        if word.lower() == text.lower():
            if word in parameter.unavailable_values:
                raise NotAvailableError(
                    "ValueNotAvailable",
                    f"{parameter.option} {word} cannot be used yet",
                    where=parameter.name,
                    why=parameter.unavailable_values[word],
                    fix="give " + " or ".join(w for w in parameter.allowed if w not in parameter.unavailable_values),
                )
            return word
    why = "it is one of " + ", ".join(parameter.allowed) + nearest(text, parameter.allowed)
    raise _refused(parameter, text, "ValueNotAllowed", why)


def _object(parameter: Parameter, text: str) -> str | dict[str, Any]:
    """A stored name, or JSON text with the properties that the declared verb prints."""
    if text.lstrip()[:1] not in ("{", "["):
        if parameter.stored:
            return _word(parameter, text)
        raise _refused(
            parameter, text, "ObjectExpected", f"{parameter.object_of} stores nothing, so there is no such name"
        )
    try:
        content = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        # not repeated, as what is wrong may be in the middle of a secret
        raise _refused(parameter, "{...}", "InvalidObject", f"it is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise _refused(parameter, "[...]", "InvalidObject", "it is not one object")
    maker = find_verb(parameter.object_of)
    return _properties(parameter, maker, content) if maker is not None else content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a property is there twice")
    return content


def _properties(parameter: Parameter, maker: Verb, content: Mapping[str, Any]) -> dict[str, Any]:
    """The object's properties with their declared names, each value checked as if it were typed.

    Properties that are empty, or that only inform, count as left out.
    """
    declared = {p.name.lower(): p for p in maker.outputs}
    checked: dict[str, Any] = {}
    for key, value in content.items():
        output = declared.get(key.lower())
        if output is None:
            names = tuple(p.name for p in maker.outputs)
            why = f"{key!r} is none of its properties {', '.join(names)}{nearest(key, names)}"
            raise _refused(parameter, json.dumps(content), "UnknownProperty", why)
        if value in (None, "", []) or not output.parameter:
            continue
        typed = value if isinstance(value, list) else [value]
        source = msgspec.structs.replace(
            maker.parameter(output.parameter),
            name=f"{parameter.name}.{output.name}",
            positional=True,
            placeholder=f"{output.name} of {parameter.option}",  # what errors call it
        )
        checked[output.name] = read_value(source, [str(item) for item in typed])
    return checked


def _refused(parameter: Parameter, text: str, code: str, why: str) -> DefinitionError:
    shown = repr(text if len(text) <= 60 else text[:57] + "...")
    return DefinitionError(
        code,
        f"{shown} cannot be the value of {parameter.option}",
        where=parameter.name,
        why=why,
        fix=f"give another value, for example {parameter.example}" if parameter.example else "give another value",
    )


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
