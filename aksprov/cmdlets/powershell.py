"""The PowerShell module's files that are made from the declarations, for Windows PowerShell 5.1 and PowerShell 7.

``modules/Aksprov/Aksprov.Core.ps1`` is written by hand and does what all cmdlets share.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from aksprov import __version__
from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.common import ROW_PROPERTIES, request_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.cmdlets.describe import facts
from aksprov.cmdlets.powershell_line import powershell_line, powershell_text

TYPES = {
    "text": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "switch": "switch",
    "texts": "string[]",
    "pairs": "object",  # a hashtable, or an object with these properties
    "object": "object",
}
_HIDDEN = ("whatIf", "yes", "fromJson")  # -WhatIf, -Confirm and the pipeline are PowerShell's own ways
_ROW_COLUMNS = ("TestResult", "Host", "TestName", "Details")
_READING = ("Get", "Test", "Find")
_MAKING = ("New", "Add")
# What says which objects a cmdlet that makes none works on: an object's property of that name, or a name itself.
_IDENTITY = ("name", "clusterName", "run")
# What completes a value: rule of the parameter -> the verb that lists such objects, and the property to take.
_LISTED = {
    "cluster name": ("get-cluster", "Name"),
    "network name": ("get-cluster-network", "Name"),
    "network names": ("get-cluster-network", "Name"),
    "host name": ("get-host", "Name"),
    "kubernetes version": ("get-kubernetes-version", "OrchestratorVersion"),
    "node pool name": ("get-node-pool", "NodePoolName"),
}
_NOTICE = "Made from the declarations in aksprov/cmdlets by `make generate`; changes belong there."


def files() -> dict[str, str]:
    """Path in the tree -> text."""
    folder = "modules/Aksprov"
    return {
        f"{folder}/Aksprov.psd1": _manifest(),
        f"{folder}/Aksprov.psm1": _module(),
        f"{folder}/Aksprov.types.ps1xml": _types(),
        f"{folder}/Aksprov.format.ps1xml": _views(),
        "modules/AksHci/AksHci.psd1": _shim(),
    }


def verbs() -> tuple[Verb, ...]:
    """The verbs that are cmdlets of the module."""
    return tuple(verb for verb in VERBS if verb.cmdlet)


def cmdlet_parameters(verb: Verb) -> tuple[Parameter, ...]:
    """The parameters that the cmdlet declares."""
    return tuple(p for p in request_parameters(verb) if p.name not in _HIDDEN)


def default_set(verb: Verb) -> str:
    """The set that the binder takes when what is given does not decide, "" for none.

    A default set with parameters of its own that must be given would hide the sets that are whole.
    """
    hides = any(p.sets and p.mandatory(verb.default_set) for p in verb.parameters)
    return "" if hides else verb.default_set


def type_name(verb: Verb) -> str:
    """Of the objects that the verb prints; verbs with the same properties print the same kind of object."""
    if verb.outputs == ROW_PROPERTIES:
        return "Aksprov.TestResult"
    maker = next(v for v in VERBS if v.outputs == verb.outputs)
    noun = maker.cmdlet.partition("-")[2]
    return "Aksprov." + noun.removeprefix("AksHci").removeprefix("Aksprov")


def _changes(verb: Verb) -> bool:
    """Whether -WhatIf and -Confirm mean something: not for a verb that only reads, or only prints a setting."""
    reads = verb.cmdlet.startswith(_READING) or verb.topic == "Settings"
    return verb.confirms or not reads


def _plans(verb: Verb) -> bool:
    return any(p.name == "whatIf" for p in request_parameters(verb))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(words: list[str], indent: str) -> str:
    return ",\n".join(f"{indent}{_quote(word)}" for word in words)


def _manifest() -> str:
    aliases = [older for verb in verbs() for older in verb.older_names]
    return f"""\
# {_NOTICE}
@{{
    RootModule = 'Aksprov.psm1'
    ModuleVersion = '{__version__}'
    GUID = '5d7e2c1b-6f0a-4c86-9a57-3f2b8f4f0c11'
    Author = 'aksprov'
    Copyright = 'MIT licence'
    Description = 'AksHci''s cmdlets for Kubernetes on your own Linux and Windows hosts'
    PowerShellVersion = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    TypesToProcess = @('Aksprov.types.ps1xml')
    FormatsToProcess = @('Aksprov.format.ps1xml')
    FunctionsToExport = @(
{_list([verb.cmdlet for verb in verbs()], " " * 8)}
    )
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @(
{_list(aliases, " " * 8)}
    )
}}
"""


def _shim() -> str:
    """The manifest of the module for scripts that import AksHci; what it does is written by hand."""
    return f"""\
# {_NOTICE}
@{{
    RootModule = 'AksHci.psm1'
    ModuleVersion = '{__version__}'
    GUID = 'b4a3b6f0-2a7e-4f57-8a0c-1f7f6f0a9d52'
    Author = 'aksprov'
    Copyright = 'MIT licence'
    Description = 'For scripts that import AksHci: hands on the cmdlets of Aksprov, and says so'
    PowerShellVersion = '5.1'
    FunctionsToExport = '*'
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = '*'
}}
"""


def _module() -> str:
    names = [verb.cmdlet for verb in verbs()]
    aliases = [(older, verb.cmdlet) for verb in verbs() for older in verb.older_names]
    parts = [
        f"# {_NOTICE}\n",
        f"$script:Version = {_quote(__version__)}\n. (Join-Path $PSScriptRoot 'Aksprov.Core.ps1')\n",
        *("\n".join(_function(verb)) + "\n" for verb in verbs()),
        *(f"Set-Alias -Name {_quote(older)} -Value {_quote(cmdlet)}\n" for older, cmdlet in aliases),
        "".join(_completers()),
        f"Export-ModuleMember -Function @(\n{_list(names, '    ')}\n) -Alias @(\n"
        f"{_list([older for older, _ in aliases], '    ')}\n)\n",
    ]
    return "\n".join(parts)


def _function(verb: Verb) -> Iterator[str]:
    yield f"function {verb.cmdlet} {{"
    yield from _help(verb)
    chosen = default_set(verb)
    facts = ["PositionalBinding = $false"]
    facts += ["SupportsShouldProcess = $true"] if _changes(verb) else []
    facts += [f"DefaultParameterSetName = {_quote(chosen)}"] if chosen else []
    yield f"    [CmdletBinding({', '.join(facts)})]"
    yield f"    [OutputType({_quote(type_name(verb))})]" if verb.outputs else "    [OutputType([void])]"
    yield "    param("
    yield ",\n".join(_declared(verb, p) for p in cmdlet_parameters(verb))
    yield "    )"
    making = verb.cmdlet.startswith(_MAKING)
    if making:  # before anything comes from the pipeline
        yield "    begin { $typed = @($PSBoundParameters.Keys) }"
    yield "    process {"
    given = "(Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_)" if making else "$PSBoundParameters"
    yield f"        Invoke-AksprovVerb $PSCmdlet {given} {_about(verb)}"
    yield "    }"
    yield "}"


def _about(verb: Verb) -> str:
    older = {name: verb.cmdlet for name in verb.older_names}
    older |= {name: f"-{p.name}" for p in verb.parameters for name in p.older_names}
    older |= {p.name: ", ".join(f"-{n}" for n in p.replaced_by) for p in verb.parameters if p.replaced_by}
    facts = [f"Verb = {_quote(verb.name)}", f"Type = {_quote(type_name(verb))}"]
    facts += [f"{name} = $true" for name, applies in _traits(verb) if applies]
    if older:
        entries = "".join(f"                {_quote(name)} = {_quote(today)}\n" for name, today in older.items())
        facts.append(f"Older = @{{\n{entries}            }}")
    return "@{\n" + "".join(f"            {fact}\n" for fact in facts) + "        }"


def _traits(verb: Verb) -> tuple[tuple[str, bool], ...]:
    """What the shared part must know of a verb."""
    return (
        ("Changes", _changes(verb)),
        ("Plans", _plans(verb)),
        ("Asks", verb.confirms),
        ("Rows", verb.cmdlet.startswith("Test-")),
    )


def _declared(verb: Verb, parameter: Parameter) -> str:
    lines = []
    piped = _piped(verb, parameter)
    for set_name in parameter.sets or ("",):
        facts = [f"ParameterSetName = {_quote(set_name)}"] if set_name else []
        facts += ["Mandatory = $true"] if parameter.mandatory(set_name) else []
        facts += ["Position = 0"] if parameter.positional else []
        facts += ["ValueFromPipeline = $true"] if _by_value(verb, parameter) else []
        facts += ["ValueFromPipelineByPropertyName = $true"] if piped else []
        if facts:
            lines.append(f"        [Parameter({', '.join(facts)})]\n")
    other = (*parameter.older_names, *(_properties(verb, parameter) if piped else ()))
    if other:
        lines.append(f"        [Alias({', '.join(map(_quote, other))})]\n")
    if parameter.allowed:
        empty = parameter.clears or (piped and any(p.parameter == parameter.name for p in verb.outputs))
        words = list(parameter.allowed) + ([""] if empty else [])
        lines.append(f"        [ValidateSet({', '.join(map(_quote, words))})]\n")
    return "".join(lines) + f"        [{TYPES[parameter.kind]}] ${parameter.name}"


def _piped(verb: Verb, parameter: Parameter) -> bool:
    """Whether a property of an object in the pipeline is taken for it."""
    if not verb.cmdlet.startswith(_MAKING):
        return parameter.name in _IDENTITY
    named = parameter.name.lower()
    informs = any(p.name.lower() == named and p.kind == "object" and not p.parameter for p in verb.outputs)
    return not (parameter.kind == "switch" or parameter.replaced_by or parameter.unavailable or informs)


def _by_value(verb: Verb, parameter: Parameter) -> bool:
    """Whether a text in the pipeline is taken for it: the name, where it is all that says what is meant."""
    within = any(p.name == "clusterName" and p.mandatory_in for p in verb.parameters)
    return parameter.name == "name" and not within and not verb.cmdlet.startswith(_MAKING)


def _properties(verb: Verb, parameter: Parameter) -> tuple[str, ...]:
    """Names that objects have for it and that differ from its own."""
    named = (p.name for p in verb.outputs if p.parameter == parameter.name)
    return tuple(name for name in named if name.lower() != parameter.name.lower())


def _help(verb: Verb) -> Iterator[str]:
    yield "    <#"
    yield "    .SYNOPSIS"
    yield f"    {powershell_text(verb.synopsis)}"
    yield ""
    yield "    .DESCRIPTION"
    yield f"    It carries out 'aksprov {verb.name}'; docs/cmdlets.md has all of it."
    for chosen in verb.sets:
        unavailable = f" Not available: {chosen.unavailable}." if chosen.unavailable else ""
        yield powershell_text(f"    {chosen.name}: {chosen.help}{unavailable}")
    for p in cmdlet_parameters(verb):
        told = [p.help, *(f"{text[0].upper()}{text[1:]}." for text in facts(p))]
        told += [f"Not available: {p.unavailable}."] if p.unavailable else []
        yield ""
        yield f"    .PARAMETER {p.name}"
        yield powershell_text(f"    {' '.join(told)}")
    for example in verb.examples:
        yield ""
        yield "    .EXAMPLE"
        yield f"    {powershell_line(verb, example.command)}"
        yield ""
        yield powershell_text(f"    {example.text}")
    yield "    #>"


def _completers() -> Iterator[str]:
    for verb in verbs():
        for parameter in cmdlet_parameters(verb):
            source = _LISTED.get(parameter.rule)
            own = parameter.name in ("name", "nodePoolName") and verb.cmdlet.startswith(_MAKING)
            if source is None or own or parameter.allowed:
                continue
            within = " @{ clusterName = $bound['clusterName'] }" if source[0] == "get-node-pool" else ""
            yield (
                f"Register-ArgumentCompleter -CommandName {_quote(verb.cmdlet)} "
                f"-ParameterName {_quote(parameter.name)} -ScriptBlock {{\n"
                f"    param($command, $parameter, $begun, $tree, $bound)\n"
                f"    Get-AksprovName {_quote(source[0])} {_quote(source[1])} $begun{within}\n}}\n"
            )


def _kinds() -> dict[str, Verb]:
    """Type name -> a verb that prints such objects, those with columns first."""
    kinds: dict[str, Verb] = {}
    for verb in sorted(verbs(), key=lambda v: not v.columns):
        if verb.outputs:
            kinds.setdefault(type_name(verb), verb)
    return kinds


_TYPE = """\
  <Type>
    <Name>{kind}</Name>
    <Members>
      <ScriptMethod>
        <Name>ToString</Name>
        <Script>[string] $this.Name</Script>
      </ScriptMethod>
    </Members>
  </Type>
"""
_TEXT_VIEW = """\
    <View>
      <Name>{kind}</Name>
      <ViewSelectedBy>
        <TypeName>{kind}</TypeName>
      </ViewSelectedBy>
{outside}      <CustomControl>
        <CustomEntries>
          <CustomEntry>
            <CustomItem>
              <ExpressionBinding>
                <ScriptBlock>$_.{method}()</ScriptBlock>
              </ExpressionBinding>
            </CustomItem>
          </CustomEntry>
        </CustomEntries>
      </CustomControl>
    </View>
"""
_TABLE_VIEW = """\
    <View>
      <Name>{kind}</Name>
      <ViewSelectedBy>
        <TypeName>{kind}</TypeName>
      </ViewSelectedBy>
      <TableControl>
        <TableHeaders>
{headers}        </TableHeaders>
        <TableRowEntries>
          <TableRowEntry>
            <Wrap/>
            <TableColumnItems>
{items}            </TableColumnItems>
          </TableRowEntry>
        </TableRowEntries>
      </TableControl>
    </View>
"""
_COLUMN = """\
              <TableColumnItem>
                <PropertyName>{name}</PropertyName>
              </TableColumnItem>
"""


def _types() -> str:
    """The string form of an object with a name is the name: "$vnet" is a network's."""
    named = [kind for kind, verb in sorted(_kinds().items()) if any(p.name == "Name" for p in verb.outputs)]
    types = "".join(_TYPE.format(kind=kind) for kind in named)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {_NOTICE} -->\n<Types>\n{types}</Types>\n'


def _views() -> str:
    """A table for each kind of object; a plan, or what was asked for as a picture, as the program shows it."""
    texts = "".join(
        _TEXT_VIEW.format(kind=f"Aksprov.{kind}", method=method, outside=outside)
        for kind, method, outside in (("Drawn", "Drawn", ""), ("Plan", "ToString", "      <OutOfBand/>\n"))
    )
    tables = "".join(_table(kind, verb) for kind, verb in sorted(_kinds().items()))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {_NOTICE} -->\n'
        f"<Configuration>\n  <ViewDefinitions>\n{tables}{texts}  </ViewDefinitions>\n</Configuration>\n"
    )


def _table(kind: str, verb: Verb) -> str:
    columns = verb.columns or (_ROW_COLUMNS if verb.outputs == ROW_PROPERTIES else ())
    if not columns:
        return ""
    items = "".join(_COLUMN.format(name=escape(column)) for column in columns)
    return _TABLE_VIEW.format(kind=kind, headers="          <TableColumnHeader/>\n" * len(columns), items=items)
