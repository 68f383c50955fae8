"""What is printed is what the workflow handed back, whatever texts are in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from aksprov.cli.common_parameters import Stream
from aksprov.cli.output import show
from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.declaration import Verb
from aksprov.model.outcome import Outcome
from aksprov.model.plan import FileChange, HostPlan, Plan, PlanStep
from aksprov.model.row import Result, Row

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        ["no", "on", "~", "1.30", "010", "1e3", "0o17", "12:30:45", "2026-01-01", "=", "<<", "null", "y", "#"]
    ),
)
VALUES = st.recursive(st.one_of(TEXTS, st.integers(-(2**53), 2**53), st.booleans(), st.none()), st.lists, max_leaves=6)
OBJECTS = st.lists(st.dictionaries(TEXTS, VALUES, min_size=1), min_size=1, max_size=3)
HOSTILE = "\x1b[2J [red]x[/red] \r\x07\u202e"


def verb_of(name: str) -> Verb:
    verb = find_verb(name)
    assert verb is not None
    return verb


def printed(capsys: pytest.CaptureFixture[str], verb: str, outcome: Outcome, form: str = "table") -> tuple[str, str]:
    show(verb_of(verb), outcome, form)
    captured = capsys.readouterr()
    return captured.out, captured.err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(objects=OBJECTS)
def test_json_and_yaml_read_back_as_what_went_in(
    capsys: pytest.CaptureFixture[str], objects: list[dict[str, Any]]
) -> None:
    """YAML for readers of both its versions, which differ in what is text."""
    outcome = Outcome(objects=tuple(objects))
    assert json.loads(printed(capsys, "get-host", outcome, "json")[0]) == objects
    text = printed(capsys, "get-host", outcome, "yaml")[0]
    assert yaml.safe_load(text) == objects
    assert YAML(typ="safe", pure=True).load(StringIO(text)) == objects


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(objects=OBJECTS, single=st.booleans())
def test_a_table_of_any_texts_is_harmless(
    capsys: pytest.CaptureFixture[str], objects: list[dict[str, Any]], single: bool
) -> None:
    text = printed(capsys, "get-host", Outcome(objects=tuple(objects), single=single))[0]
    assert all(c.isprintable() or c in "\n" for c in text)


@pytest.mark.parametrize(
    ("silent", "told"),
    [((), "Failed Warning"), (("warning",), "Failed"), (("error",), "Warning"), (("error", "warning"), "")],
)
def test_rows_beside_the_data_obey_the_preferences(
    capsys: pytest.CaptureFixture[str], silent: Sequence[Stream], told: str
) -> None:
    results: list[Result] = ["Passed", "Failed", "Warning"]
    rows = tuple(Row(test_name="Clock", category="Host", test_result=r, details="d", host="cp1") for r in results)
    show(verb_of("get-host"), Outcome(objects=({"Name": "a"},), rows=rows), "json", frozenset(silent))
    captured = capsys.readouterr()
    assert " ".join(line.partition(":")[0] for line in captured.err.splitlines()) == told
    assert json.loads(captured.out) == [{"Name": "a"}]


def test_a_table_fits_80_columns_and_loses_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    network = {"Name": "n" * 63, "IpAddressPrefix": "10.0.0.0/24", "VswitchName": HOSTILE + "s" * 60, "Site": None}
    text = printed(capsys, "get-cluster-network", Outcome(objects=(network,)))[0]
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("n") >= 63
    assert "[red]" in text.replace("\n", "") and "\\x1b" in text and "\x1b" not in text


def test_one_object_is_a_list_of_all_its_properties(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = {
        "Name": "demo",
        "Status": {"ProvisioningState": "Configured", "Error": ""},
        "NodePools": ["a", "b"],
        "AutoScalerEnabled": False,
        "ImageName": None,
        "Nodes": [{"Host": "cp1", "Role": "control-plane"}],
    }
    text = printed(capsys, "new-cluster", Outcome(objects=(cluster,), single=True))[0]
    assert text.splitlines() == [
        "Name              : demo",
        "Status            : ProvisioningState=Configured; Error=",
        "NodePools         : a, b",
        "AutoScalerEnabled : False",
        "ImageName         :",
        "",
        "Nodes of demo",
        "  Host  Role",
        "  cp1   control-plane",
    ]


ROWS = (
    Row(
        test_name="FilesOnHost", category="Files", test_result="Passed", details="12 files", host="cp1", cluster="demo"
    ),
    Row(
        test_name="HostUnreachable",
        category="Host",
        test_result="Failed",
        details="no answer " * 12,
        recommendation="look at the host",
        host="cp2",
    ),
)


def test_rows_say_what_to_do_about_what_is_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "test-cluster", Outcome(rows=ROWS))[0]
    assert max(map(len, text.splitlines())) <= 80
    assert "-> look at the host" in text
    assert text.endswith("2 checks: 1 passed, 1 failed\n")


def test_hosts_that_have_the_same_to_say_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [msgspec.structs.replace(ROWS[0], host=f"cp{number}") for number in range(1, 10)]
    text = printed(capsys, "test-cluster", Outcome(rows=(*rows, ROWS[1])))[0]
    assert text.count("FilesOnHost") == 1
    assert all(f"cp{number}" in text for number in range(1, 10))
    assert text.endswith("10 checks: 9 passed, 1 failed\n")


def test_rows_of_a_test_are_the_array(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = printed(capsys, "test-cluster", Outcome(rows=ROWS), "json")
    assert [row["TestName"] for row in json.loads(out)] == ["FilesOnHost", "HostUnreachable"]
    assert err == ""
    assert json.loads(printed(capsys, "test-host", Outcome(), "json")[0]) == []


def test_a_failed_row_beside_an_object_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output holds the object alone, so that a program can read it."""
    out, err = printed(capsys, "new-cluster", Outcome(objects=({"Name": "demo"},), single=True, rows=ROWS), "json")
    assert json.loads(out) == {"Name": "demo"}
    assert err.startswith("Failed: cp2 HostUnreachable: no answer") and err.endswith("-> look at the host\n")


def test_a_verb_without_a_result_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("table", "json", "yaml"):
        assert printed(capsys, "remove-cluster-network", Outcome(notes=("gone",)), form) == ("", "note: gone\n")


def test_hosts_for_which_the_same_happens_share_a_heading_and_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    def host(name: str, diff: str) -> HostPlan:
        file = FileChange(
            path="/etc/crictl.yaml",
            change="change",
            mode="0644",
            owner="root:root",
            sha256_before="0" * 64,
            sha256_after="1" * 64,
            diff=diff,
        )
        return HostPlan(name=name, wave=1, files=(file,))

    hosts = (host("w1", "-a\n+b\n"), host("w2", "-a\n+b\n"), host("w3", "-c\n+b\n"))
    text = printed(capsys, "new-cluster", Outcome(plan=Plan(verb="v", objects=(), addresses=(), hosts=hosts)))[0]
    assert text.count("  w1, w2, w3\n") == 1
    assert text.count("w1, w2 /etc/crictl.yaml\n-a\n+b\n") == 1
    assert text.count("w3 /etc/crictl.yaml\n-c\n+b\n") == 1


def test_a_plan_shows_hosts_files_differences_and_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    long_line = "+bind " + "x" * 100
    file = FileChange(
        path="/etc/haproxy/haproxy.cfg",
        change="change",
        mode="0644",
        owner="root:root",
        sha256_before="0" * 64,
        sha256_after="1" * 64,
        diff=f"--- old\n+++ new\n@@ -1 +1 @@\n-global\n{long_line}\n",
    )
    host = HostPlan(
        name="lb1", wave=2, files=(file,), steps=(PlanStep(id="haproxy", title="check and reload HAProxy"),)
    )
    plan = Plan(
        verb="new-cluster", hash="ab" * 32, objects=("cluster/demo",), addresses=(), late=("ca",), hosts=(host,)
    )
    text = printed(capsys, "new-cluster", Outcome(plan=plan))[0]
    assert text.splitlines() == [
        "Wave 2",
        "  lb1",
        "    ~ /etc/haproxy/haproxy.cfg",
        "    * check and reload HAProxy",
        "Filled in during the run: ca",
        "",
        "lb1 /etc/haproxy/haproxy.cfg",
        "--- old",
        "+++ new",
        "@@ -1 +1 @@",
        "-global",
        long_line,
        "",
        "Plan: 1 host, 0 files to add, 1 to change, 0 to remove",
        f"Hash: {plan.hash}",
    ]
    asked = json.loads(printed(capsys, "new-cluster", Outcome(plan=plan), "json")[0])
    assert (asked["hash"], asked["hosts"][0]["files"][0]["sha256After"]) == (plan.hash, "1" * 64)
