"""What a declaration consists of."""

from __future__ import annotations

import re
from typing import Literal

from aksprov.model.base import Value

# How the text of a value is read.  "texts" is a list (repeated, or with commas), "pairs"
# is key=value (repeated), "object" is a stored name, @file.json or JSON text.
Kind = Literal["text", "integer", "number", "boolean", "switch", "texts", "pairs", "object"]
Default = str | int | bool | None

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def _option(name: str) -> str:
    """Words in lower case; a run of capitals is one word."""
    return "--" + "-".join(word.lower() for word in _WORD.findall(name))


class Parameter(Value, frozen=True, kw_only=True):
    """One parameter of a verb.

    Args:
        name: as AksHci spells it ("vlanID"); ours follow the same form.
        help: one or two sentences, with the unit where there is one.
        placeholder: what stands for the value in help ("ADDRESS", "GB").
        group: heading under which help lists it.
        sets: parameter sets that have it; empty means every set.
        mandatory_in: sets in which it must be given; ("*",) means in every set that has it.
        default: the value when it is left out, None for no value.
        allowed: permitted values; compared ignoring case, handed on as spelled here.
        listed_by: the verb that prints the permitted values, where they are too many for help.
        minimum, maximum: bounds of a number, both included.
        rule: name of a rule in :mod:`aksprov.cmdlets.rules` that every value must keep.
        object_of: for an object: the verb that prints such an object.
        stored: for an object: whether a name of a stored one stands for it.
        clears: an empty text takes the recorded value away, whatever the kind.
        positional: given without its name on the command line.
        ours: aksprov has it, AksHci did not.
        older_names: names that older releases had for it; they are taken, with a warning.
        replaced_by: of a name of older releases: today's parameters that say the same.
        unavailable: why giving it is refused (exit code 69); empty where it works.
        unavailable_values: permitted values that are refused so, each with its reason.
        example: a value, for the reference page and the texts of errors.
    """

    name: str
    help: str
    kind: Kind = "text"
    placeholder: str = ""
    group: str = ""
    sets: tuple[str, ...] = ()
    mandatory_in: tuple[str, ...] = ()
    default: Default = None
    allowed: tuple[str, ...] = ()
    listed_by: str = ""
    minimum: int | None = None
    maximum: int | None = None
    rule: str = ""
    object_of: str = ""
    stored: bool = False
    clears: bool = False
    positional: bool = False
    ours: bool = False
    older_names: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    unavailable: str = ""
    unavailable_values: dict[str, str] = {}
    example: str = ""

    @property
    def option(self) -> str:
        """Its spelling on the command line: "vlanID" is "--vlan-id"."""
        return self.placeholder if self.positional else _option(self.name)

    @property
    def older_options(self) -> tuple[str, ...]:
        """The spellings of its older names on the command line."""
        return tuple(_option(name) for name in self.older_names)

    def mandatory(self, set_name: str) -> bool:
        """Whether it must be given in that parameter set."""
        return self.in_set(set_name) and ("*" in self.mandatory_in or set_name in self.mandatory_in)

    def in_set(self, set_name: str) -> bool:
        """Whether that parameter set has it."""
        return not self.sets or set_name in self.sets


class ParameterSet(Value, frozen=True, kw_only=True):
    """A group of parameters that are used together.

    Args:
        code, unavailable: the error (exit code 69) that choosing it leads to; empty where it works.
    """

    name: str
    help: str
    code: str = ""
    unavailable: str = ""


class Conflict(Value, frozen=True, kw_only=True):
    """Parameters that must not be given unless others are: refused as a definition (exit code 65).

    Args:
        given: any of these together with
        without: none of these
        code, what, why, fix: makes this error.
    """

    given: tuple[str, ...]
    without: tuple[str, ...]
    code: str
    what: str
    why: str
    fix: str


class Property(Value, frozen=True, kw_only=True):
    """A property of the objects that a verb prints, as AksHci spells it.

    Args:
        kind: text, integer, boolean, texts, object or objects.
        parameter: the parameter of the verb that makes such objects that it comes from, or "".
    """

    name: str
    help: str = ""
    kind: Literal["text", "integer", "number", "boolean", "texts", "object", "objects"] = "text"
    parameter: str = ""


class Example(Value, frozen=True, kw_only=True):
    """A command line, and what it does."""

    command: str
    text: str


class Verb(Value, frozen=True, kw_only=True):
    """One verb.

    Args:
        name: of the command, e.g. "new-cluster"; cmdlet: in PowerShell, e.g. "New-AksHciCluster".
        older_names: of the cmdlet in older releases or in slips of its documents; taken with a warning.
        topic: heading under which the overview lists it.
        default_set: the set that is meant when what is given does not decide.
        columns: properties that a table shows; they fit into 80 columns.
        confirms: it may ask before it acts, so it takes --yes.
        always_asks: it does ask before it acts, so -Confirm adds no question.
        plans: it makes a plan first, so it takes --what-if and its companions.
    """

    name: str
    cmdlet: str
    topic: str
    synopsis: str
    older_names: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    sets: tuple[ParameterSet, ...] = ()
    default_set: str = ""
    conflicts: tuple[Conflict, ...] = ()
    outputs: tuple[Property, ...] = ()
    columns: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    confirms: bool = False
    always_asks: bool = False
    plans: bool = False

    def parameter(self, name: str) -> Parameter:
        """The verb's own parameter of that name (KeyError when there is none)."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)
