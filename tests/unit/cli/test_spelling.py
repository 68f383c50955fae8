"""PowerShell's spelling: what shells leave of it, both spellings in one line, what is refused and why.

What PowerShell's own binder makes of such lines is test_binder.py's.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.cli.command import parse
from aksprov.cli.main import run
from aksprov.cli.objects import with_files
from aksprov.cli.spelling import normalise
from aksprov.cmdlets.binding import read_value
from aksprov.cmdlets.catalog import VERBS, find_verb
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Verb
from aksprov.errors import AksprovError

ROOT = Path(__file__).parents[3]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def read(words: Sequence[str]) -> dict[str, Any]:
    """The values that a command line gives."""
    verb = found(words[0])
    typed = with_files(verb, parse(verb, normalise(verb, words).tokens))
    return {p.name: read_value(p, typed[p.name]) for p in command_parameters(verb) if p.name in typed}


def found(word: str) -> Verb:
    verb = find_verb(word)
    assert verb is not None
    return verb


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("New-AksHciCluster -Name demo --node-count 2 -WHATIF", {"name": "demo", "nodeCount": 2, "whatIf": True}),
        ("new-cluster -name:demo -osType linux", {"name": "demo", "osType": "Linux"}),
        ("AksHci\\\\New-AksHciCluster -name demo", {"name": "demo"}),
        ("New\u2013AksHciCluster \u2013name demo \u2014output json", {"name": "demo", "output": "json"}),
        ("new-cluster \u2013\u2013name demo \u2014what-if", {"name": "demo", "whatIf": True}),
        ("new-cluster-network \u2013vip-pool-start=10.0.0.2", {"vipPoolStart": "10.0.0.2"}),
        ("new-cluster-network \u2013vip-pool-start 10.0.0.2", {"vipPoolStart": "10.0.0.2"}),
        ("new-cluster-network -dns 10.0.0.2, 10.0.0.3 ,10.0.0.4", {"dnsServers": ("10.0.0.2", "10.0.0.3", "10.0.0.4")}),
        ("new-cluster-network -dns \u201810.0.0.2\u2019,\"'10.0.0.3'\"", {"dnsServers": ("10.0.0.2", "10.0.0.3")}),
        ("new-cluster-network -vswitchName '\u201cExt, [1] \u00fc\u201d'", {"vswitchName": "Ext, [1] \u00fc"}),
        ("new-cluster-network -vswitchName \"it's\"", {"vswitchName": "it's"}),
        ("new-cluster-network --vswitch-name '$x'", {"vswitchName": "$x"}),
        ("new-cluster-network --vswitch-name -x", {"vswitchName": "-x"}),
        ("new-cluster-network --vswitch-name=-name", {"vswitchName": "-name"}),
        ("new-cluster-network -vlanID:5", {"vlanID": 5}),
        ("new-cluster-network -vnetName s", {"vswitchName": "s"}),
        ("new-cluster-network --vnet-name s", {"vswitchName": "s"}),
        ("remove-host -name cp1 '-Confirm:$false'", {"name": "cp1", "yes": True}),
        ("remove-host -name cp1 -Confirm:False", {"name": "cp1", "yes": True}),
        ("new-cluster -name d '-Confirm:$false'", {"name": "d", "yes": True}),
        ("get-cluster -name d '-Confirm:$false'", {"name": "d"}),
        ("new-cluster -name d '-configureOnly:$false' -Verbose", {"name": "d", "verbose": True}),
        ("new-cluster -vnet '{\"VswitchName\": \"$x\"}'", {"vnet": {"VswitchName": "$x"}}),
        ("add-host -labels site=a,note=x=y", {"labels": {"site": "a", "note": "x=y"}}),
        ("add-host -interfaces \"'Ext, b=eth1'\"", {"interfaces": {"Ext, b": "eth1"}}),
        ("add-host -labels \"site='a b'\",rack=r", {"labels": {"site": "a b", "rack": "r"}}),
        ("add-host --labels site=a,b", {"labels": {"site": "a,b"}}),
        ("set-host -user '$null' -port ''", {"user": "", "port": ""}),
        ("apply -plan plan.json -WhatIf", {"plan": "plan.json", "whatIf": True}),
        ("apply -WhatIf -- -plan", {"plan": "-plan", "whatIf": True}),
        ("get-cluster -events -", {"events": "-"}),
    ],
)  # fmt: skip
def test_a_line_as_a_shell_leaves_it_has_these_values(line: str, values: dict[str, Any]) -> None:
    assert read(shlex.split(line)) == values


@pytest.mark.parametrize(
    ("line", "exit_code", "code", "words"),
    [
        ("new-cluster -name d -node 2", 64, "AmbiguousParameter", "-nodePoolName|-nodeCount|-nodeVmSize"),
        ("new-cluster -name d -w", 64, "AmbiguousParameter", "-WarningAction|-WhatIf"),
        ("new-cluster -nmae d", 64, "UnknownOption", "-nmae|did you mean -name?"),
        ("new-cluster -name=d", 64, "UnknownOption", "-name VALUE or --name=VALUE"),
        ("new-cluster -node-count 3", 64, "UnknownOption", "did you mean -nodeCount?"),
        ("new-cluster -what-if", 64, "UnknownOption", "did you mean -WhatIf?"),
        ("new-cluster -name", 64, "OptionMisused", "-name has no value|nothing comes after it"),
        ("new-cluster -name d -vnet -WhatIf", 64, "OptionMisused", "-vnet has no value|-WhatIf is an option, too"),
        ("new-cluster -name -appSecret:hunter2", 64, "OptionMisused", "-appSecret is an option, too"),
        ("new-cluster --name -configureOnly", 64, "OptionMisused", "--name has no value|--name=VALUE"),
        ("remove-host -name cp1 -Confirm:", 64, "OptionMisused", "-Confirm has no value|$true"),
        ("remove-host -name cp1 -Confirm:no", 64, "OptionMisused", "'-Confirm:$false'"),
        ("remove-host -name cp1 -Confirm '$false'", 64, "UnexpectedValue", "'-switch:$false'"),
        ("new-cluster -name d -name e", 64, "GivenTwice", "-name"),
        ("new-cluster -name d --name e", 64, "GivenTwice", "--name"),
        ("new-cluster-network -dnsServers 10.0.0.2 -dnsServers 10.0.0.3", 64, "GivenTwice", "-name a,b"),
        ("new-cluster -name d -vnet '$vnet'", 64, "ExpressionNotEvaluated", "-vnet|stored one|@file.json"),
        ("new-cluster -name d -loadBalancerSettings '@{Name=1}'", 64, "ExpressionNotEvaluated", "@file.json or JSON"),
        ("new-cluster -name d -appSecret 'hunter2$x'", 64, "ExpressionNotEvaluated", "-appSecret|--app-secret=VALUE"),
        ("new-cluster -name d -vnet '$(Get-AksHciClusterNetwork)'", 64, "ExpressionNotEvaluated", "-vnet"),
        ("new-cluster '@params'", 64, "UnexpectedValue", "write the parameters out"),
        ("new-cluster -name d '`'", 64, "UnexpectedValue", "a long line goes on after"),
        ("new-cluster -name d ' '", 64, "UnexpectedValue", "a long line goes on after"),
        ("new-cluster -name d -taints a b", 64, "UnexpectedValue", "'b' belongs to no option"),
        ("new-cluster-network -vswitchName \"'Ext\" \"1'\"", 64, "QuoteNotClosed", "double quotes|--vswitch-name="),
        ("new-cluster-network --vswitch-name \"'Ext\" \"1'\"", 64, "UnexpectedValue", "double quotes"),
        ("new-cluster -name d -OutVariable x", 69, "CommonParameterNotAvailable", "-OutVariable|$x = aksprov"),
        ("new-cluster -name d -pv x", 69, "CommonParameterNotAvailable", "-PipelineVariable"),
        ("get-cluster -WhatIf", 69, "CommonParameterNotAvailable", "makes no plan"),
        ("get-cluster -ea Inquire", 69, "ValueNotAvailable", "-ErrorAction Inquire"),
        ("get-cluster -ea Never", 65, "ValueNotAllowed", "-ErrorAction|SilentlyContinue"),
        ("new-cluster -name d -nodePoolName p -linuxNodeC 2", 64, "ParameterSetsMixed", "NodePool|LegacyNodeCounts"),
        ("new-cluster -name d -controlPlaneNodeCount 2.5", 65, "InvalidNumber", "whole number"),
        ("new-cluster -name ''", 65, "InvalidName", "1 to 63"),
        ("new-cluster -name a,b", 65, "InvalidName", "1 to 63"),
    ],
)  # fmt: skip
def test_what_a_line_gets_wrong_is_said(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    line: str,
    exit_code: int,
    code: str,
    words: str,
) -> None:
    """And a value that may be a secret is never repeated."""
    monkeypatch.setenv("AKSPROV_STATE", str(tmp_path / "state.db"))
    verb, *others = shlex.split(line)
    assert run([verb, "-Outp:JSON" if verb.startswith("get") else "-Output:JSON", *others]) == exit_code
    captured = capsys.readouterr()
    error = json.loads(captured.err)
    told = "\n".join((error["what"], error["where"], error["why"], error["fix"]))
    assert (captured.out, error["code"]) == ("", code), told
    assert all(word in told for word in words.split("|")), told
    assert all((error["what"], error["where"], error["why"], error["fix"]))
    assert "hunter2" not in captured.err
    assert list(tmp_path.iterdir()) == []


def quoted(text: str) -> str:
    """As PowerShell's CodeGeneration.EscapeSingleQuotedStringContent does it."""
    return "'" + re.sub("['\u2018-\u201b]", lambda quote: quote[0] * 2, text) + "'"


@given(text=TEXTS)
def test_any_text_in_single_quotes_arrives(text: str) -> None:
    assert read(["new-cluster-network", "-vswitchName", quoted(text)]) == {"vswitchName": text}
    assert read(["add-host", f"-labels:{quoted('k=' + text)},l=m"])["labels"] == {"k": text, "l": "m"} if text else True


@given(text=st.text(), name=st.sampled_from(["--vswitch-name", "\u2014vswitch-name"]))
def test_any_text_of_an_option_in_the_other_spelling_arrives(text: str, name: str) -> None:
    """Also bytes that are not UTF-8, as surrogates."""
    verb = found("new-cluster-network")
    assert parse(verb, normalise(verb, ["", f"{name}={text}"]).tokens) == {"vswitchName": [text]}


@given(
    verb=st.sampled_from(VERBS),
    words=st.lists(
        st.one_of(
            st.text("-\u2013,:='\"$@` na", max_size=4),
            st.text(max_size=3),
            st.sampled_from(["-name", "--name", "-WhatIf", "-labels", "-taints:", "-ea", "-e", "--", "x"]),
        ),
        max_size=5,
    ),
)
def test_any_words_make_values_or_an_error_of_ours(verb: Verb, words: list[str]) -> None:
    try:
        parse(verb, normalise(verb, [verb.cmdlet, *words]).tokens)
    except AksprovError as error:
        assert int(error.exit_code) in (64, 65, 69)


OLD = ["New-AksHciLoadBalancerObject", "-name", "lb", "-loadBalancerSku", "HAProxy"]


def test_names_of_older_releases_work_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(OLD) == 0
    assert (
        "warning: New-AksHciLoadBalancerObject is a name of older releases; today's is New-AksHciLoadBalancerSetting"
        in (capsys.readouterr().err)
    )
    assert run([*OLD, "-WarningAction", "Ignore"]) == 0
    assert capsys.readouterr().err == ""
    network = found("new-cluster-network")
    warned = normalise(network, ["", "-VNETNAME", "a"]).warnings + normalise(network, ["", "--vnet-name=a"]).warnings
    assert [text.rpartition(" ")[2] for text in warned] == ["-vswitchName", "--vswitch-name"]


NETWORK = (
    "New-AksHciClusterNetwork -name labnet -vswitchName External -ipAddressPrefix 10.0.0.0/24 -gateway 10.0.0.1"
    " -dnsServers 10.0.0.2 -vipPoolStart 10.0.0.200 -vipPoolEnd 10.0.0.220"
    " -k8sNodeIpPoolStart 10.0.0.10 -k8sNodeIpPoolEnd 10.0.0.100"
).split()


def test_preferences_keep_streams_away(aksprov: Callable[..., Any]) -> None:
    """The exit code and the data stay."""
    made = aksprov(*NETWORK, "-InformationAction", "Ignore", "-output", "json")
    assert (made.returncode, json.loads(made.stdout)["Name"], made.stderr) == (0, "labnet", "")
    again = aksprov(*NETWORK)
    assert "nothing to change" in again.stderr
    for preference, said in (("SilentlyContinue", False), ("0", False), ("Stop", True)):
        gone = aksprov("Remove-AksHciClusterNetwork", "-name", "x", "-Confirm:$false", "-ErrorAction", preference)
        assert (gone.returncode, "NetworkNotFound" in gone.stderr) == (66, said)
    unreachable = ["-name", "a", "-address", "127.0.0.1", "-port", "1", "-os", "linux", "-proga", "0", "-ea", "0"]
    assert "failed" not in aksprov("Add-AksprovHost", *unreachable).stderr


def test_confirm_asks_whatever_the_verb(at_terminal: Callable[..., Any], aksprov: Callable[..., Any]) -> None:
    refused = aksprov(*NETWORK, "-Confirm")
    assert (refused.returncode, "ConfirmationNeeded" in refused.stderr) == (64, True)
    for answer, count in (("n", 0), ("y", 1)):
        terminal = at_terminal(*NETWORK, "-Confirm")
        terminal.expect("Run New-AksHciClusterNetwork? [y/N] ")
        terminal.type(answer)
        assert terminal.end()[0] == 0
        assert len(json.loads(aksprov("get-cluster-network", "-output:json").stdout)) == count


def test_confirm_adds_no_question_to_a_verb_that_asks(
    at_terminal: Callable[..., Any], aksprov: Callable[..., Any]
) -> None:
    aksprov(*NETWORK)
    terminal = at_terminal("Remove-AksHciClusterNetwork", "-name", "labnet", "-Confirm")
    terminal.expect("Remove network labnet (10.0.0.0/24)? [y/N] ")
    terminal.type("y\ny")  # the second answer is for a second question
    code, said = terminal.end()
    assert (code, "[y/N]" in said) == (0, False)


def test_help_is_shown_for_powershells_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["New-AksHciCluster", "-?"]) == 0
    assert capsys.readouterr().out.startswith("aksprov new-cluster (New-AksHciCluster)")


PAGE = (ROOT / "docs/powershell-spelling.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^    (aksprov .+)$", PAGE, flags=re.MULTILINE))
def test_the_pages_examples_are_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lb.json").write_text('{"Name": "lb", "Sku": "HAProxy"}')
    read(shlex.split(line, comments=True)[1:])
