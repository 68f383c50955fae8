"""What is said of a node that has joined, from what the API server has of it."""

from __future__ import annotations

import pytest
from sample_cluster import desired, windows_cluster

from aksprov.planning.bring_up import secret_values
from aksprov.workflows.bring_up.wait_ready import node_row, read_nodes

LINES = "w1\tTrue\tkubelet is posting ready status\nw2\tFalse\tnetwork plugin is not ready\nw3\n"


@pytest.mark.parametrize(
    ("name", "windows", "result", "details"),
    [
        ("w1", False, "Passed", "the node is Ready"),
        ("w1", True, "Passed", "the node is Ready"),
        ("w2", True, "Failed", "network plugin is not ready"),
        ("w3", True, "Failed", ""),
        ("w4", False, "Failed", "the API server has no such node"),
        ("w4", True, "Skipped", "the API server has no such node"),
    ],
)
def test_a_windows_node_that_cannot_be_seen_is_skipped_and_never_passed(
    name: str, windows: bool, result: str, details: str
) -> None:
    row = node_row(name, read_nodes(LINES), "demo", windows=windows)
    assert (row.test_result, row.details) == (result, details)
    assert bool(row.recommendation) == (result != "Passed")


def test_the_plan_names_what_is_secret_and_comes_to_be_in_the_run() -> None:
    assert secret_values(windows_cluster()) == ("join-token", "certificate-key", "account-tokens")
    assert secret_values(desired(control_planes=1)) == ("join-token",)
