"""What a run that has ended well says of its cluster."""

from __future__ import annotations

import pytest

from aksprov.model.cluster import ClusterStatus
from aksprov.workflows.cluster_run import state_after

STARTED = ClusterStatus(state="Deployed", started=True)
CUT_OFF = ClusterStatus(state="Scaling", started=True)  # a run ended before all nodes had joined


@pytest.mark.parametrize(
    ("before", "starting", "state"),
    [
        (ClusterStatus(), False, "Configured"),
        (ClusterStatus(), True, "Deployed"),
        (STARTED, False, "Deployed"),
        (CUT_OFF, True, "Deployed"),
        (CUT_OFF, False, "Pending"),
    ],
)
def test_a_cluster_is_deployed_only_when_all_its_nodes_have_joined(
    before: ClusterStatus, starting: bool, state: str
) -> None:
    assert state_after(before, starting=starting)[0] == state
