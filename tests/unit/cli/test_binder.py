"""Command lines mean to us what they mean to PowerShell's own binder, but for differences that are listed.

The engine gets an advanced function for each verb, made from its declaration: types, sets, mandatory ones, permitted
values, ranges.  What a binder does not know (what an address is, what is not built yet) is left out on both sides.

Words become PowerShell's arguments as a line of a script, because only its parser tells a parameter from a value: in an
array that is splatted, a text with a hyphen is a value.  Of each line the engine tells what its binder makes of it, and
what words it hands to a program.  We read the line twice, too: its own words with their quotes, as cmd.exe leaves
single ones; and the words that PowerShell hands over, which may say less: we may refuse them, but nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aksprov.cli.command import parse
from aksprov.cli.common_parameters import ALIASES, COMMON_PARAMETERS, CONFIRM, WHAT_IF
from aksprov.cli.spelling import normalise
from aksprov.cmdlets.binding import bind, read_value
from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.common import COMMON, command_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import AksprovError

pytestmark = pytest.mark.pwsh

TYPES = {
    "text": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "switch": "switch",
    "texts": "string[]",
    "pairs": "string[]",
    "object": "object",
}
BY_ITSELF = ("verbose", "whatIf")  # what a function with [CmdletBinding(SupportsShouldProcess)] has
LISTED = re.compile(r"(?P<line>.+?)(?:  # (?P<kind>refused|accepted|differs|handed): .+)?")
LINES = [
    match
    for text in Path(__file__).with_name("binder.lines").read_text(encoding="utf-8").splitlines()
    if text and not text.startswith("#") and (match := LISTED.fullmatch(text))
]


class Answer(msgspec.Struct):
    """The engine's: an error's id, or the set and the values as text; the words that a program is handed."""

    error: str
    set: str
    values: dict[str, str | list[str] | None]
    words: str


class Bound(msgspec.Struct):
    """What one of the two binders made of a line."""

    set: str
    values: dict[str, Any]
    silent: set[str]
    asks: bool


def without_rules(verb: Verb) -> Verb:
    """The verb as far as a binder knows it."""
    parameters = tuple(
        msgspec.structs.replace(p, rule="", unavailable="", unavailable_values={}, stored=True) for p in verb.parameters
    )
    sets = tuple(msgspec.structs.replace(s, unavailable="") for s in verb.sets)
    return msgspec.structs.replace(verb, parameters=parameters, sets=sets, conflicts=())


KNOWN: dict[str, Verb] = {verb.cmdlet: without_rules(verb) for verb in VERBS}


def function_of(verb: Verb) -> str:
    """The PowerShell function that has the verb's declared parameters."""
    # A default set with parameters of its own that must be given would hide the sets that are whole.
    decides = not any(p.sets and p.mandatory(verb.default_set) for p in verb.parameters)
    default = f", DefaultParameterSetName='{verb.default_set}'" if verb.default_set and decides else ""
    parameters = ",\n".join(_declared(p) for p in command_parameters(verb) if p.name not in BY_ITSELF)
    return (
        f"function {verb.cmdlet} {{ [CmdletBinding(SupportsShouldProcess, PositionalBinding=$false{default})]\n"
        f"param({parameters})\n@{{ Set = $PSCmdlet.ParameterSetName; Values = $PSBoundParameters }} }}"
    )


def _declared(parameter: Parameter) -> str:
    lines = []
    for name in parameter.sets or ("",):
        facts = [f"ParameterSetName='{name}'"] if name else []
        facts += ["Mandatory"] if parameter.mandatory(name) else []
        facts += ["Position=0"] if parameter.positional else []
        lines.append(f"[Parameter({', '.join(facts)})]")
    if parameter.allowed:
        lines.append(f"[ValidateSet({', '.join(repr(word) for word in parameter.allowed)})]")
    if parameter.minimum is not None or parameter.maximum is not None:
        number = float if parameter.kind == "number" else int
        lines.append(f"[ValidateRange({number(parameter.minimum or 0)}, {number(parameter.maximum or 2**31 - 1)})]")
    return f"{' '.join(lines)} [{TYPES[parameter.kind]}]${parameter.name}"


def ask(lines: Sequence[str], folder: Path) -> list[Answer]:
    """What the engine answers for each line, all in one process."""
    questions, answers = folder / "questions.json", folder / "answers.json"
    functions = [function_of(verb) for verb in KNOWN.values()]
    questions.write_text(json.dumps({"functions": functions, "lines": list(lines)}))
    script = [
        "-File",
        str(Path(__file__).with_name("binder.ps1")),
        "-Questions",
        str(questions),
        "-Answers",
        str(answers),
    ]
    argv = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", *script]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode(answers.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=list[Answer])


def theirs(verb: Verb, answer: Answer) -> Bound | None:
    """What the engine's binder bound; None: it refused."""
    if answer.error:
        return None
    bound = Bound(set=answer.set if verb.sets else "", values={}, silent=set(), asks=False)
    known = {p.name: p for p in (*command_parameters(verb), *COMMON_PARAMETERS, WHAT_IF, CONFIRM)}
    for name, texts in answer.values.items():
        value = comparable(known[name], texts)
        if name == "Confirm":
            bound.asks = value
            bound.values |= {"yes": True} if not value and verb.confirms else {}
        elif name.endswith("Action"):
            bound.silent |= {name.removesuffix("Action").lower()} if value in ("silentlycontinue", "ignore") else set()
        elif value is not False or known[name].kind != "switch":  # a switch that is off is as if left out
            bound.values[{"WhatIf": "whatIf", "Verbose": "verbose"}.get(name, name)] = value
    return bound


def ours(words: Sequence[str]) -> Bound | None:
    """What our binder makes of the words; None: it refused."""
    verb = KNOWN[words[0]]
    try:
        spelled = normalise(verb, words)
        typed = parse(verb, spelled.tokens)
        values = {p.name: read_value(p, typed.pop(p.name)) for p in COMMON if p.name in typed}
        request = bind(verb, typed)
    except AksprovError:
        return None
    known = {p.name: p for p in command_parameters(verb)}
    values |= {name: request.values[name] for name in request.given}
    return Bound(
        set=request.parameter_set,
        values={name: comparable(known[name], value) for name, value in values.items()},
        silent=set(spelled.silent),
        asks=spelled.asks,
    )


def comparable(parameter: Parameter, value: Any) -> Any:
    """A value in one form, whether it is the engine's text or ours."""
    if value is None or value == "":
        return value
    if isinstance(value, dict):
        return [f"{key}={item}" for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [comparable(msgspec.structs.replace(parameter, kind="text"), item) for item in value]
    if parameter.kind in ("switch", "boolean"):
        return value in ("True", True)
    if parameter.kind == "integer":
        return int(value)
    if parameter.kind == "number":
        return float(value)
    return value.lower() if parameter.allowed else value


def words_of(line: str) -> list[str]:
    """The line's words, with their quotes."""
    return re.findall(
        r"""(?:'[^']*'|"[^"]*"|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d|[^\s'"\u2018\u201c])+""", line
    )


def handed(line: str, answer: Answer) -> list[str]:
    """The words that a program gets; none where the line is not in PowerShell's grammar."""
    return [line.split()[0], *answer.words.split("\x01")[:-1]] if answer.words else []


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """The engine's answers to all listed lines."""
    lines = [match["line"] for match in LINES]
    return dict(zip(lines, ask(lines, tmp_path_factory.mktemp("engine")), strict=True))


@pytest.mark.parametrize("match", LINES, ids=lambda match: match["line"])
def test_a_line_means_what_it_means_in_powershell(match: re.Match[str], answers: dict[str, Answer]) -> None:
    line, kind = match["line"], match["kind"]
    answer = answers[line]
    their, our = theirs(KNOWN[line.split()[0]], answer), ours(words_of(line))
    if kind in ("refused", "accepted"):
        assert ("refused" if our is None else "accepted") == kind
        assert (their is None) == (our is not None)
    else:
        assert (our == their) == (kind != "differs"), answer.error

    words = handed(line, answer)
    again = ours(words) if words else None
    assert (again in (their, our, None)) == (kind != "handed"), words


GOOD = {
    "text": ["a", "b9", "x.y", "1.50", "-z", "-0", "'a b'", '"q"', "\u2018r\u2019", "'it''s'"],
    "object": ["a", "b9", "'a b'"],
    "integer": ["60", "+61", "'62'", "063"],
    "number": ["1", "7.5", "'2'"],
    "boolean": ["$true", "$FALSE", "1", "0"],
    "switch": ["", "", ":$true"],
    "texts": ["a", "b9", "10.0.0.1", "x=y", "'a b'", '"q"', "\u2018r,s\u2019", "'it''s'"],
    "pairs": ["k=v", "k=v,l=w", "k=v, l=w", "'k=v w'"],
}
BAD = {
    "integer": ["-1", "99999999999", "five", "1,2"],
    "number": ["-1", "much"],
    "boolean": ["on", "''"],
    "switch": [": $false", ":$null", " $false", ":x", ":"],
}
STRAYS = ["x", "-zz", "--", "-n", "-Verbose", "-vb:$false", "-ea Stop", "-wa 0", "-cf:$false", "-Confirm"]


@st.composite
def written(draw: st.DrawFn, parameter: Parameter, *, well: bool) -> str:
    """A parameter with its value as somebody might write it."""
    name = parameter.name
    if draw(st.booleans()):
        name = name[: draw(st.integers(1 if not well else max(1, len(name) - 2), len(name)))]
    name = draw(st.sampled_from([name, name.upper()]))
    if name.lower() in ALIASES:  # -ev is no -events, and refused
        name = parameter.name
    values = (not well and BAD.get(parameter.kind)) or parameter.allowed or GOOD.get(parameter.kind, GOOD["text"])
    value = draw(st.sampled_from(values))
    if parameter.kind == "texts":
        items = [value, *draw(st.lists(st.sampled_from(values), max_size=2))]
        value = draw(st.sampled_from([",", ", ", " ,", " , ", *([] if well else [",,"])])).join(items)
    glues = [""] if parameter.kind == "switch" else [" ", ": "] if parameter.kind in ("texts", "pairs") else [" ", ":"]
    return draw(st.sampled_from("-\u2013\u2014\u2015")) + name + draw(st.sampled_from(glues)) + value


@st.composite
def line_of(draw: st.DrawFn) -> str:
    """A command line that has one fault at most."""
    verb = draw(st.sampled_from(list(KNOWN.values())))
    chosen = draw(st.sampled_from([s.name for s in verb.sets] or [""]))
    every = [p for p in command_parameters(verb) if p.name not in BY_ITSELF]
    needed = [p for p in every if p.mandatory(chosen)]
    others = [p for p in every if p.in_set(chosen) and not p.mandatory(chosen)]
    parameters = needed + draw(st.lists(st.sampled_from(others), unique_by=lambda p: p.name, max_size=3))
    texts = [draw(written(p, well=True)) for p in parameters]
    fault = draw(st.sampled_from(["none", "none", "stray", "more", "less"]))
    if fault == "stray":
        texts.append(draw(st.sampled_from(STRAYS)))
    elif fault == "more":
        texts.append(draw(written(draw(st.sampled_from(every)), well=False)))
    elif fault == "less":
        texts = texts[1:]
    return " ".join([verb.cmdlet, *draw(st.permutations(texts))])


def test_lines_that_nobody_thought_of_mean_what_they_mean_in_powershell(tmp_path: Path) -> None:
    """One process answers all of them, so they are collected first."""
    lines: dict[str, None] = {}

    @settings(max_examples=400, phases=[Phase.generate], database=None)
    @given(line=line_of())
    def collect(line: str) -> None:
        lines[line] = None

    collect()
    wrong = []
    bound = 0
    for line, answer in zip(lines, ask(list(lines), tmp_path), strict=True):
        their = theirs(KNOWN[line.split()[0]], answer)
        our = ours(words_of(line))
        bound += our is not None
        if our != their:
            wrong.append(f"{line}\n    PowerShell: {their or answer.error}\n    aksprov:    {our}")
    assert not wrong, "\n".join(wrong)
    assert bound > 150  # else nothing was compared but refusals


FROM_POWERSHELL = r"""
$network = @{
    name = 'labnet'; vswitchName = "Ext, `"1`""; ipAddressPrefix = '10.0.0.0/24'; gateway = '10.0.0.1'
    dnsServers = '10.0.0.2', '10.0.0.3'; vipPoolStart = '10.0.0.200'; vipPoolEnd = '10.0.0.220'
    k8sNodeIpPoolStart = '10.0.0.10'; k8sNodeIpPoolEnd = '10.0.0.100'; vlanID = 5; verbose = $false
}
aksprov New-AksHciClusterNetwork @network -InformationAction Ignore -output json
if ($LASTEXITCODE) { exit 1 }
aksprov Remove-AksHciClusterNetwork -name labnet -Confirm:$false
exit $LASTEXITCODE
"""


def test_powershell_calls_the_program_with_its_own_values(on_path: dict[str, str], tmp_path: Path) -> None:
    """A splatted hashtable with a list and a switch, and a switch that is turned off."""
    argv = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-Command", FROM_POWERSHELL]
    done = subprocess.run(argv, env=on_path, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads(done.stdout)
    assert (made["DnsServers"], made["VswitchName"], made["Vlanid"]) == (["10.0.0.2", "10.0.0.3"], 'Ext, "1"', 5)
