"""What a verb hands back, on standard output: a table, JSON or YAML."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aksprov.cli.common_parameters import Stream
from aksprov.cli.stdout import write
from aksprov.cli.terminal import harmless, paint
from aksprov.cmdlets.declaration import Verb
from aksprov.model.outcome import Outcome
from aksprov.model.row import Row

# Plain YAML words that neither YAML 1.1 nor 1.2 takes for anything but text; others are quoted.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_STREAMS: Mapping[str, Stream] = {"Failed": "error", "Warning": "warning"}
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def show(verb: Verb, outcome: Outcome, form: str, silent: frozenset[Stream] = frozenset()) -> None:
    """Print the data on standard output, and what people should know besides on standard error.

    Args:
        form: table, json or yaml.
        silent: what people are not told; it is in the data all the same.

    Raises:
        OutputError: OutputNotWritten.
    """
    if form == "table" and not (outcome.objects or outcome.rows or outcome.plan):
        text = ""
    elif form == "table":
        from aksprov.cli.tables import as_text  # Rich takes longer to import than most verbs run

        text = as_text(verb, outcome)
    else:
        content = data(verb, outcome)
        text = "" if content is None else _json(content) if form == "json" else _yaml(content)
        _tell([row for row in untold(outcome) if _STREAMS[row.test_result] not in silent])
    write(text)
    for note in outcome.notes:
        print(f"{paint('note:', 'cyan', sys.stderr)} {harmless(note)}", file=sys.stderr)


def data(verb: Verb, outcome: Outcome) -> Any:
    """The outcome as built-in values: a plan, one object, or an array; None for a verb that prints nothing."""
    if outcome.plan is not None and not outcome.objects:
        return msgspec.to_builtins(outcome.plan)
    if outcome.objects or (outcome.single and not outcome.rows):
        return outcome.objects[0] if outcome.single and outcome.objects else list(outcome.objects)
    return msgspec.to_builtins(outcome.rows) if verb.outputs else None


def untold(outcome: Outcome) -> tuple[Row, ...]:
    """Rows that are not part of the data, and not good: they must not get lost."""
    if (not outcome.objects and outcome.plan is None) or any("Rows" in item for item in outcome.objects):
        return ()
    return tuple(row for row in outcome.rows if row.test_result in ("Failed", "Warning"))


def _tell(rows: Iterable[Row]) -> None:
    for row in rows:
        style = "red" if row.test_result == "Failed" else "yellow"
        line = f"{row.host or row.cluster} {row.test_name}: {row.details}"
        if row.recommendation:
            line += f" -> {row.recommendation}"
        print(f"{paint(row.test_result + ':', style, sys.stderr)} {harmless(line)}", file=sys.stderr)


def _json(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _yaml(content: Any) -> str:
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        """Quotes every text that some reader of YAML takes for something else."""

    def text(representer: SafeRepresenter, value: str) -> Any:
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
        return representer.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')

    Representer.add_representer(str, text)
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # properties stay in their order
    yaml.width = 4096
    buffer = StringIO()
    yaml.dump(content, buffer)
    return buffer.getvalue()
