"""The reference page of all verbs, docs/cmdlets.md, made from the declarations.

``make generate`` writes it; a test fails when the page is not current.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksprov.cmdlets.catalog import TOPICS, VERBS
from aksprov.cmdlets.common import COMMON, CONFIRM, PLAN
from aksprov.cmdlets.declaration import Parameter, ParameterSet, Verb
from aksprov.cmdlets.describe import facts

_INTRODUCTION = """\
# Verbs

Made from the declarations in `aksprov/cmdlets/` by `make generate`.

A verb is given by its own name or by the name of the AksHci cmdlet, in any case: `aksprov new-cluster` is
`aksprov New-AksHciCluster`. Parameters have the names of AksHci's; on the command line a run of capitals is one word,
so `-vlanID` is `--vlan-id`; `-vlanID 10` is understood, too ([PowerShell's spelling](powershell-spelling.md)).
Parameters marked with + are ours: AksHci has none of that name.

Options that take an object take a stored name, `@file.json` or JSON text. Permitted values are compared ignoring case.
One pair of quotes round a value is dropped. A parameter that is declared and not available yet is refused with exit
code 69.

bash, zsh, fish and PowerShell complete verbs, options and permitted values after `aksprov --install-completion`.
"""


def page() -> str:
    """The whole page, in Markdown."""
    lines = [_INTRODUCTION]
    for topic, text in TOPICS.items():
        lines += [f"- {topic}: {', '.join(_link(v) for v in VERBS if v.topic == topic)} ({text})"]
    lines += ["", "## Parameters that many verbs have", ""]
    for title, parameters in (("Every verb", COMMON), ("Verbs that plan", PLAN), ("Verbs that ask", CONFIRM)):
        lines += [f"{title}:", "", *_table(parameters), ""]
    for verb in (v for topic in TOPICS for v in VERBS if v.topic == topic):
        lines += [*_section(verb), ""]
    return "\n".join(lines).rstrip() + "\n"


def _link(verb: Verb) -> str:
    return f"[{verb.name}](#{verb.name})"


def _section(verb: Verb) -> Iterator[str]:
    also = [text for text, applies in (("plans", verb.plans), ("asks", verb.confirms)) if applies]
    yield f"## {verb.name}"
    yield ""
    yield f"`{verb.cmdlet}`. {verb.synopsis}" + (f" It {' and '.join(also)}." if also else "")
    for chosen in verb.sets or (None,):
        yield from _syntax(verb, chosen)
    if verb.parameters:
        yield from ["", *_table(verb.parameters)]
    if verb.outputs:
        yield from ["", "Prints: " + ", ".join(_property(p.name, p.help) for p in verb.outputs) + "."]
    for example in verb.examples:
        yield from ["", f"{example.text}", "", f"    {example.command}"]


def _syntax(verb: Verb, chosen: ParameterSet | None) -> Iterator[str]:
    """The verb's parameters in one set, those that may be left out in brackets."""
    name = chosen.name if chosen else ""
    usage = [_usage(p, p.mandatory(name)) for p in verb.parameters if p.in_set(name) and not p.unavailable]
    yield ""
    if chosen:
        yield f"{chosen.name}: {chosen.help}" + (" Not available yet." if chosen.unavailable else "")
        yield ""
    yield "    " + " ".join([f"aksprov {verb.name}", *usage])


def _usage(parameter: Parameter, mandatory: bool) -> str:
    value = "" if parameter.kind == "switch" or parameter.positional else f" {parameter.placeholder}"
    text = f"{parameter.option}{value}"
    return text if mandatory else f"[{text}]"


def _table(parameters: Sequence[Parameter]) -> Iterator[str]:
    yield "| Parameter | Option | Kind | Meaning |"
    yield "| --- | --- | --- | --- |"
    for p in parameters:
        told = [p.help, *(f"{text[0].upper()}{text[1:]}." for text in facts(p))]
        if p.unavailable:
            told.append(f"Not available: {p.unavailable}.")
        if p.sets:
            told.append(f"In {', '.join(p.sets)}.")
        mark = " +" if p.ours else ""
        meaning = " ".join(told).replace("|", "\\|")
        yield f"| {p.name}{mark} | `{p.option}` | {p.kind} | {meaning} |"


def _property(name: str, text: str) -> str:
    return f"`{name}`" + (f" ({text})" if text else "")
