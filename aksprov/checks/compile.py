"""Many questions to a host as one script, and its answer read back.  Pure.

The script is always the same text; what is asked travels as data lines on its standard
input, so no value can become shell text.  The host only reports; judging is done here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Literal

from aksprov.model.base import Value

Kind = Literal[
    "file",
    "unit",
    "lines",
    "settings",
    "module",
    "program",
    "firewall",
    "confinement",
    "addresses",
    "links",
    "neighbours",
    "rule",
    "feature",
    "network",
    "task",
]

SCRIPT = files("aksprov.checks").joinpath("probes.sh").read_text(encoding="utf-8")
WINDOWS_SCRIPT = files("aksprov.checks").joinpath("probes.ps1").read_text(encoding="ascii")


class Question(Value, frozen=True, kw_only=True):
    """One thing to ask a host: a function of probes.sh or probes.ps1 and its value.

    Args:
        kind: what the scripts have a function for; the last four are those of Windows.
        value: a path, a name or addresses; no control characters.
    """

    kind: Kind
    value: str = "-"


Answers = Mapping[Question, tuple[str, ...]]


def compile_questions(questions: Iterable[Question]) -> bytes:
    """The standard input of :data:`SCRIPT` for these questions, each asked once.

    Raises:
        ValueError: a value has a control character, or cannot be written as UTF-8.
    """
    lines = dict.fromkeys(f"{question.kind} {question.value}" for question in questions)
    for line in lines:
        if clean(line) != line:
            raise ValueError(f"not a value that a host can be asked about: {line!r}")
    return "".join(f"{line}\n" for line in lines).encode()


def parse_answers(stdout: bytes) -> Answers:
    """Question -> lines of its answer; a question without an answer is missing.

    Raises:
        ValueError: the answer was cut, or a line is none of the script's.
    """
    *lines, end, rest = ["", *stdout.decode(errors="replace").split("\n")]
    if end != "end" or rest:
        raise ValueError("the answer was cut short")
    answers: dict[Question, tuple[str, ...]] = {}
    for line in lines[1:]:
        kind, value, text = line.split("\t", 2)
        question = Question(kind=kind, value=value)  # type: ignore[arg-type]  # echoed as it was asked
        answers[question] = (*answers.get(question, ()), clean(text))
    return answers


def clean(text: str) -> str:
    """Host output without what could move a terminal's cursor; tabs become blanks."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
